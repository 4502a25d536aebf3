from collections import Counter

from odoo import fields, models
from odoo.tools import groupby

ADDRESS = "g2p.financial.address"
#: Rows named in one message; a file of thousands may have one mistake in all of them.
ROWS_NAMED = 20


class BaseImport(models.TransientModel):
    """Lets the import of payment addresses go on past wrong rows.

    Odoo's import page stops at the first batch that reports anything. So what is
    wrong is collected here, and told after the last batch.
    """

    _inherit = "base_import.import"

    fa_import_so_far = fields.Json(help="Rows kept and refused in earlier batches.")

    def execute_import(self, fields, columns, options, dryrun=False):
        if self.res_model != ADDRESS:
            return super().execute_import(fields, columns, options, dryrun)
        skipped = options.get("skip", 0)
        result = super().execute_import(fields, columns, options, dryrun)
        if "nextrow" not in result:
            # The file itself could not be read.
            return result
        start = {"kept": 0, "refused": [], "entered": {}}
        so_far = (skipped and self.fa_import_so_far) or start
        entered = Counter(so_far["entered"]) + Counter(result.pop("fa_entered", {}))
        so_far["entered"] = dict(entered)
        # What a person sees in the file: rows count from 1, below the headers.
        first_row = skipped + (2 if options.get("has_headers") else 1)
        so_far["kept"] += len(result["ids"] or [])
        so_far["refused"] += [
            {**message, "record": message["record"] + first_row}
            if "record" in message
            else message
            for message in result["messages"]
        ]
        more = bool(result["nextrow"])
        self.fa_import_so_far = so_far if more else False
        result["messages"] = [] if more else self._fa_report(so_far, dryrun)
        return result

    def _fa_report(self, so_far, dryrun):
        """Return one message per mistake, below what became of the file."""
        refused = so_far["refused"]
        entered = self._fa_entered(so_far["entered"])
        if not refused:
            # Odoo's page tells how many were imported, but not instead of what.
            return [{"type": "info", "message": entered}] if dryrun and entered else []
        if dryrun:
            headline = self.env._(
                "Right: %(right)s. The rows below are wrong and would be left out "
                "(blank rows are not counted).",
                right=so_far["kept"],
            )
        else:
            headline = self.env._(
                "Imported: %(right)s. The rows below are not (blank rows are not "
                "counted): correct them and import the file again. What is there "
                "already is left alone.",
                right=so_far["kept"],
            )
        headline = " ".join(filter(None, (headline, entered)))
        messages = [{"type": "warning", "message": headline}]
        for _text, same in groupby(refused, lambda m: (m["message"], m.get("field"))):
            messages.append(self._fa_one_message(same))
        return messages

    def _fa_entered(self, counts):
        """Return in words what the addresses of the file come instead of."""
        texts = {
            "new": self.env._("%s new", counts.get("new")),
            "bank_account": self.env._(
                "%s replace a bank account", counts.get("bank_account")
            ),
            "mobile_wallet": self.env._(
                "%s replace a mobile wallet", counts.get("mobile_wallet")
            ),
            "email_wallet": self.env._(
                "%s replace an e-mail wallet", counts.get("email_wallet")
            ),
            "waiting": self.env._("%s wait for a second person", counts.get("waiting")),
        }
        said = [text for name, text in texts.items() if counts.get(name)]
        return self.env._("Addresses: %s.", ", ".join(said)) if said else ""

    def _fa_one_message(self, same):
        """Return one message for a mistake that several rows have in common."""
        rows = [message["record"] for message in same if "record" in message]
        if not rows:
            return same[0]
        text = same[0]["message"]
        if len(rows) > 1:
            named = ", ".join(map(str, rows[:ROWS_NAMED]))
            if len(rows) > ROWS_NAMED:
                text = self.env._(
                    "%(text)s Rows %(named)s and %(count)s more.",
                    text=text,
                    named=named,
                    count=len(rows) - ROWS_NAMED,
                )
            else:
                text = self.env._("%(text)s Rows %(named)s.", text=text, named=named)
        row = rows[0]
        return {
            **same[0],
            "message": text,
            "record": row,
            "rows": {"from": row, "to": row},
        }
