"""The stand-in answers as a running Central did, quirks included."""

import re

import pytest
import requests

from tests.standin_central import StandInCentral
from tools import problems

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LOGIN = {"email": "viewer@example.org", "password": "right horse"}
TABLE = "/v1/projects/1/forms/addresses.svc/Submissions"


@pytest.fixture(scope="module")
def process():
    central = StandInCentral(problems.free_port(28_900), "test-standin-central")
    central.start()
    yield central
    central.stop()


@pytest.fixture
def central(process):
    process.reset()
    return process


class Viewer:
    """A web user of Central."""

    def __init__(self, central):
        self.url = central.url
        self.session = requests.Session()
        self.session.trust_env = False
        answer = self.session.post(f"{self.url}/v1/sessions", json=LOGIN, timeout=10)
        self.token = answer.json()["token"]
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path=TABLE, **parameters):
        named = {f"${name}": value for name, value in parameters.items()}
        return self.session.get(self.url + path, params=named, timeout=10)

    def rows(self, **parameters):
        return self.get(**parameters).json()["value"]

    def ids(self, **parameters):
        return [row["__id"] for row in self.rows(**parameters)]


@pytest.fixture
def viewer(central):
    return Viewer(central)


@pytest.fixture
def ids(central):
    """Five submissions, the oldest first."""
    # Their dates differ however fast they are sent.
    return [central.do("submit", data={"n": n}, late=5.0 - n) for n in range(5)]


# === SESSIONS === #


def test_wrong_password_and_ended_sessions(central, viewer):
    wrong = {**LOGIN, "password": "wrong"}
    assert requests.post(f"{central.url}/v1/sessions", json=wrong).status_code == 401
    assert viewer.get("/v1/projects").status_code == 200
    gone = viewer.session.delete(f"{central.url}/v1/sessions/{viewer.token}")
    assert gone.status_code == 200
    answer = viewer.get("/v1/projects")
    assert (answer.status_code, answer.json()["code"]) == (401, "401.2")


def test_the_current_session_ends_itself(central, viewer):
    viewer.session.delete(f"{central.url}/v1/sessions/current")
    assert viewer.get("/v1/projects").status_code == 401


def test_with_single_sign_on_there_is_no_login_with_a_password(central, viewer):
    def statuses():
        url = f"{central.url}/v1"
        login = requests.post(f"{url}/sessions", json=LOGIN)
        elsewhere = requests.get(f"{url}/oidc/login", allow_redirects=False)
        return login.status_code, elsewhere.status_code

    assert statuses() == (200, 404)
    central.do("let_sign_on")
    assert statuses() == (404, 307)


# === ORDER AND PAGES === #


def test_newest_first_and_everything_without_top(viewer, ids):
    answer = viewer.get().json()
    assert [row["__id"] for row in answer["value"]] == ids[::-1]
    assert "@odata.nextLink" not in answer


def test_next_link_keeps_the_question_and_names_another_host(central, viewer, ids):
    first = viewer.get(top=2, count="true", expand="*").json()
    assert first["@odata.count"] == 5
    link = first["@odata.nextLink"]
    assert not link.startswith(central.url)
    assert {"%24expand=%2A", "%24count=true"} < set(re.split("[?&]", link))
    assert "skiptoken=01" in link
    path = link[link.index("/v1/") :]
    second = viewer.session.get(central.url + path).json()
    assert [row["__id"] for row in second["value"]] == ids[2:0:-1]


def test_an_order_offers_a_token_it_refuses(central, viewer, ids):
    order = "__system/submissionDate asc"
    first = viewer.get(orderby=order, top=2).json()
    assert [row["__id"] for row in first["value"]] == ids[:2]
    link = first["@odata.nextLink"]
    answer = viewer.session.get(central.url + link[link.index("/v1/") :])
    assert (answer.status_code, answer.json()["code"]) == (501, "501.1")
    assert viewer.ids(orderby=order, top=2, skip=2) == ids[2:4]


def test_a_token_of_what_is_deleted_works_and_of_what_is_purged_does_not(
    central, viewer, ids
):
    link = viewer.get(top=2).json()["@odata.nextLink"]
    path = link[link.index("/v1/") :]
    central.do("delete", instance_id=ids[3])
    rows = viewer.session.get(central.url + path).json()["value"]
    assert [row["__id"] for row in rows] == ids[2:0:-1]
    central.do("purge", instance_id=ids[3])
    answer = viewer.session.get(central.url + path)
    assert (answer.status_code, answer.json()["value"]) == (200, [])


def test_counting_alone(viewer, ids):
    answer = viewer.get(top=0, count="true").json()
    assert (answer["value"], answer["@odata.count"]) == ([], 5)


# === FILTERS === #


def test_what_can_be_filtered_by(viewer, ids):
    stamp = viewer.rows()[2]["__system"]["submissionDate"]
    assert viewer.ids(filter=f"__system/submissionDate gt {stamp}") == ids[:2:-1]
    assert viewer.ids(filter=f"__id eq '{ids[1]}'") == [ids[1]]
    assert len(viewer.ids(filter="__system/reviewState ne 'rejected'")) == 5
    text = f"not (__id eq '{ids[0]}' or __id eq '{ids[1]}') and __id ne '{ids[2]}'"
    assert viewer.ids(filter=text) == ids[:2:-1]
    assert viewer.get(filter="payment/phone eq '1'").json()["code"] == "501.5"
    assert viewer.get(filter="__system/updatedAt ge yesterday").status_code == 500
    assert viewer.get(select="__id", expand="*").json()["code"] == "501.11"


# === ROWS === #


def test_rows_look_as_central_writes_them(central, viewer):
    data = {"group": {"a": None}, "people": [], "n": " "}
    one = central.do("submit", data=data, expected=2)
    (row,) = viewer.rows(expand="*")
    assert (row["__id"], row["group"], row["n"]) == (one, {"a": None}, " ")
    assert "people" not in row and "people@odata.navigationLink" in row
    # The form asks ODK for no name of the submission.
    assert row["meta"] == {"instanceID": one}
    system = row["__system"]
    assert STAMP.fullmatch(system["submissionDate"])
    assert (system["updatedAt"], system["edits"]) == (None, 0)
    assert isinstance(system["submitterId"], str)


def test_entries_of_a_repeat_have_ids_of_where_they_stand(central, viewer):
    def entries():
        (row,) = viewer.rows(expand="*")
        return row["people"]

    data = {"people": [{"given-name": "Asha"}, {"given-name": "Juma", "ids": [{}]}]}
    one = central.do("submit", data=data)
    first, second = entries()
    assert (first["given_name"], second["given_name"]) == ("Asha", "Juma")
    assert first["__id"] != second["__id"] != second["ids"][0]["__id"]
    central.do("edit", instance_id=one, data={"people": data["people"][1:]})
    (only,) = entries()
    assert (only["given_name"], only["__id"]) == ("Juma", first["__id"])


def test_encrypted_ones_have_no_answers(central, viewer):
    central.do("submit", data={"n": 1}, encrypted=True)
    (row,) = viewer.rows(expand="*")
    assert row["__system"]["status"] == "notDecrypted"
    assert set(row) == {"__id", "__system"}


# === WHAT MOVES WHICH DATE === #


def dates(viewer, one):
    text = f"__id eq '{one}' and __system/deletedAt ne 'x'"
    (row,) = viewer.rows(filter=text)
    names = ("submissionDate", "updatedAt", "deletedAt")
    return [row["__system"][name] for name in names]


def test_edits_and_reviews_move_updated_at(central, viewer, ids):
    before = dates(viewer, ids[0])
    central.do("edit", instance_id=ids[0], data={"n": 9})
    (row,) = viewer.rows(filter=f"__id eq '{ids[0]}'")
    assert row["__system"]["reviewState"] == "edited"
    assert row["__system"]["edits"] == 1
    assert row["meta"]["instanceID"] != row["__id"] == ids[0]
    assert row["__system"]["submissionDate"] == before[0]
    assert row["__system"]["updatedAt"]
    central.do("review", instance_id=ids[1], state="approved")
    assert dates(viewer, ids[1])[1]


def test_files_move_nothing(central, viewer, ids):
    before = dates(viewer, ids[0])
    central.do("attach", instance_id=ids[0])
    assert dates(viewer, ids[0]) == before
    assert viewer.rows()[-1]["__system"]["attachmentsPresent"] == 1


def test_deleted_ones_are_shown_to_who_asks_and_come_back_with_old_dates(
    central, viewer, ids
):
    before = dates(viewer, ids[0])
    central.do("delete", instance_id=ids[0])
    assert ids[0] not in viewer.ids()
    assert viewer.get(f"{TABLE}('{ids[0]}')").status_code == 404
    after = dates(viewer, ids[0])
    assert after[:2] == before[:2] and after[2]
    assert central.do("submit", instance_id=ids[0]) is None, "its ID stays taken"
    central.do("restore", instance_id=ids[0])
    assert dates(viewer, ids[0]) == before
    assert viewer.get(f"{TABLE}('{ids[0]}')").status_code == 200


# === DRAFTS === #


def test_what_is_only_a_draft_is_hidden_from_viewers_and_has_no_feed(central, viewer):
    central.do("add_form", xml_form_id="new", draft=True)
    path = "/v1/projects/1/forms"

    def statuses():
        ways = ("", "/fields", ".svc/Submissions", ".xml")
        return [viewer.get(f"{path}/new{way}").status_code for way in ways]

    def listed():
        return [form["xmlFormId"] for form in viewer.get(path).json()]

    assert statuses() == [403, 403, 404, 403]
    assert listed() == ["addresses"]
    central.do("let_manage")
    assert statuses() == [200, 200, 404, 404]
    assert listed() == ["addresses", "new"]
    assert viewer.get(f"{path}/new").json()["publishedAt"] is None
    central.do("publish", version="1", fields=[question("/a")], xml_form_id="new")
    assert statuses() == [200, 200, 200, 404]


# === FAULTS === #


def test_faults_are_counted(central, viewer, ids):
    central.arm({"kind": "status", "code": 503, "path": ".svc", "count": 2})
    codes = [viewer.get().status_code for _time in range(3)]
    assert codes == [503, 503, 200]
    assert central.state()["fired"] == {"status": 2}


# === IDS AND NAMES === #


def test_a_single_read_finds_only_plain_ids(central, viewer):
    for one, status in (("uuid:aB-1", 200), ("a.b", 404), ("a b", 404), ("é", 404)):
        central.do("submit", instance_id=one)
        assert viewer.get(f"{TABLE}('{one}')").status_code == status
        assert one in viewer.ids()
        assert viewer.ids(filter=f"__id eq '{one}'") == [one]
    central.do("submit", instance_id="o'neill")
    assert "o'neill" in viewer.ids()


def test_an_id_is_kept_as_it_is_written_in_xml(central, viewer):
    """So it cannot be found again under the ID that the phone shows."""
    assert central.do("submit", instance_id="a&b<c") == "a&amp;b&lt;c"
    (row,) = viewer.rows()
    assert (row["__id"], row["meta"]["instanceID"]) == ("a&amp;b&lt;c", "a&b<c")
    assert not viewer.ids(filter="__id eq 'a&b<c'")
    assert viewer.ids(filter="__id eq 'a&amp;b&lt;c'") == ["a&amp;b&lt;c"]


def test_two_keys_of_an_order_and_a_filter_by_both(central, viewer):
    for one in ("b", "c", "a"):
        central.do("submit", instance_id=one)
    central.do("review", instance_id="c", state="approved")
    order = "__system/reviewState asc,__id desc"
    assert viewer.ids(orderby=order) == ["b", "a", "c"]
    assert viewer.ids(orderby=order, top=1, skip=1) == ["a"]
    dates = {r["__id"]: r["__system"]["submissionDate"] for r in viewer.rows()}
    # On a fast machine several submissions have the same date.
    same = {one for one, date in dates.items() if date == dates["a"]}
    text = f"__system/submissionDate eq {dates['a']} and __id gt "
    assert set(viewer.ids(filter=f"{text}'Z'")) == same
    assert set(viewer.ids(filter=f"{text}'a'")) == same - {"a"}


def question(path, type_="string"):
    return {"path": path, "name": path.rpartition("/")[2], "type": type_}


def test_names_that_become_one_have_their_answers_run_together(central, viewer):
    fields = [question("/ሀ"), question("/ለ"), question("/acct-no"), question("/1st")]
    central.do("publish", version="2", fields=fields)
    central.do("submit", data={"ሀ": "12", "ለ": "34", "acct-no": "5", "1st": "6"})
    (row,) = viewer.rows()
    assert (row["__"], row["acct_no"], row["_1st"]) == ("1234", "5", "6")
    assert row["__system"]["formVersion"] == "2"
    path = "/v1/projects/1/forms/addresses/fields"
    answer = viewer.session.get(f"{viewer.url}{path}", params={"odata": "true"})
    assert [q["path"] for q in answer.json()] == ["/__", "/__", "/acct_no", "/_1st"]
    # Mended, older submissions are listed without the question that is gone.
    central.do("publish", version="3", fields=[fields[0], *fields[2:]])
    (row,) = viewer.rows()
    assert (row["__"], row["__system"]["formVersion"]) == ("12", "2")


def test_a_new_question_is_in_every_submission(central, viewer):
    central.do("submit", data={"a": "1"})
    fields = [question("/a"), question("/g", "structure"), question("/g/b")]
    central.do("publish", version="2", fields=[*fields, question("/r", "repeat")])
    (row,) = viewer.rows(expand="*")
    assert (row["a"], row["g"]) == ("1", {"b": None})
    assert "r" not in row
    assert row["__system"]["formVersion"] == "1"


def test_repeats_that_become_one_have_their_entries_put_together(central, viewer):
    central.do("submit", data={"ሀ": [{"n": "1"}], "ለ": [{"n": "2"}]})
    (row,) = viewer.rows(expand="*")
    assert [entry["n"] for entry in row["__"]] == ["1", "2"]
    assert len({entry["__id"] for entry in row["__"]}) == 2
