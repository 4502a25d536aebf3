"""The part of the address benchmark that runs inside Odoo, in its Python shell."""

import csv
import gc
import io
import resource
import statistics
import time
from contextlib import contextmanager

import psutil

MIB = 2**20

#: Rows Odoo's web client imports in one request.
BATCH = 2000

#: The column that names the registrant, and the contact's field that stands in it.
REGISTRANT_COLUMN = ("spar_id", "spar_id")

#: Headings of the file a department would bring, with the field each is imported into.
COLUMNS = {
    "Registrant": REGISTRANT_COLUMN[0],
    "Type": "fa_type",
    "Provider": "dfsp_id",
    "Account number": "account_number",
    "Mobile number": "mobile_number",
    "E-mail address": "email_address",
    "Account holder": "holder_name",
}

#: One provider of each type, by the label of the type.
PROVIDERS = {
    "Bank account": ("bank_account", "First Bank", "FB"),
    "Mobile wallet": ("mobile_wallet", "M-Cash", "MC"),
    "E-mail wallet": ("email_wallet", "Post Wallet", "PW"),
}


def make_registrants(env, count):
    """Make providers, and registrants who have SPAR IDs and no payment address.

    :param Environment env: of Odoo's shell.
    :param int count: how many registrants.
    """
    country = env.ref("base.tz").id
    with request(env) as web:
        web["g2p.dfsp"].create(
            [
                {"fa_type": kind, "name": name, "code": code, "country_id": country}
                for kind, name, code in PROVIDERS.values()
            ]
        )
    for numbers in batches(count):
        with request(env) as web:
            web["res.partner"].create(
                [
                    {
                        "name": f"Registrant {number}",
                        "is_registrant": True,
                        "spar_id": f"SR-{number:08d}",
                    }
                    for number in numbers
                ]
            )
    # As autovacuum would have done by the time anybody imports.
    env.cr.execute("ANALYZE")
    env.cr.commit()


def compare_times(env, rows, rounds):
    """Import addresses and create plain contacts, in turns, batch by batch.

    :param Environment env: of Odoo's shell.
    :param int rows: how many of each in one round.
    :param int rounds: how many rounds.
    :return: seconds of each round for ``imports`` and ``contacts``, and the ``ratio``
        of their medians.
    """
    import_and_create(env, min(rows, BATCH))
    measured = [import_and_create(env, rows) for _round in range(rounds)]
    imports, contacts = zip(*measured, strict=True)
    return {
        "imports": [round(seconds, 1) for seconds in imports],
        "contacts": [round(seconds, 1) for seconds in contacts],
        "ratio": statistics.median(imports) / statistics.median(contacts),
    }


def import_and_create(env, rows):
    """Import addresses and create as many contacts, in turns; return both seconds."""
    file = AddressFile(env, rows)
    imports = contacts = 0.0
    for numbers in batches(rows):
        imports += seconds_of(file.import_batch, numbers)
        contacts += seconds_of(create_contacts, env, numbers)
    file.check_all_in_use()
    return imports, contacts


def weigh_import(env, rows):
    """Import addresses and watch the memory of this process.

    :param Environment env: of Odoo's shell.
    :param int rows: how many addresses.
    :return: memory ``after_first`` tenth of the rows, at its ``peak``, and the
        ``growth`` from one to the other, in MiB.
    """
    file = AddressFile(env, rows)
    first = rows // 10
    file.import_batch(range(first))
    after_first = psutil.Process().memory_info().rss / MIB
    for numbers in batches(rows, first):
        file.import_batch(numbers)
    file.check_all_in_use()
    # The system keeps the peak itself, in KiB, so that none is missed.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB
    return {
        "after_first": round(after_first),
        "peak": round(peak),
        "growth": peak - after_first,
    }


class AddressFile:
    """A CSV file with an address for each of some registrants who have none yet.

    :param Environment env: of Odoo's shell.
    :param int rows: how many.
    """

    def __init__(self, env, rows):
        self.env = env
        with request(env) as web:
            without = [
                ("is_registrant", "=", True),
                ("financial_address_ids", "=", False),
            ]
            people = web["res.partner"].search(without, limit=rows, order="id")
            if len(people) < rows:
                raise ValueError(f"{rows} registrants are needed, found {len(people)}.")
            self.people = people.ids
            upload = {
                "res_model": "g2p.financial.address",
                "file": csv_text(people).encode(),
                "file_name": "addresses.csv",
                "file_type": "text/csv",
            }
            self.wizard = web["base_import.import"].create(upload).id

    def import_batch(self, numbers):
        """Import rows as one request of Odoo's web client does.

        :param range numbers: which rows, the first one being 0.
        :raises ValueError: when a row is refused.
        """
        options = {
            "has_headers": True,
            "advanced": True,
            "keep_matches": False,
            "encoding": "utf-8",
            "separator": ",",
            "quoting": '"',
            "date_format": "",
            "datetime_format": "",
            "float_thousand_separator": ",",
            "float_decimal_separator": ".",
            "skip": numbers.start,
            "limit": len(numbers),
        }
        labels = [label.lower() for label in COLUMNS]
        with request(self.env) as web:
            wizard = web["base_import.import"].browse(self.wizard)
            result = wizard.execute_import(list(COLUMNS.values()), labels, options)
            if result["messages"] or len(result["ids"]) != len(numbers):
                raise ValueError(f"Not all rows were taken: {result['messages'][:3]}")

    def check_all_in_use(self):
        """Make sure that what was measured is what should happen.

        :raises ValueError: when a registrant of the file has no address in use.
        """
        with request(self.env) as web:
            in_use = [("partner_id", "in", self.people), ("state", "=", "effective")]
            found = web["g2p.financial.address"].search_count(in_use)
        if found != len(self.people):
            raise ValueError(f"{found} of {len(self.people)} addresses are in use.")


def csv_text(people):
    """Return the file: all three types in turn, no value twice."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    kinds = list(PROVIDERS)
    for number, person in enumerate(people):
        kind = kinds[number % len(kinds)]
        value = {
            "Bank account": {"Account number": str(10**9 + person.id)},
            "Mobile wallet": {"Mobile number": f"+255754{person.id:06d}"},
            "E-mail wallet": {"E-mail address": f"wallet{person.id}@example.org"},
        }[kind]
        row = {"Registrant": person[REGISTRANT_COLUMN[1]], "Type": kind}
        row.update(value, Provider=PROVIDERS[kind][1])
        writer.writerow({**row, "Account holder": person.name})
    return text.getvalue()


def create_contacts(env, numbers):
    """Create plain contacts in one request."""
    with request(env) as web:
        web["res.partner"].create(
            [
                {
                    "name": f"Contact {number}",
                    "phone": f"+255755{number:06d}",
                    "email": f"contact{number}@example.org",
                }
                for number in numbers
            ]
        )


@contextmanager
def request(env):
    """Give the environment one request of an administrator's browser would have.

    Its cache is empty at first, and it is committed at the end. Changes are not
    tracked, as Odoo's web client asks for when it imports.
    """
    context = {**env.context, "tracking_disable": True}
    with env.registry.cursor() as cr:
        yield env(cr=cr, user=env.ref("base.user_admin").id, context=context)


def batches(count, start=0):
    """Return ranges of at most a batch each, together from ``start`` to ``count``."""
    return [
        range(first, min(first + BATCH, count)) for first in range(start, count, BATCH)
    ]


def seconds_of(action, *arguments):
    """Return how long an action takes."""
    # What one side leaves behind is not to be cleared away on the other's time.
    gc.collect()
    started = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - started
