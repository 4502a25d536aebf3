"""One registration sent many times at once, with real transactions."""

import threading
from urllib.parse import urlsplit

import pytest
import requests
from lxml import html

AGENT = "g2p_spar_portal.group_field_agent"
TIMES = 6


class Agent:
    """A field agent whose pages are read by a program."""

    def __init__(self, registry, login):
        registry.new_user(login, AGENT)
        self.url = registry.stack.odoo.url
        self.session = requests.Session()
        self.send("/web/login", login=login, password=login)
        self.path = None

    def form(self, path):
        """Return what the first form of a page sends."""
        answer = self.session.get(f"{self.url}{path}", timeout=60)
        forms = html.fromstring(answer.content).forms
        return dict(next(form for form in forms if form.method == "POST").form_values())

    def send(self, path, page=None, **typed):
        """Fill in the form of a page and send it; return where it leads."""
        return self.post(path, {**self.form(page or path), **typed})

    def post(self, path, form):
        answer = self.session.post(
            f"{self.url}{path}", data=form, allow_redirects=False, timeout=60
        )
        assert answer.status_code == 303, answer.status_code
        return urlsplit(answer.headers["Location"]).path

    def begin(self, name, spar_id, number, operator):
        """Fill in a whole registration, but for the last button."""
        first = self.send("/my/register/new", page="/my/register")
        self.path = first.rpartition("/")[0]
        self.fill("identity", name=name, id_number=spar_id)
        self.fill("contact")
        self.fill("payment", fa_type="mobile_wallet")
        self.fill("payment", dfsp_id=str(operator), mobile_number=number)

    def fill(self, step, **typed):
        return self.send(f"{self.path}/{step}", action="next", **typed)

    def review(self):
        """Return what the last button sends."""
        return {**self.form(f"{self.path}/review"), "action": "submit"}

    def submit(self, form):
        return self.post(f"{self.path}/review", form)


def at_once(*functions):
    """Run these at the same moment; return what each of them returns."""
    start = threading.Barrier(len(functions))
    results = [None] * len(functions)

    def run(number, function):
        start.wait()
        results[number] = function()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def people(registry):
    """Return a function that reads the registrants with a SPAR ID."""

    def read(spar_id):
        return registry.rpc.call(
            "res.partner", "search_read", [["spar_id", "=", spar_id]], ["user_id"]
        )

    return read


def test_the_last_button_pressed_many_times_makes_one_registrant(registry, people):
    agent = Agent(registry, "amina")
    agent.begin("Neema Mushi", "P-1", "0754300001", registry.operator)
    form = agent.review()
    places = at_once(*[lambda: agent.submit(form)] * TIMES)
    (person,) = people("P-1")
    assert places == [f"/my/people/{person['id']}"] * TIMES
    of_person = [["partner_id", "=", person["id"]]]
    count = registry.rpc.call("g2p.financial.address", "search_count", of_person)
    assert count == 1


def test_two_agents_with_one_id_make_one_registrant(registry, people):
    agents = [Agent(registry, f"agent_{number}") for number in range(2)]
    forms = []
    for number, agent in enumerate(agents):
        agent.begin("Neema Mushi", "P-2", f"075430001{number}", registry.operator)
        forms.append(agent.review())
    pairs = zip(agents, forms, strict=True)
    places = at_once(*(lambda a=agent, f=form: a.submit(f) for agent, form in pairs))
    (person,) = people("P-2")
    winner = f"/my/people/{person['id']}"
    assert places.count(winner) == 1
    loser = agents[1 - places.index(winner)]
    assert f"{loser.path}/identity" in places
    # Nothing is lost: with another ID it goes through.
    shown = loser.form(f"{loser.path}/identity")
    assert shown["name"] == "Neema Mushi"
    assert loser.fill("identity", id_number="P-3") == f"{loser.path}/review"
    loser.submit(loser.review())
    (person,) = people("P-3")
    log = registry.stack.odoo.process.log.read_text()
    for secret in ("754300010", "754300011"):
        assert secret not in log
