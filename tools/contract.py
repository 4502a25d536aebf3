"""``make contract``: holds the contract tables against an integrator's SPAR or Central.

The tables are those of the tests, ``tests/contract``. Settings are variables of the
environment, also those on the command line of ``make``; secrets must not be there.
"""

import getpass
import os
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm

from . import settings
from .keys import PartnerKey
from .problems import Problem

REPORT = settings.REPORTS / "contract.html"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,30}")
SECRETS = ("KEY_PASSWORD", "CENTRAL_PASSWORD")
#: What may end a run; a lost terminal, too.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HELP = """Tell which server to look at:
  make contract SPAR_URL=https://… SENDER=… KEY=…
  make contract CENTRAL_URL=https://…
All settings: docs/integration.md."""


def main(_arguments):
    """Run the table of SPAR or of Central, and report.

    :return: exit code: 0 when all is as expected, 1 when something differs.
    :raises Problem: when it could not be run.
    """
    for name in SECRETS:
        # What make is given it hands on here, and others can list its arguments.
        if re.search(rf"\b{name}=", os.environ.get("MAKEFLAGS", "")):
            raise Problem(
                f"{name} is on the command line, where other users of this machine can "
                "read it. Set it in the environment, or leave it out and be asked."
            )
    chosen = [name for name in ("SPAR_URL", "CENTRAL_URL") if settings.text(name)]
    if len(chosen) != 1:
        raise Problem(HELP if not chosen else "Set SPAR_URL or CENTRAL_URL, not both.")
    target = _report_path()
    for number in SIGNALS:
        # With nohup, a lost terminal is to end nothing.
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):
            signal.signal(number, _interrupt)
    return {"SPAR_URL": _spar, "CENTRAL_URL": _central}[chosen[0]](target)


def _interrupt(_number, _frame):
    # What follows is the clean-up, which a second signal must not cut off.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


# === SPAR === #


def _spar(target):
    from tests.contract import foreign
    from tests.contract.report import Report
    from tests.contract.speaker import COLUMNS, Speaker

    url, prefix, verify = _url("SPAR_URL"), _prefix(), _trusted()
    sender = _needed("SENDER", "the partner's name at SPAR")
    key = _key()
    version = settings.text("SPAR_VERSION")
    if version:
        settings.chosen([version], COLUMNS, "SPAR_VERSION")

    def make_speaker(column):
        kind = Speaker if prefix else foreign.ReadOnly
        speaker = kind(column, url, key, sender)
        speaker.session.verify = verify
        return speaker

    try:
        column = COLUMNS[version] if version else foreign.recognise(make_speaker)
        server = foreign.Foreign(make_speaker(column), prefix)
        foreign.check_free(server)
    except foreign.Occupied as held:
        raise Problem(
            f"PREFIX={prefix}: this SPAR already holds {held}. Choose another PREFIX, "
            "or unlink these first: the run would unlink them."
        ) from None
    except foreign.NotBelieved as refusal:
        raise Problem(
            f"SPAR at SPAR_URL does not believe SENDER={sender} with this KEY "
            f"({refusal}). Register the key's certificate for this partner, and look "
            "at SENDER, KEY and CERTIFICATE."
        ) from None
    except (foreign.Unreachable, foreign.NotPrepared, *foreign.TROUBLE) as trouble:
        raise Problem(f"SPAR_URL: {_words(trouble)}. {_ADVICE}") from None
    report = Report(
        "SPAR, held against the contract table",
        [
            ("SPAR", url),
            ("Partner", sender),
            ("Compared with", f"version {column.name}, seen on: {column.seen}"),
            ("Written", f"below the prefix {prefix}" if prefix else "nothing"),
        ],
    )
    with _finished(report, target):
        try:
            _collect(report, foreign.rows_of(server), foreign.Unreachable)
        finally:
            report.warnings += foreign.warnings(report.rows)
            if prefix:
                _clean_up(server, report)
    return 0 if report.as_expected else 1


def _clean_up(server, report):
    """Unlink what was linked, whatever happens; say what could not be."""
    with _undisturbed():
        left = server.clean_up()
    if left:
        report.warnings.append(
            "These IDs may still be linked at SPAR; unlink them: "
            + ", ".join(map(repr, left))
        )
    else:
        report.facts.append(("Cleaned up", "SPAR holds none of the IDs any more"))


@contextmanager
def _undisturbed():
    """Ctrl-C and the end of the process wait until the block is left."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


# === CENTRAL === #


def _central(target):
    from tests.contract import central
    from tests.contract.report import Report

    if settings.text("WRITE") or settings.text("PREFIX"):
        raise Problem(
            "WRITE and PREFIX are for SPAR: the suite writes nothing to Central, so "
            "its table only reads."
        )
    url = _url("CENTRAL_URL")
    address = urlsplit(url)
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        raise Problem("CENTRAL_URL must begin with https://: a password is sent there.")
    project = settings.number("CENTRAL_PROJECT", None)
    form = settings.text("CENTRAL_FORM")
    verify = _trusted()
    user = settings.text("CENTRAL_USER") or _asked("CENTRAL_USER", input)
    password = _secret("CENTRAL_PASSWORD")
    visitor = central.Visitor(url, user, password, verify)
    try:
        try:
            visitor.log_in()
        except central.NotAllowed as refusal:
            raise Problem(_LOGIN[refusal.args[0] == 404]) from None
        try:
            visitor.choose(project, form)
        except BaseException:
            visitor.log_out()
            raise
    except central.NotAllowed:
        raise Problem(
            "CENTRAL_USER sees no such published form (CENTRAL_PROJECT, CENTRAL_FORM). "
            "Make the user a viewer of the project."
        ) from None
    except (central.Unreachable, *central.TROUBLE) as trouble:
        raise Problem(f"CENTRAL_URL: {_words(trouble)}. {_ADVICE}") from None
    report = Report(
        "ODK Central, held against the contract table",
        [
            ("Central", url),
            ("Form", f"{visitor.form} of project {visitor.project}"),
            ("Compared with", central.SEEN),
            ("Written", "nothing"),
        ],
    )
    with _finished(report, target):
        try:
            _collect(report, central.rows_of(visitor), central.Unreachable)
        finally:
            with _undisturbed():
                visitor.log_out()
    return 0 if report.as_expected else 1


_LOGIN = (
    "Central refuses CENTRAL_USER with this CENTRAL_PASSWORD.",
    "CENTRAL_URL: it takes no log-in with a password. It is not Central's "
    "address, or its users log in elsewhere (single sign-on): the suite needs a user "
    "with a password.",
)


# === BOTH === #

_ADVICE = (
    "Look at the address, at the network between here and there, and, if its "
    "certificate comes from an authority of your own, at CA_FILE."
)


def _collect(report, rows, unreachable):
    """Take up rows one by one, so that what is there can be told at any time.

    :raises Problem: when the server stops to answer.
    """
    try:
        for row in rows:
            report.rows.append(row)
    except unreachable as trouble:
        report.warnings.append(f"Not finished: {trouble}.")
        raise Problem(f"The run was not finished: {trouble}.") from None


@contextmanager
def _finished(report, target):
    """Show and write the report when the block is left, however it is."""
    try:
        yield
    except KeyboardInterrupt:
        report.warnings.append("Not finished: it was interrupted.")
        raise
    finally:
        with _undisturbed():
            try:
                target.write_text(report.html(), encoding="utf-8")
            except OSError as trouble:
                raise Problem(f"REPORT={target}: {trouble.strerror}.") from None
            finally:
                print(report.text())
            print(f"The same as a page: {target}", flush=True)


def _words(trouble):
    """Return what stands in the way; an exception of a library only by its name."""
    own = type(trouble).__module__.startswith("tests.")
    return str(trouble) if own else f"no answer ({type(trouble).__name__})"


def _report_path():
    path = Path(settings.text("REPORT") or REPORT).expanduser()
    if not settings.text("REPORT"):
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() or not path.parent.is_dir():
        raise Problem(f"REPORT={path}: there is no folder to write this file into.")
    return path


def _url(name):
    """Return the base address of a server, without a slash at its end."""
    text = settings.text(name).strip()
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname
        more = url.username or url.password or url.query or url.fragment
    except ValueError:
        good = more = None
    if more:
        # Not repeated: there may be a secret in it.
        raise Problem(
            f"{name} must hold neither a user or password nor anything after ?."
        )
    if not good:
        raise Problem(f"{name} must begin with https:// or http://, and name a host.")
    return text.rstrip("/")


def _prefix():
    """Return the prefix of the IDs to write; None to write nothing."""
    write, prefix = settings.text("WRITE", "no"), settings.text("PREFIX")
    if write not in ("yes", "no"):
        raise Problem(f"WRITE must be yes or no, not {write!r}.")
    if write == "no":
        if prefix:
            raise Problem("PREFIX is set, but nothing is written without WRITE=yes.")
        return None
    if not prefix:
        raise Problem("WRITE=yes also needs PREFIX, with which each ID written begins.")
    if not PREFIX.fullmatch(prefix):
        raise Problem("PREFIX must be 3 to 31 letters, digits, dots, - or _.")
    return prefix


def _needed(name, what):
    value = settings.text(name)
    if not value:
        raise Problem(f"{name} is not set: {what}.")
    return value


def _file(name, what):
    path = Path(_needed(name, what)).expanduser()
    if not path.is_file():
        raise Problem(f"{name}={path}: there is no such file.")
    if not os.access(path, os.R_OK):
        raise Problem(f"{name}={path}: the file cannot be read by this user.")
    return path


def _trusted():
    """Return what ``requests`` takes as trusted authorities."""
    return str(_file("CA_FILE", "")) if settings.text("CA_FILE") else True


def _key():
    """Return the partner's key, with its password if it has one."""
    from tests.contract.speaker import Key

    path = _file("KEY", "the file with the partner's private key, PEM or PKCS#12")
    certificate = settings.text("CERTIFICATE") and _file("CERTIFICATE", "")
    files = PartnerKey(path, certificate or None)
    password = settings.text("KEY_PASSWORD")
    if not password and _is_locked(path):
        password = _secret("KEY_PASSWORD")
    try:
        key = Key(files, password.encode() if password else None)
        key.sign(b"")
    except (TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
        raise Problem(
            "KEY, CERTIFICATE or KEY_PASSWORD: the files do not hold a private RSA key "
            "(and its certificate) that this password opens."
        ) from None
    if key.certificate and key.certificate.public_key() != key.private.public_key():
        raise Problem("CERTIFICATE is not that of KEY.")
    return key


def _is_locked(path):
    content = path.read_bytes()
    return b"ENCRYPTED" in content or b"-----BEGIN" not in content


def _secret(name):
    return settings.text(name) or _asked(name, getpass.getpass)


def _asked(name, ask):
    if not sys.stdin.isatty():
        raise Problem(f"{name} is not set, and there is no terminal to ask for it.")
    return ask(f"{name}: ")
