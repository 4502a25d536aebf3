"""``make contract`` says in plain words which setting is wrong, and starts nothing."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tools import contract, keys
from tools.problems import Problem

NAMES = [
    *("SPAR_URL", "SENDER", "KEY", "CERTIFICATE", "KEY_PASSWORD", "SPAR_VERSION"),
    *("WRITE", "PREFIX", "CA_FILE", "REPORT", "MAKEFLAGS"),
    *("CENTRAL_URL", "CENTRAL_USER", "CENTRAL_PASSWORD"),
    *("CENTRAL_PROJECT", "CENTRAL_FORM"),
]
#: Nothing listens there.
NOWHERE = "http://127.0.0.1:9"
SECRET = "right-horse-7"


@pytest.fixture
def partner(tmp_path):
    return keys.make_partner_key(tmp_path / "keys")


@pytest.fixture
def problem(monkeypatch, tmp_path, partner):
    """Return what a run with these settings complains of."""

    def run(**chosen):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("REPORT", str(tmp_path / "report.html"))
        for name, text in chosen.items():
            monkeypatch.setenv(name, str(text))
        with pytest.raises(Problem) as complaint:
            contract.main([])
        assert not (tmp_path / "report.html").exists()
        return str(complaint.value)

    return run


def spar(partner, **more):
    return {
        "SPAR_URL": NOWHERE,
        "SENDER": "social-registry",
        "KEY": partner.private_key,
        "CERTIFICATE": partner.certificate,
        **more,
    }


def central(**more):
    return {
        "CENTRAL_URL": NOWHERE,
        "CENTRAL_USER": "viewer@example.org",
        "CENTRAL_PASSWORD": "secret",
        **more,
    }


def test_one_server_at_a_time(problem):
    assert "SPAR_URL=" in problem() and "CENTRAL_URL=" in problem()
    assert "not both" in problem(SPAR_URL=NOWHERE, CENTRAL_URL=NOWHERE)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SPAR_URL": "spar.example.org"}, "SPAR_URL must begin with https://"),
        ({"SENDER": ""}, "SENDER is not set"),
        ({"KEY": ""}, "KEY is not set"),
        ({"KEY": "/no/such.pem"}, "KEY=/no/such.pem: there is no such file"),
        ({"CERTIFICATE": "/no/such.pem"}, "CERTIFICATE=/no/such.pem"),
        ({"CA_FILE": "/no/such.pem"}, "CA_FILE=/no/such.pem"),
        ({"SPAR_VERSION": "3"}, "no SPAR_VERSION 3. These exist: 1.1.0"),
        ({"WRITE": "y"}, "WRITE must be yes or no"),
        ({"WRITE": "yes"}, "needs PREFIX"),
        ({"PREFIX": "test-"}, "without WRITE=yes"),
        ({"WRITE": "yes", "PREFIX": "a"}, "PREFIX must be"),
        ({"WRITE": "yes", "PREFIX": "a'b c"}, "PREFIX must be"),
        ({"REPORT": "/no/folder/report.html"}, "REPORT=/no/folder/report.html"),
        ({}, "SPAR_URL: no answer"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_settings_for_spar(problem, partner, settings, named):
    assert named in problem(**spar(partner, **settings))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"CENTRAL_URL": "http://central.example.org"}, "CENTRAL_URL must begin with"),
        ({"CENTRAL_USER": ""}, "CENTRAL_USER is not set"),
        ({"CENTRAL_PASSWORD": ""}, "CENTRAL_PASSWORD is not set"),
        ({"CENTRAL_PROJECT": "one"}, "CENTRAL_PROJECT must be a whole number"),
        ({"WRITE": "yes", "PREFIX": "test-"}, "writes nothing to Central"),
        ({}, "CENTRAL_URL: no answer"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_settings_for_central(problem, settings, named):
    assert named in problem(**central(**settings))


def test_secrets_in_an_address_are_not_repeated(problem, partner):
    for address in (
        f"https://me:{SECRET}@spar.example.org",
        f"https://s.org/?key={SECRET}",
    ):
        for name, others in (("SPAR_URL", spar(partner)), ("CENTRAL_URL", central())):
            said = problem(**{**others, name: address})
            assert name in said and SECRET not in said


@pytest.mark.parametrize("name", ["KEY_PASSWORD", "CENTRAL_PASSWORD"])
def test_secrets_are_refused_on_the_command_line(problem, name):
    said = problem(MAKEFLAGS=f"s -- SENDER=me {name}=hidden", **{name: "hidden"})
    assert f"{name} is on the command line" in said and "hidden" not in said


def locked(partner, folder, password):
    """Return the partner's key in both kinds of locked files."""
    private = serialization.load_pem_private_key(partner.private_key.read_bytes(), None)
    lock = serialization.BestAvailableEncryption(password)
    pem, bundle = folder / "locked.pem", folder / "locked.p12"
    pem.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
        )
    )
    bundle.write_bytes(
        pkcs12.serialize_key_and_certificates(b"key", private, None, None, lock)
    )
    return pem, bundle


def test_locked_keys(problem, partner, tmp_path):
    for path in locked(partner, tmp_path, b"hidden"):
        said = problem(**spar(partner, KEY=path))
        assert "KEY_PASSWORD is not set" in said
        said = problem(**spar(partner, KEY=path, KEY_PASSWORD="wrong-hidden"))
        assert "KEY_PASSWORD: the files do not" in said and "hidden" not in said
        said = problem(**spar(partner, KEY=path, KEY_PASSWORD="hidden"))
        assert "SPAR_URL: no answer" in said


def test_a_certificate_of_another_key(problem, partner, tmp_path):
    other = keys.make_partner_key(tmp_path / "other")
    said = problem(**spar(partner, CERTIFICATE=other.certificate))
    assert said == "CERTIFICATE is not that of KEY."


def test_a_file_that_is_no_key(problem, partner):
    said = problem(**spar(partner, KEY=partner.certificate))
    assert said.startswith("KEY, CERTIFICATE or KEY_PASSWORD")
