"""The addons work when they are installed from their wheels, without this folder."""

import re
import subprocess
import sys
import zipfile

import pytest

from tools import odoo_source, settings, virtualenvs
from tools.odoo_server import OdooServer, drop_database
from tools.processes import child_environment

DATABASE = "test_wheels"
#: The addon whose tests run: it needs files of every kind and test helpers of another
#: addon. Its random tests, which find nothing about packaging, are left out. And of the
#: sync queue those of the client, at the stand-in for SPAR.
TESTED = "g2p_odk_spar_mapping"
CLIENT = "/g2p_spar_sync_queue:TestSparClient"
TAGS = f"/{TESTED},-:TestPullInRandomOrder,-:TestApplyInRandomOrder,{CLIENT}"
SECONDS = 600


def run(*command, folder, **env):
    """Run a program in a folder; return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=child_environment(PYTHONPATH=None, **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def pip(python, command):
    """Return a command line of pip."""
    return [python, "-m", "pip", "--disable-pip-version-check", "--quiet", command]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Return the wheels of all addons."""
    folder = tmp_path_factory.mktemp("wheels")
    run(
        *(*pip(sys.executable, "wheel"), "--no-deps", "--no-index"),
        *("--no-build-isolation", "--wheel-dir", folder),
        *(settings.ROOT / name for name in settings.addons()),
        folder=folder,
        # Versions as in the manifests, without a count of commits.
        WHOOL_POST_VERSION_STRATEGY_OVERRIDE="none",
    )
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheels, tmp_path_factory):
    """Return the Python of a new environment that has the wheels, beside Odoo.

    Odoo and the packages it needs come from the environment of the other tests.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, folder=folder)
    path = (
        f"{virtualenvs.site_packages(settings.ODOO_VENV)}\n{odoo_source.location()}\n"
    )
    (virtualenvs.site_packages(folder) / "beside.pth").write_text(path)
    python = folder / "bin" / "python"
    # The queue that another one bridges to is on no package index.
    names = tuple(f"odoo_addon_{name}-" for name in settings.modules())
    chosen = [wheel for wheel in wheels if wheel.name.startswith(names)]
    run(*pip(python, "install"), "--no-deps", "--no-index", *chosen, folder=folder)
    return python


def test_a_wheel_holds_every_file_of_its_addon(wheels):
    assert len(wheels) == len(settings.addons())
    for name, wheel in zip(settings.addons(), wheels, strict=True):
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", name],
            cwd=settings.ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
        files = {file for file in listed if (settings.ROOT / file).is_file()}
        held = {
            file.removeprefix("odoo/addons/")
            for file in zipfile.ZipFile(wheel).namelist()
        }
        assert files - held == {f"{name}/pyproject.toml"}


def test_the_wheels_require_what_is_there(python):
    check = subprocess.run(
        [str(part) for part in pip(python, "check")],
        env=child_environment(PYTHONPATH=None),
        capture_output=True,
        text=True,
    )
    # Debian's Odoo names packages that only some of its own addons need.
    assert "odoo-addon-g2p" not in check.stdout


@pytest.mark.skipif(not settings.is_on("FULL"), reason="only with FULL=1")
def test_the_addons_are_installed_and_tested_from_the_wheels(postgres, python):
    packages = virtualenvs.site_packages(python.parents[1])
    folders = [
        *odoo_source.addons_folders(),
        virtualenvs.site_packages(settings.ODOO_VENV) / "odoo" / "addons",
        packages / "odoo" / "addons",
    ]
    server = OdooServer(
        postgres,
        DATABASE,
        name=DATABASE,
        options={"addons_path": ",".join(str(folder) for folder in folders)},
    )
    drop_database(postgres, DATABASE)
    postgres.create_database(DATABASE)
    try:
        log = run(
            *(python, "-m", "odoo", "--config", server.write_config()),
            *("--init", ",".join(settings.modules())),
            *("--test-tags", TAGS, "--stop-after-init", "--no-http"),
            folder=packages,
        )
    finally:
        drop_database(postgres, DATABASE)
    assert str(settings.ROOT / TESTED) not in log
    done = re.findall(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", log)
    assert done and done[-1][:2] == ("0", "0") and int(done[-1][2]) > 50, log[-4000:]
    # At the stand-in for SPAR, which the wheel has to bring along.
    assert "TestSparClient.test_done" in log
