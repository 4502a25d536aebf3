"""Where SPAR tells which banks and wallet operators there are."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..spar import directory
from ..spar.keys import KeyProblem
from ..spar.transport import NoAnswer, NotSent, Transport

#: A person waits for it, so it is given up soon.
CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    directory_url = fields.Char(
        string="Address of the directory",
        help="Where SPAR 2.x tells which banks, branches and wallet operators it "
        "knows. That is its beneficiary portal, not its mapper. /dfsp/fetch-banks and "
        "the like are added.",
    )

    @api.constrains("directory_url")
    def _check_directory_url(self):
        for connection in self.filtered("directory_url"):
            connection._check_server_address(connection.directory_url)

    def action_refresh_directory(self):
        """Open the dialog that fetches SPAR's directory.

        :raise AccessError: when the user is no SPAR manager
        """
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refresh providers from SPAR"),
            "res_model": "g2p.spar.directory.refresh",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_connection_id": self.id},
        }

    def _fetch_directory(self):
        """Return what SPAR's directory holds.

        :rtype: ..spar.directory.Directory
        :raise UserError: with what is wrong and what to do about it
        """
        connection = self.sudo()
        connection.ensure_one()
        connection._refuse_copies()
        try:
            limits = CONNECT_TIMEOUT, ANSWER_TIMEOUT
            transport = Transport(connection._http(connection.directory_url, limits))
        except KeyProblem as problem:
            raise UserError(connection._key_problem_text(problem)) from None
        try:
            return directory.fetch(transport, connection.sender_id)
        except (NotSent, NoAnswer, directory.DirectoryProblem) as problem:
            raise UserError(self._directory_problem_text(problem.code)) from None
        finally:
            transport.close()

    def _directory_problem_text(self, code):
        texts = {
            "http.404": self.env._(
                "There is no directory at this address. It is on SPAR's beneficiary "
                "portal, not on its mapper: ask SPAR's operator for the portal's "
                "address."
            ),
            "answer.unreadable": self.env._(
                "What answered is not SPAR's directory, or a version we do not know. "
                "Check the address."
            ),
            "answer.refused": self.env._(
                "SPAR refused to tell its directory. Ask SPAR's operator why."
            ),
            "answer.lost": self.env._(
                "SPAR did not answer within %s seconds. Try again later.",
                int(ANSWER_TIMEOUT),
            ),
            "connect.untrusted": self.env._(
                "The server's certificate is not trusted. Check the address, and the "
                "certificates to trust of the connection."
            ),
        }
        return texts.get(code) or self.env._(
            "SPAR's directory could not be asked (%(code)s). Check the address and "
            "that SPAR is running.",
            code=code,
        )
