"""Queries of managers to a server: is it a SPAR, which version, its directory."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..spar import detect, directory, partner_api
from ..spar.answers import Item, Outcome
from ..spar.codes import RESOLVE
from ..spar.keys import KeyProblem
from ..spar.transport import NoAnswer, NotSent, Transport

#: Seconds to wait for the directory: short, because a person waits for it.
CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0
#: How long after a switch SPAR may still be reading the certificate of the new key.
NEW_KEY = timedelta(days=1)


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    detected_at = fields.Datetime("Checked on", readonly=True, copy=False)
    detected_text = fields.Text("What was found", readonly=True, copy=False)
    is_unverified = fields.Boolean(
        "Signatures not checked",
        readonly=True,
        copy=False,
        help="SPAR accepted a wrong signature when it was checked last: it does not "
        "check who sends it what.",
    )
    tested_at = fields.Datetime("Tested on", readonly=True, copy=False)
    test_problem = fields.Char(
        "Last test failed", readonly=True, copy=False, help="Empty if it passed."
    )
    tested_key_id = fields.Many2one(
        "g2p.spar.key",
        string="Tested with key",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    is_ready = fields.Boolean(
        "Ready to start",
        compute="_compute_is_ready",
        help="The last test of these settings and this key passed.",
    )
    runner_note = fields.Char(
        compute="_compute_runner_note",
        help="Why wake-ups are not run; empty if they are.",
    )
    directory_url = fields.Char(
        string="Address of the directory",
        help="Where SPAR 2.x tells which banks, branches and wallet operators it "
        "knows. That is its beneficiary portal, not its mapper. /dfsp/fetch-banks and "
        "the like are added.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "state", "place", "link_place", "tested_at", "test_problem", "tested_key_id"
    )
    def _compute_is_ready(self):
        running = self.sudo().search([("state", "=", "running")])
        for connection in self:
            connection.is_ready = (
                connection.state == "draft"
                and connection._has_passed()
                and not connection.key_trouble()
                and not connection._twins_in(running - connection._origin)
            )

    def _has_passed(self):
        """Return whether the last test passed, and was signed with the current key.

        A changed setting has deleted its result.
        """
        key = self.key_id
        passed = self.tested_at and not self.test_problem
        return bool(passed and key and key == self.tested_key_id)

    def _compute_runner_note(self):
        self.runner_note = " ".join(self.runner_texts().values())

    # === CONSTRAINTS === #

    @api.constrains("directory_url")
    def _check_directory_url(self):
        for connection in self.filtered("directory_url"):
            connection._check_server_address(connection.directory_url)

    # === ACTION METHODS === #

    def action_detect(self):
        """Detect the version of SPAR, and whether it accepts the key.

        While the connection is not running, the detected version and form are set.

        :raise UserError: when the key or a certificate cannot be used
        """
        self.check_access("write")
        for connection in self:
            found = connection._detect()
            values = {
                "detected_at": fields.Datetime.now(),
                "detected_text": connection._detected_text(found),
            }
            if found.verifies is not None:
                values["is_unverified"] = not found.verifies
            connection.sudo().write(values)

    def action_test(self):
        """Send a signed query that changes nothing, and keep the result.

        The form and the overview show what is kept.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when this database is a copy
        """
        self.check_access("write")
        # Not what no request is made for: a copy, access.
        self._refuse_copies()
        problem = ""
        try:
            self._test()
        except UserError as error:
            problem = error.args[0]
        for connection in self.sudo():
            connection.write(
                {
                    "tested_at": fields.Datetime.now(),
                    "test_problem": problem or False,
                    "tested_key_id": connection.key_id.id,
                }
            )

    @api.private
    @api.model
    def runner_texts(self):
        """Return why wake-ups are not run, and what to set, by the name of the cause.

        :rtype: dict[str, str]
        """
        late = self.env._(
            "Wake-ups are not run. Changes are sent up to two minutes late, and "
            "comparisons, bulk amendments and addresses taken over from SPAR wait."
        )
        jobs = self.env["g2p.spar.job"]
        troubles = jobs.troubles()
        if jobs.is_kept() and "no_cron" not in troubles:
            late = self.env._(
                "Wake-ups are not run by the job queue. A scheduled action runs the "
                "jobs instead, one after the other."
            )
        return {name: f"{late} {advice}" for name, advice in troubles.items()}

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

    # === TEST === #

    def _test(self, key=None):
        """Resolve an ID that no registrant has.

        :param key: a ``g2p.spar.key`` to sign with, if not the current one
        :raise UserError: with the problem and what to do about it
        """
        self.ensure_one()
        item = Item("connection-test", detect.PROBE_ID)
        try:
            with self._client(trial=True, key=key) as client:
                result = client.send(RESOLVE, [item]).results[item.reference_id]
        except KeyProblem as problem:
            raise UserError(self._key_problem_text(problem)) from None
        if result.outcome == Outcome.DONE:
            return
        if result.outcome == Outcome.PARTNER:
            raise UserError(self._refused_text(key))
        if result.code == "http.500" and self.dialect == partner_api.NAME:
            raise UserError(self._server_error_text())
        raise UserError(
            self.env._(
                "SPAR could not be asked (%(code)s). Check the address and that SPAR "
                "is running.",
                code=result.code,
            )
        )

    def _refused_text(self, key=None):
        """Return what it may mean that SPAR refused the signature.

        :param key: a ``g2p.spar.key`` that was tried, if not the current one
        """
        if key:
            return self.env._(
                "SPAR does not accept this key yet. Its certificate is not registered "
                "for “%(sender)s”, or SPAR is still reading it: test again in a few "
                "minutes.",
                sender=self.sender_id,
            )
        if self._has_new_key():
            return self.env._(
                "SPAR answered, but refused the signature: it does not accept the new "
                "key yet. SPAR may still be reading it, or the certificate is not "
                "registered for “%(sender)s”. Try again in a few minutes, or go back "
                "to the previous key.",
                sender=self.sender_id,
            )
        return self.env._(
            "SPAR answered, but refused the signature. Either the certificate "
            "is not registered for “%(sender)s”, or the canonical form is the "
            "other one, or SPAR's key service or Partner Manager is down. SPAR may "
            "also still be reading a certificate that was registered within the last "
            "minute.",
            sender=self.sender_id,
        )

    def _has_new_key(self):
        """Return whether another key signs since a short time ago."""
        started = self.key_id.use_from
        return bool(self.previous_key_id and started > fields.Datetime.now() - NEW_KEY)

    # === DETECT === #

    def _detect(self):
        """Return what the server at the address is; see :mod:`..spar.detect`."""
        connection = self.sudo()
        connection.ensure_one()
        connection._refuse_copies()
        try:
            return detect.detect(
                connection._http(connection.base_url),
                connection._signer(),
                connection.sender_id,
                connection._paths(),
            )
        except KeyProblem as problem:
            raise UserError(self._key_problem_text(problem)) from None

    def _detected_text(self, found):
        """Set the detected values, if possible, and return the result as text.

        :param found: a :class:`~..spar.detect.Detection`
        """
        sentences = [self._found_text(found), self._key_text(found)]
        if found.dialect:
            sentences.append(self._adopt(found))
        if found.latency_ms is not None:
            sentences.append(
                self.env._("It took %s milliseconds to answer.", found.latency_ms)
            )
        sentences.append(self._clock_text(found.clock_difference))
        return " ".join(sentence for sentence in sentences if sentence)

    def _found_text(self, found):
        texts = {
            detect.ACCEPTED: self.env._("SPAR answered and accepted the signature."),
            detect.SIGNATURE_REFUSED: self.env._(
                "SPAR answered, but refused the signature in both canonical forms."
            ),
            detect.SERVER_ERROR: self._server_error_text(),
            detect.FORBIDDEN: self.env._(
                "The server refuses this registry before SPAR is asked. Its operator "
                "has to let it in."
            ),
            detect.NOT_UNDERSTOOD: self.env._(
                "There is a server, but it did not understand the question of either "
                "version. Check the address and the paths."
            ),
            detect.NOT_SPAR: self.env._(
                "There is a server, but no SPAR at this address. Check what comes "
                "after the server's name, such as /api/mapper."
            ),
            detect.REDIRECTED: self.env._(
                "The server sends callers to another address, which is never "
                "followed. Enter that address, often the same with https://."
            ),
            detect.UNAVAILABLE: self.env._(
                "A server answered that SPAR is not there or busy. Try again later."
            ),
            detect.NO_ANSWER: self.env._(
                "Something is there, but it gave no answer in time. Try again later, "
                "or allow more time to answer."
            ),
            detect.UNREACHABLE: self.env._(
                "Nothing answers at this address. Check it, and that SPAR is running "
                "and may be reached from here."
            ),
            detect.UNTRUSTED: self.env._(
                "The server's certificate is not trusted. If it comes from an "
                "authority of SPAR's own, enter that under “Certificates to trust”."
            ),
        }
        return texts[found.finding]

    def _server_error_text(self):
        return self.env._(
            "SPAR answered that it failed on a signed request. SPAR 2.0 and 2.1 do "
            "that when they do not know “%(sender)s”, and when their key service is "
            "down.",
            sender=self.sender_id,
        )

    def _key_text(self, found):
        if found.finding != detect.SIGNATURE_REFUSED:
            return None
        return self.env._(
            "Either no certificate is registered there for “%(sender)s”, or another "
            "one, or SPAR's key service or Partner Manager is down: SPAR answers the "
            "same to all of these. It may also still be reading a certificate that was "
            "registered within the last minute.",
            sender=self.sender_id,
        )

    def _adopt(self, found):
        """Set the detected version and form, unless the connection is running.

        :return: a sentence that says what was set or has to be set
        """
        values = {"dialect": found.dialect}
        if found.form:
            values["canonical_form"] = found.form
        names = ", ".join(
            dict(self._fields[name]._description_selection(self.env))[value]
            for name, value in values.items()
        )
        if all(self[name] == value for name, value in values.items()):
            return self.env._("It is as set here: %s.", names)
        if self.state == "running":
            return self.env._("Pause the connection and set: %s.", names)
        self.write(values)
        return self.env._("This was set: %s.", names)

    def _clock_text(self, difference):
        if difference is None:
            return self.env._("It does not tell the time.")
        if abs(difference) < 1:
            return self.env._("Its clock agrees with ours.")
        if difference > 0:
            return self.env._("Its clock is %s seconds ahead of ours.", difference)
        return self.env._("Its clock is %s seconds behind ours.", -difference)

    # === DIRECTORY === #

    def _fetch_directory(self):
        """Return SPAR's directory.

        :rtype: ~..spar.directory.Directory
        :raise UserError: with the problem and what to do about it
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
