"""Odoo 19 itself: downloaded as a Debian package, or one the user has.

Odoo is not on the Python package index, but Debian carries it. The package is only
downloaded and unpacked below ``.sandbox/``; nothing is installed in the system,
so this works without root.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from . import problems, settings
from .problems import Problem

PACKAGES = [
    "odoo-19",
    # Odoo's package links to files of the following ones.
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-inconsolata",
    # Newer versions lack the web-font files Odoo links to.
    "fonts-font-awesome/stable",
]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def own_odoo():
    """Return the user's own Odoo 19 (``SPAR_ODOO_PATH``), or None.

    :return: folder that holds the packages ``odoo`` and, in a checkout, ``addons``.
    :raises Problem: when the folder holds no Odoo.
    """
    value = settings.text("SPAR_ODOO_PATH")
    if value is None:
        return None
    path = Path(value).expanduser().resolve()
    if not (path / "odoo" / "release.py").exists():
        raise Problem(
            f"SPAR_ODOO_PATH={value} holds no Odoo: there is no odoo/release.py. "
            "Point it to a checkout of Odoo 19, or to the folder (dist-packages or "
            "site-packages) Odoo is installed in."
        )
    return path


def location():
    """Return the folder to put on Python's path so that ``import odoo`` works."""
    return own_odoo() or settings.ODOO_DOWNLOAD / "usr/lib/python3/dist-packages"


def addons_folders():
    """Return Odoo's own folders of addons.

    A checkout keeps most addons in ``addons`` beside the package; an installed Odoo
    keeps all in ``odoo/addons``. Debian's package also has a folder ``addons``, but
    only with the Python files of each addon, so it must not be used.
    """
    inner = location() / "odoo" / "addons"
    if (inner / "web").is_dir():
        return [inner]
    return [location() / "addons", inner]


def archive_address():
    """Return the address of the Debian archive this machine uses.

    It is read from the machine's own configuration, so a local mirror is respected.

    :raises Problem: when the machine has no apt or no Debian archive.
    """
    advice = (
        "Odoo 19 comes from Debian's archive, and {}. "
        "Get Odoo 19 yourself, for example with "
        "`git clone --depth 1 --branch 19.0 https://github.com/odoo/odoo`, "
        "and set SPAR_ODOO_PATH to its folder."
    )
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Problem(advice.format("this system has no apt"))
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)"],
        capture_output=True,
        text=True,
    )
    # Before the first `apt-get update` of a fresh container the origin is unknown,
    # so the address alone decides.
    addresses = [line.split("|")[-1] for line in listing.stdout.splitlines()]
    for address in addresses:
        if "debian" in address.lower() and "security" not in address.lower():
            return address
    raise Problem(advice.format("this system's apt knows no Debian archive"))


def download(target):
    """Download Odoo and the files it links to, and unpack them.

    :param pathlib.Path target: folder that becomes the root of the unpacked files.
    :raises Problem: when the download fails.
    """
    address = archive_address()
    # apt drops to a user of its own, who cannot read a closed home folder.
    with tempfile.TemporaryDirectory(prefix="spar-apt-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        options = _private_apt(folder, address)
        _apt([*options, "update"], folder)
        _apt([*options, "download", *PACKAGES], folder)
        target.mkdir(parents=True)
        for package in sorted(folder.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, target], check=True)
    _fill_gap(target)


def _private_apt(folder, address):
    """Prepare an apt state below a folder; return the options that select it."""
    signed = f"[signed-by={KEYRING}] " if Path(KEYRING).exists() else ""
    sources = folder / "sources.list"
    sources.write_text(
        f"deb {signed}{address} unstable main\ndeb {signed}{address} stable main\n"
    )
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    values = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        # As root, apt would hand the download to a user who may not enter `folder`.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    return [part for key, value in values.items() for part in ("-o", f"{key}={value}")]


def _apt(arguments, folder):
    """Run apt-get in a folder; explain a failure."""
    done = subprocess.run(
        ["apt-get", "--quiet", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise problems.explain_download("Odoo 19 from Debian's archive", done.stdout)


def _fill_gap(target):
    """Put an empty file where Debian left out a script that is not free.

    Without it, the browser reports an error on every page, and Odoo's browser
    tests fail on any such error.
    """
    lib = target / "usr/lib/python3/dist-packages/odoo/addons/mail/static/lib"
    script = lib / "selfie_segmentation" / "selfie_segmentation.js"
    script.parent.mkdir(exist_ok=True)
    script.touch()
