import json

from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.g2p_spar_financial_address.const import VALUE_FIELD

from ..models.g2p_portal_registration import FORM_STEPS, STEPS, is_reference
from ..registration_payment import PARTS, FirstPaymentForm, names_of
from .agent import AgentPortal, Refused, agent_route
from .frame import show

#: Characters of a field that are kept, far more than any field allows. Values too long
#: for their field get a message; longer ones than this are sent by no form of ours.
MAX_TYPED = 1000

#: Fields that the parts of the payment step may send, for all types.
_PAYMENT_NAMES = {
    name for fa_type in VALUE_FIELD for name in names_of("details", fa_type)
}


class RegistrationPortal(AgentPortal):
    """Registering a person in steps, on a network that fails at times.

    Each step is a form. Every button saves the typed values first; "Next" then leads to
    the next step only if they are valid. Loading a page again or sending a form again
    has no further effect.
    """

    # === UNFINISHED ONES === #

    @agent_route("/my/register", methods=["GET"])
    def registration_list(self, **_others):
        """Show the agent's unfinished registrations, and the button to begin."""
        settings = request.env["g2p.fa.settings"].cached_values()
        return show(
            "registrations",
            {
                "heading": request.env._("Register a person"),
                "registrations": self._registrations()._find_open(),
                "days": settings["registration_days"],
                "form_token": self._new_token(),
            },
        )

    @agent_route("/my/register/new", kind="write", methods=["POST"])
    def registration_new(self, **_posted):
        """Begin a registration.

        :raise Refused: with status 409 when too many are unfinished
        """
        registration = self._begin(self._posted(()))
        return self._see(registration._path() if registration else "/my/register")

    @agent_route(
        "/my/register/<string:reference>/discard", kind="write", methods=["POST"]
    )
    def registration_discard(self, reference, **_posted):
        """Discard a registration and erase its values."""
        self._posted(())
        self._registration(reference)._close("discarded")
        return self._see("/my/register")

    # === STEPS === #

    @agent_route(
        f"/my/register/<string:reference>/<any({','.join(STEPS)}):step>",
        methods=["GET"],
    )
    def registration_step(self, reference, step, ask="", **_others):
        """Show a step with its values, or the first step that is not complete.

        :param str ask: ``type`` or ``provider``, to choose another one
        """
        registration = self._registration(reference)
        if registration.state == "finished":
            return self._see_person(registration)
        first = registration._first_undone()
        if STEPS.index(step) > STEPS.index(first):
            return self._see(registration._path(first))
        values = self._shown(registration, step)
        shown = getattr(self, f"_shown_{step}")
        values.update(shown(registration, ask))
        return show(f"registration_{step}", values)

    @agent_route(
        f"/my/register/<string:reference>/<any({','.join(FORM_STEPS)}):step>",
        kind="write",
        methods=["POST"],
    )
    def registration_save(self, reference, step, **_posted):
        """Save the typed values, valid or not, and redirect to the next page."""
        registration = self._registration(reference)
        action, part, typed = self._posted_step(registration, step)
        if registration.state == "finished":
            return self._see_person(registration)
        if step == "identity":
            self._limit_ids(registration, typed)
        registration._save(step, {**registration._values(step), **typed})
        if action == "next":
            return self._go_on(registration, step, part)
        return self._go_elsewhere(registration, step, action)

    @agent_route(
        "/my/register/<string:reference>/review", kind="write", methods=["POST"]
    )
    def registration_submit(self, reference, **_posted):
        """Register the person, or go back to a step."""
        registration = self._registration(reference)
        posted = self._posted(("action", "revision"))
        if registration.state == "finished":
            return self._see_person(registration)
        if posted.get("action") != "submit":
            return self._go_elsewhere(registration, "review", posted.get("action"))
        if posted.get("revision") != str(registration.revision):
            # It was changed in another window since the review was shown.
            return self._see(registration._path("review"))
        if registration._finish():
            return self._see_person(registration)
        return self._see(registration._path())

    # === WITHOUT NETWORK === #

    @agent_route("/my/register/offline", methods=["GET"])
    def registration_offline(self, **_others):
        """Show the page that phones keep for work without network.

        It has the providers, and no data of people.
        """
        registrations = self._registrations()
        env = request.env(su=True)
        return show(
            "offline",
            {
                "heading": request.env._("Without network"),
                "name_fields": request.env["res.partner"]._portal_name_fields(),
                "labels": {
                    step: registrations._labels(step)
                    for step in ("identity", "contact")
                },
                "forms": [
                    FirstPaymentForm(env, {"fa_type": fa_type})
                    for fa_type in VALUE_FIELD
                ],
                "types": FirstPaymentForm(env, {}).types,
                "typed": {},
                "errors": {},
            },
        )

    @agent_route("/my/register/send", methods=["GET"])
    def registration_may_send(self, **_others):
        """Return a CSRF token, of this session, and who is signed in."""
        return request.make_json_response(
            {"csrf_token": request.csrf_token(), "agent": str(request.env.uid)}
        )

    @agent_route("/my/register/send", kind="write", methods=["POST"])
    def registration_send(self, **_posted):
        """Save what a phone has kept of a registration, and finish it.

        Its key is the registration's reference: sent again, it changes nothing that is
        finished. What is wrong is corrected on the pages, and stays unfinished.
        """
        posted = self._posted(("typed", "finish"))
        steps = self._kept_steps(posted)
        registration = self._begin(posted)
        if not registration:
            return request.make_json_response({"state": "gone"})
        # What was saved before may be corrected since.
        if registration.state == "open" and not registration.revision:
            self._limit_ids(registration, steps.get("identity", {}))
            for step, typed in steps.items():
                registration._save(step, typed)
            # Only all that was looked at on the phone is entered.
            if posted.get("finish") and steps.keys() == {*FORM_STEPS}:
                registration._go_to("review")
                if registration._first_undone() == "review":
                    registration._finish()
        return request.make_json_response(self._sent(registration))

    def _sent(self, registration):
        """Return the state of a registration that a phone has sent."""
        answer = {"state": registration.state}
        if registration.state == "open":
            answer["path"] = registration._path()
        elif person := registration.partner_id:
            answer["path"] = f"/my/people/{person.id}"
        return answer

    def _kept_steps(self, posted):
        """Return what a phone has kept, by step and field.

        :raise Refused: with status 400 for what no script of ours sends
        """
        try:
            steps = json.loads(posted.get("typed", ""))
        except ValueError:
            raise self._unreadable() from None
        if not isinstance(steps, dict) or not steps.keys() <= {*FORM_STEPS}:
            raise self._unreadable()
        return {
            step: self._kept_step(step, steps[step])
            for step in FORM_STEPS
            if step in steps
        }

    def _kept_step(self, step, typed):
        if not isinstance(typed, dict):
            raise self._unreadable()
        fa_type = typed.get("fa_type")
        if step != "payment":
            names = self._registrations()._labels(step)
        elif isinstance(fa_type, str) and fa_type in VALUE_FIELD:
            names = names_of("details", fa_type)
        else:
            names = names_of("type", fa_type)
        odd = any(
            not isinstance(text, str) or len(text) > MAX_TYPED or "\0" in text
            for text in typed.values()
        )
        if odd or not typed.keys() <= {*names}:
            raise self._unreadable()
        return {name: typed.get(name, "") for name in names}

    # === WHAT ARRIVES === #

    def _begin(self, posted):
        """Return the registration whose key was posted; it is begun if it is new.

        :raise Refused: with status 409 when too many are unfinished, and 400 for what
            is no key
        """
        key = posted["form_token"]
        if not is_reference(key):
            raise self._unreadable()
        try:
            return self._registrations()._begin(key)
        except UserError as problem:
            raise Refused(
                409, request.env._("Too many are unfinished"), str(problem)
            ) from None

    def _registrations(self):
        return request.env["g2p.portal.registration"]

    def _registration(self, reference):
        """Return one of the agent's own registrations, not a discarded one.

        :raise Refused: with status 404 for every other reference, and 410 for one that
            was discarded
        """
        registration = self._registrations()._find_own(reference)
        if not registration:
            raise Refused(
                404,
                request.env._("Not among your registrations"),
                request.env._(
                    "There is no registration of yours here. Go back to the list and "
                    "choose again."
                ),
            )
        if registration.state == "discarded":
            raise Refused(
                410,
                request.env._("This registration was discarded"),
                request.env._(
                    "The registration was erased. Begin again to register the person."
                ),
            )
        return registration

    def _posted_step(self, registration, step):
        """Return the posted values of a step, by field, and the button pressed.

        :raise Refused: with status 400 for fields that no form of this step sends
        """
        if step == "payment":
            posted = self._posted({"action", "part", *_PAYMENT_NAMES})
            names = self._payment_names(posted)
        else:
            names = tuple(registration._labels(step))
            posted = self._posted(("action", *names))
        if any(len(text) > MAX_TYPED or "\0" in text for text in posted.values()):
            raise self._unreadable()
        # Browsers do not send an unset tick.
        typed = {name: posted.get(name, "") for name in names}
        return posted.get("action", "next"), posted.get("part"), typed

    def _limit_ids(self, registration, typed):
        """Limit how many IDs an agent may try.

        :raise Refused: with status 429, as for all limits
        """
        before = registration._values("identity").get("id_number")
        if typed.get("id_number", "") not in ("", before):
            self._limit("id")

    def _payment_names(self, posted):
        """Return the fields of a part of the payment step.

        :raise Refused: with status 400 for other parts and for other fields
        """
        part, fa_type = posted.get("part"), posted.get("fa_type")
        if part not in PARTS or (part != "type" and fa_type not in VALUE_FIELD):
            raise self._unreadable()
        names = names_of(part, fa_type)
        if not posted.keys() <= {"action", "part", "form_token", *names}:
            raise self._unreadable()
        return names

    # === WHERE THE AGENT IS LED === #

    def _see(self, path):
        """Redirect to another page, so that reloading it sends nothing again."""
        return request.redirect(path, code=303)

    def _see_person(self, registration):
        person = registration.partner_id
        return self._see(f"/my/people/{person.id}?saved=1" if person else "/my/people")

    def _go_on(self, registration, step, part):
        """Redirect to the next step if this one is valid, else back to it."""
        problems = registration._answers(step).problems
        if part:
            asked = names_of(part, registration._payment_form().fa_type)
            problems = {name: problems[name] for name in asked if name in problems}
        if problems:
            registration._set_problems(step, problems)
        elif part in PARTS[:-1] and registration._payment_form().has_address:
            registration._go_to(step)
        elif registration._first_undone() == "review":
            registration._go_to("review")
        else:
            registration._go_to(STEPS[STEPS.index(step) + 1])
        return self._see(registration._path())

    def _go_elsewhere(self, registration, step, action):
        """Redirect from a step to the target of the button, valid or not.

        :raise Refused: with status 400 for a button that does not exist
        """
        if action == "leave":
            registration._go_to(step)
            return self._see("/my/register")
        if action == "back":
            action = STEPS[max(STEPS.index(step) - 1, 0)]
        if action in STEPS:
            registration._go_to(action)
            return self._see(registration._path())
        if step == "payment" and action in PARTS:
            registration._go_to(step)
            return self._see(f"{registration._path()}?ask={action}")
        raise self._unreadable()

    # === WHAT IS SHOWN === #

    def _shown(self, registration, step):
        """Return the values of every step's template."""
        headings = {
            "identity": request.env._("Who is it?"),
            "contact": request.env._("How to reach them"),
            "payment": request.env._("Where to pay them"),
            "review": request.env._("Is everything right?"),
        }
        first = STEPS.index(registration._first_undone())
        return {
            "heading": headings[step],
            "registration": registration,
            "step": step,
            "steps": [
                {
                    "name": name,
                    "label": registration._step_label(name),
                    "done": index < first,
                    "open": index <= first,
                }
                for index, name in enumerate(STEPS)
            ],
            "form_token": self._new_token(),
            "errors": {},
            "labels": {},
        }

    def _shown_form(self, registration, step):
        """Return the values of the template of a step with a form."""
        errors = registration._shown_problems(step)
        if not errors and STEPS.index(registration.step) > STEPS.index(step):
            # The agent was at a later step, and the data changed meanwhile.
            errors = registration._answers(step).problems
        return {
            "typed": registration._values(step),
            "errors": errors,
            "labels": registration._labels(step),
        }

    def _shown_identity(self, registration, _ask):
        shown = self._shown_form(registration, "identity")
        taken = "id_number" in shown["errors"]
        return {
            **shown,
            "name_fields": request.env["res.partner"]._portal_name_fields(),
            "own_person": taken and registration._own_with_this_id(),
        }

    def _shown_contact(self, registration, _ask):
        return self._shown_form(registration, "contact")

    def _shown_payment(self, registration, ask):
        form = registration._payment_form()
        if ask in PARTS:
            form.ask(ask)
        shown = self._shown_form(registration, "payment")
        return {**shown, "form": form, "typed": form.typed, "labels": form.labels}

    def _shown_review(self, registration, _ask):
        return {"sections": registration._review()}
