from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.g2p_spar_financial_address.toolkit.urls import is_secure

from ..asking import asking, names_for
from ..central import errors

ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"


class G2pOdkServer(models.Model):
    """An ODK Central that forms are fetched from.

    Its password is in no field of this or any other model: it is read from a file or a
    variable on the server each time it is needed, by functions outside of the models.
    """

    _name = "g2p.odk.server"
    _description = "ODK Central server"
    _inherit = ["g2p.fa.audited"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    base_url = fields.Char(
        "Address",
        required=True,
        tracking=True,
        help="Where Central is opened in a browser, such as https://odk.example.org.",
    )
    email = fields.Char(
        "User",
        required=True,
        tracking=True,
        help="The e-mail address of a web user of Central who may view the projects. "
        "The role Project Viewer is enough.",
    )
    password_source = fields.Selection(
        [("file", "A file on the server"), ("environment", "An environment variable")],
        string="Password kept in",
        required=True,
        default="file",
        tracking=True,
    )
    password_path = fields.Char(
        "Password file",
        groups=ADMINISTRATOR,
        help="A file on the server, readable by Odoo only, that holds nothing but the "
        "password. Its name is that of Central's host and .odk-password.",
    )
    password_variable = fields.Char(
        "Variable",
        groups=ADMINISTRATOR,
        help="The name of the environment variable: ODK_ and Central's host in capital "
        "letters, with _ for each dot and __ for every other sign.",
    )
    page_size = fields.Integer(
        "Submissions at a time", default=500, required=True, help="In one answer."
    )
    answer_timeout = fields.Float(
        default=60.0, required=True, help="Seconds for a whole answer to arrive."
    )
    form_ids = fields.One2many("g2p.odk.form", "server_id", string="Forms")

    _page_size_fits = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 5000)",
        "From 1 to 5,000 submissions can be fetched at a time.",
    )
    _answer_timeout_fits = models.Constraint(
        "CHECK(answer_timeout BETWEEN 1 AND 600)",
        "An answer may take from 1 to 600 seconds.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("base_url")
    def _check_base_url(self):
        for server in self:
            if not is_secure(server.base_url):
                raise ValidationError(
                    self.env._(
                        "Central's address begins with https:// and holds neither a "
                        "user nor a password."
                    )
                )
            if not any(names_for(server.base_url)):
                raise ValidationError(
                    self.env._(
                        "Write Central's host in plain letters. As it is sent, an "
                        "international name begins with xn--."
                    )
                )

    @api.constrains("base_url", "password_source", "password_path", "password_variable")
    def _check_password_place(self):
        """Refuse the name of another host's password: it would be sent to this one."""
        for server in self.sudo():
            file_name, variable = names_for(server.base_url)
            if not variable:
                # The rule of addresses says so.
                continue
            if server.password_source == "file":  # nosec B105  # a choice
                path = Path(server.password_path or "")
                if not path.is_absolute() or path.name != file_name:
                    raise ValidationError(
                        self.env._(
                            "The password file is given with its whole path, and its "
                            "name is %s.",
                            file_name,
                        )
                    )
            elif server.password_variable != variable:
                raise ValidationError(
                    self.env._("The variable's name is %s.", variable)
                )

    # === ACTION METHODS === #

    def action_test(self):
        """Log in to Central and report what the user can see there.

        :raise AccessError: when the user is no administrator
        :raise UserError: with the problem and what to do about it
        """
        self.check_access("write")
        self.ensure_one()
        with asking(self) as client:
            projects = client.projects()
        if not projects:
            raise UserError(
                self.env._(
                    "Central let %s in, but shows no project. Make them a viewer of "
                    "the project there.",
                    self.email,
                )
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Central let us in. Projects seen: %s.", len(projects)
                ),
            },
        }

    def action_pick_forms(self):
        """Open the list of forms that Central has, to choose from.

        :raise AccessError: when the user is no administrator
        """
        self.check_access("write")
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_odk_spar_mapping.g2p_odk_form_pick_action"
        )
        return {**action, "context": {"default_server_id": self.id}}

    # === WORDS === #

    def _worded(self, trouble):
        """Return the problem, in words, and what to do about it.

        :param ~..central.errors.CentralError trouble: the problem
        """
        texts = {
            errors.UNREACHABLE: self.env._(
                "Central cannot be reached. Check the address and that Central is "
                "running."
            ),
            errors.UNTRUSTED: self.env._(
                "Central's certificate is not trusted. Have it renewed, or its "
                "authority made known to this server."
            ),
            errors.BUSY: self.env._(
                "Central answers with an error of its own. It is tried again later."
            ),
            errors.CUT: self.env._(
                "Central's answer broke off or took too long. It is tried again later."
            ),
            errors.TOO_LARGE: self.env._(
                "Central's answer is too large. Fetch fewer submissions at a time."
            ),
            errors.GARBLED: self.env._(
                "The server at this address does not answer like ODK Central. Check "
                "the address."
            ),
            errors.INCOMPLETE: self.env._(
                "Central returned fewer submissions than it has. The next run reads "
                "everything again."
            ),
            errors.CREDENTIALS: self.env._(
                "Central refused the user or the password. Check both."
            ),
            errors.FORBIDDEN: self.env._(
                "Central lets this user see no submissions. Make them a viewer of the "
                "project there."
            ),
            errors.MISSING: self.env._(
                "Central has no such project or form, or this user may not see it."
            ),
            errors.UNPUBLISHED: self.env._(
                "The form is only a draft. It is not published yet: publish it in "
                "Central, then its questions and submissions can be read."
            ),
            errors.NO_LOGIN: self.env._(
                "Login with a password is not possible there: the address is not "
                "Central's, or its users log in through another service, which "
                "programs cannot use."
            ),
            errors.SIGN_ON: self.env._(
                "This Central has single sign-on. It takes passwords of no user, and "
                "programs cannot sign in. Collect with a Central that has logins with "
                "a password."
            ),
            errors.REDIRECTED: self.env._(
                "This address leads on to another one. Give the one it leads to."
            ),
            errors.REFUSED: self.env._(
                "Central refused the question (%s). Its version may be too old.",
                trouble.status,
            ),
        }
        return texts[trouble.code]
