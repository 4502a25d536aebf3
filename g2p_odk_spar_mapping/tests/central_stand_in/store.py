"""What Central keeps: submissions, and what happens to them."""

import copy
import html
import threading
import uuid
from datetime import datetime, timedelta, timezone


class Store:
    """The submissions of the forms of one project, its users and their sessions.

    :param float skew: seconds by which its clock is ahead of this machine's
    """

    EMAIL, PASSWORD = "viewer@example.org", "right horse"
    PROJECT = 1

    def __init__(self, skew=0.0):
        self.lock = threading.RLock()
        self.skew = skew
        self.frozen = None
        self.forms = {}
        self.tokens = set()
        self.log, self.faults, self.fired = [], [], {}
        self.logins = 0
        # Whether users sign in at another service, and nowhere else.
        self.signs_on = False
        # Whether the user manages the project: only they see what is a draft.
        self.manages = False
        self.add_form("addresses")

    # === CLOCK === #

    def now(self):
        """Return the time by Central's clock."""
        base = self.frozen or datetime.now(timezone.utc)
        return base + timedelta(seconds=self.skew)

    def stamp(self):
        """Return it as Central writes it."""
        return written(self.now())

    # === FORMS === #

    def add_form(
        self, xml_form_id, fields=None, definition=None, draft=False, version="1"
    ):
        """Publish a form.

        :param list fields: as Central tells them; some by default
        :param str definition: the XForm; without one it is refused
        :param bool draft: whether to leave it a draft, until :meth:`publish`
        :param str version: as in its definition
        """
        self.forms[xml_form_id] = {
            "fields": fields or DEFAULT_FIELDS,
            "definition": definition,
            "version": version,
            "published": None if draft else self.stamp(),
            # Paths of the questions it has; None passes over no answer.
            "known": None,
            # Newest last; the number is the order of creation.
            "submissions": {},
            "serial": 0,
            # What was last asked for, so that many pages are told quickly.
            "answered": {},
        }

    def publish(self, version, fields, xml_form_id="addresses"):
        """Publish a new version of a form.

        From now on answers to questions it does not have are left out of every
        submission, whatever version it was made with.

        :param list fields: as Central tells them
        """
        with self.lock:
            known = {question["path"] for question in fields}
            form = self.forms[xml_form_id]
            form.update(fields=fields, version=version, known=known)
            form["published"] = self.stamp()

    def _of(self, instance_id, form="addresses"):
        self.forms[form]["answered"].clear()
        return self.forms[form]["submissions"][instance_id]

    # === WHAT PEOPLE DO === #

    def submit(
        self,
        data=None,
        instance_id=None,
        form="addresses",
        expected=0,
        late=0.0,
        encrypted=False,
        submitter=("11", "Agent 1"),
        device="collect:1",
    ):
        """Send a submission; return its ID.

        :param dict data: the answers
        :param int expected: how many files it names; none has arrived
        :param float late: seconds it takes to become visible after its date was set
        :return: its ID as Central keeps it, or None when the ID is taken (409)
        """
        with self.lock:
            instance_id = as_kept(instance_id or f"uuid:{uuid.uuid4()}")
            kept = self.forms[form]
            if instance_id in kept["submissions"]:
                return None
            kept["answered"].clear()
            kept["serial"] += 1
            moment = self.now() - timedelta(seconds=late)
            kept["submissions"][instance_id] = {
                "id": instance_id,
                "serial": kept["serial"],
                "data": copy.deepcopy(data or {}),
                "version_id": instance_id,
                "submitted": written(moment),
                "updated": None,
                "deleted": None,
                "review": None,
                "edits": 0,
                "expected": expected,
                "present": 0,
                "encrypted": encrypted,
                "submitter": submitter,
                "device": device,
                "form_version": kept["version"],
            }
            return instance_id

    def edit(self, instance_id, data, form="addresses"):
        """Replace the answers."""
        with self.lock:
            one = self._of(instance_id, form)
            one["data"] = copy.deepcopy(data)
            one["edits"] += 1
            one["form_version"] = self.forms[form]["version"]
            one["version_id"] = f"uuid:{uuid.uuid4()}"
            one["review"] = "edited"
            one["updated"] = self.stamp()

    def review(self, instance_id, state, form="addresses"):
        """Set the review state; that looks like an edit."""
        with self.lock:
            one = self._of(instance_id, form)
            one["review"] = state
            one["updated"] = self.stamp()

    def attach(self, instance_id, form="addresses"):
        """Let one more file arrive; no date moves."""
        with self.lock:
            self._of(instance_id, form)["present"] += 1

    def delete(self, instance_id, form="addresses"):
        """Delete it; of its dates only ``deletedAt`` is set."""
        with self.lock:
            self._of(instance_id, form)["deleted"] = self.stamp()

    def restore(self, instance_id, form="addresses"):
        """Bring it back; with its old dates."""
        with self.lock:
            self._of(instance_id, form)["deleted"] = None

    def purge(self, instance_id, form="addresses"):
        """Remove what was deleted for good."""
        with self.lock:
            self.forms[form]["answered"].clear()
            del self.forms[form]["submissions"][instance_id]

    # === THE SESSION === #

    def let_sign_on(self):
        """Let users sign in at another service only, as an administrator sets it up."""
        self.signs_on = True

    def let_manage(self):
        """Give the user a role that also sees what is only a draft."""
        self.manages = True

    def log_in(self, email, password):
        """Return a token, or None."""
        with self.lock:
            if (email, password) != (self.EMAIL, self.PASSWORD):
                return None
            self.logins += 1
            token = uuid.uuid4().hex
            self.tokens.add(token)
            return token

    def expire_sessions(self):
        """Forget all sessions, as after a day."""
        with self.lock:
            self.tokens.clear()

    # === LOADING === #

    def load(self, count, spread=3600.0, form="addresses", data=None):
        """Make many submissions, evenly spread over the seconds until now.

        :param dict data: the answers, with ``{number}`` where each has its own; some
            by default
        """
        with self.lock:
            kept, now = self.forms[form], self.now()
            for number in range(count):
                said = numbered(data, number) if data else answers(number)
                instance_id = self.submit(said, form=form)
                age = timedelta(seconds=spread * (count - number) / count)
                one = kept["submissions"][instance_id]
                one["submitted"] = written(now - age)
            kept["answered"].clear()


def as_kept(instance_id):
    """Return the ID that Central keeps: as it is written in XML, entities included.

    So ``a&b`` cannot be found again under that ID.
    """
    return html.escape(instance_id, quote=False)


def answers(number):
    """Return answers of a registrant with this number."""
    return {
        "registrant": {"id": f"SR-{number}", "given": "Asha", "family": "Juma"},
        "payment": {
            "kind": "mobile_wallet",
            "dfsp": "MC",
            "phone": f"0754{number % 10**6:06d}",
        },
    }


def numbered(data, number):
    """Return answers with a number in the place of ``{number}``."""
    if isinstance(data, dict):
        return {name: numbered(value, number) for name, value in data.items()}
    return data.format(number=number) if data else data


def written(moment):
    """Return a moment as Central writes it: UTC, three decimals."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def question(path, type_="string", **more):
    """Return a question as Central tells it."""
    return {
        "path": path,
        "name": path.rpartition("/")[2],
        "type": type_,
        "binary": None,
        "selectMultiple": None,
        **more,
    }


DEFAULT_FIELDS = [
    question("/registrant", "structure"),
    question("/registrant/id"),
    question("/registrant/given"),
    question("/registrant/family"),
    question("/payment", "structure"),
    question("/payment/kind"),
    question("/payment/dfsp"),
    question("/payment/phone"),
    question("/proof", "binary", binary=True),
    question("/accounts", "repeat"),
    question("/accounts/number"),
    question("/meta", "structure"),
    question("/meta/instanceID"),
]
