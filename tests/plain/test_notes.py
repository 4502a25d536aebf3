"""Every free text of the suite's models is a note, or it says here why it is none.

A note refuses phone and account numbers, which viewers of a history may not read.
"""

import ast

import pytest

from tools import settings

FREE = {"Char", "Text", "Html", "NormalChar"}

#: What people type that is no note: names, codes, and where things are. Checked by the
#: models themselves.
NAMES = {
    "g2p.api.client": {"name", "public_key", "secret_hash"},
    "g2p.api.issuer": {
        "algorithms",
        "audience",
        "claim",
        "jwks",
        "jwks_url",
        "name",
        "required_acr",
        "required_scope",
        "url",
    },
    "g2p.api.rights": {"id_template"},
    "g2p.dfsp": {
        "account_example",
        "account_hint",
        "account_pattern",
        "code",
        "name",
    },
    "g2p.dfsp.branch": {"code", "name"},
    "g2p.dfsp.import": {"file_name"},
    "g2p.dfsp.import.line": {"branch", "provider"},
    "g2p.fa.import.row": {"after", "before", "registrant"},
    "g2p.fa.settings": {
        "complaints",
        "id_source",
        "id_template",
        "placeholder_ids",
    },
    "g2p.fa.strategy": {"fa_type_code", "name", "template"},
    "g2p.odk.form": {"name", "xml_form_id"},
    "g2p.odk.form.pick": {"form_name", "xml_form_id"},
    "g2p.odk.mapping.line": {"parameter"},
    "g2p.odk.server": {
        "base_url",
        "email",
        "name",
        "password_path",
        "password_variable",
    },
    "g2p.spar.connection": {
        "base_url",
        "ca_certificate",
        "directory_url",
        "link_path",
        "name",
        "resolve_path",
        "sender_id",
        "tls_certificate_path",
        "tls_key_path",
        "unlink_path",
        "update_path",
    },
    "g2p.spar.directory.refresh": {"directory_url"},
    "g2p.spar.key": {
        "certificate_path",
        "certificate_variable",
        "key_path",
        "key_variable",
        "kid",
        "name",
        "password_path",
        "password_variable",
        "upload_certificate_name",
        "upload_key_name",
        "upload_password",
    },
    "g2p.spar.key.generate": {"name", "organisation"},
    "res.partner": {"complete_name", "name", "spar_id"},
}

#: The numbers and the values derived from them: protected by groups.
NUMBERS = {
    "g2p.financial.address": {
        "account_number",
        "email_address",
        "holder_name",
        "mandate_name",
        "mobile_number",
        "payee_id_number",
        "payee_name",
        "proof_name",
        "spar_id",
    },
    "g2p.odk.correct.line": {"value"},
}

#: What only the server writes, and not from what a person types as a reason.
SYSTEM = {
    "g2p.dfsp.import.line": {"note"},
    "g2p.fa.number.lock": {"fingerprint"},
    "g2p.fa.settings": {"fingerprint_key", "health_token_digest"},
}

#: A field with such a name is a note, also where only the server writes it.
REASONS = ("reason", "note", "why", "comment", "remark", "motive")

#: Fields with such a name that hold something else.
OTHERWISE = {
    ("g2p.dfsp.import", "held_note"): "what waits for another administrator",
    ("g2p.dfsp.import.line", "note"): "what a row of the file becomes",
    ("g2p.spar.attempt", "reason_code"): "a code of SPAR",
    ("g2p.spar.change", "reason_code"): "a code of SPAR",
    ("g2p.spar.mapping", "reason_code"): "a code of SPAR",
}


def free_texts(source):
    """Return the stored texts of the models in a file: model, field, kind, read-only.

    A note has the kind ``Note``.
    """
    found = []
    classes = [one for one in ast.walk(ast.parse(source)) if type(one) is ast.ClassDef]
    for model in classes:
        values = {
            one.targets[0].id: one.value
            for one in model.body
            if type(one) is ast.Assign and type(one.targets[0]) is ast.Name
        }
        name = values.get("_name") or values.get("_inherit")
        for field, value in values.items():
            if type(value) is not ast.Call:
                continue
            kind = getattr(value.func, "attr", getattr(value.func, "id", None))
            if kind not in {*FREE, "Note"}:
                continue
            options = {one.arg: one.value for one in value.keywords}
            readonly = getattr(options.get("readonly"), "value", None)
            typed = "inverse" in options or readonly is False
            if "related" in options or ("compute" in options and not typed):
                continue
            found.append((ast.literal_eval(name), field, kind, readonly))
    return found


@pytest.fixture(scope="module")
def texts():
    return [
        text
        for addon in settings.addons()
        for folder in ("models", "wizards")
        for path in sorted((settings.ROOT / addon / folder).glob("*.py"))
        for text in free_texts(path.read_text())
    ]


def unexplained(texts):
    """Return the free texts that are no notes and are listed nowhere."""
    found = []
    for model, field, kind, readonly in texts:
        tables = (NAMES, NUMBERS, SYSTEM)
        listed = any(field in table.get(model, ()) for table in tables)
        is_reason = any(word in field.split("_") for word in REASONS)
        if is_reason:
            listed = (model, field) in OTHERWISE
        if kind != "Note" and not listed and (is_reason or not readonly):
            found.append((model, field))
    return found


def test_every_free_text_is_a_note_or_listed(texts):
    assert not unexplained(texts)


def test_what_is_listed_exists_and_is_no_note(texts):
    plain = {(model, field) for model, field, kind, _read in texts if kind != "Note"}
    tables = (NAMES, NUMBERS, SYSTEM)
    listed = {
        (model, field) for table in tables for model in table for field in table[model]
    }
    assert (listed | OTHERWISE.keys()) - plain == set()


@pytest.mark.parametrize(
    "line",
    [
        'remarks_of_clerk = fields.Text("Remarks")',
        "end_reason = fields.Char(readonly=True)",
        "text = fields.Html()",
    ],
)
def test_a_new_one_is_found(line):
    source = f'class New(models.Model):\n    _name = "g2p.new"\n    {line}\n'
    assert len(unexplained(free_texts(source))) == 1


def test_a_new_note_is_fine():
    source = 'class New(models.Model):\n    _name = "g2p.new"\n    reason = Note()\n'
    assert not unexplained(free_texts(source))
