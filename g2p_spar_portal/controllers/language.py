from odoo.http import request

from .agent import AgentPortal, agent_route
from .frame import languages, show


class LanguagePortal(AgentPortal):
    """The language an agent reads these pages in."""

    @agent_route("/my/people/language", methods=["GET"])
    def language(self, **_others):
        """Show the languages of the registry."""
        values = {
            "heading": request.env._("Language"),
            "languages": languages(),
            "form_token": self._new_token(),
        }
        return show("language", values)

    @agent_route("/my/people/language", kind="write", methods=["POST"])
    def choose_language(self, **_posted):
        """Store the agent's language; it is also that of their e-mails."""
        code = self._posted(("lang",)).get("lang")
        if code not in dict(languages()):
            raise self._unreadable()
        request.env.user.write({"lang": code})
        request.session.context = {**request.session.context, "lang": code}
        return request.redirect("/my/people", code=303)
