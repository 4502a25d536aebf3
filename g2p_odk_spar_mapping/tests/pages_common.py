from ..central.client import CentralClient
from .common import OdkCase


class Killed(BaseException):
    """The process was killed: nothing in the addon catches it."""


class PagesCase(OdkCase):
    """Runs that are killed or stopped at a page. What is applied is only noted."""

    def setUp(self):
        super().setUp()
        self.applied = []
        applied = self.applied

        def apply_(submissions):
            for one in submissions:
                applied.append(one.instance_id)
                one.write({"state": "applied", "applied_version": one.version})

        self.patch(type(self.env["g2p.odk.submission"]), "_apply", apply_)

    def submit_in_order(self, count, apart=60, **options):
        """Submit some, so many seconds apart, the last one now; return their IDs."""
        return [
            self.submit(number, late=float(apart) * (count - number), **options)
            for number in range(1, count + 1)
        ]

    def run_killed_at(self, pages):
        """Do one run that is killed when it asks for a further page; return it."""
        self.before_page(pages, Killed)
        try:
            self.form._pull()
        except Killed:
            self.env.invalidate_all()
        return self.form.run_ids[:1]

    def before_page(self, pages, event):
        """Let something happen once, before the question for a page.

        :param int pages: how many are asked for before
        :param event: called, or raised
        """
        asked = [pages]
        original = CentralClient.page

        def page(client, *arguments):
            asked[0] -= 1
            if asked[0] == -1:
                if isinstance(event, type):
                    raise event
                event()
            return original(client, *arguments)

        self.patch(CentralClient, "page", page)
