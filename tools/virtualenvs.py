"""Virtual environments with pinned packages."""

import subprocess
import sys

from . import problems, settings
from .problems import Problem


def base_python():
    """Return the Python that makes the environments (``SPAR_PYTHON``).

    Inside a virtual environment this is the Python it was made from.
    """
    return settings.text("SPAR_PYTHON", getattr(sys, "_base_executable", None))


def base_version():
    """Return the version of :func:`base_python` as three numbers.

    :raises Problem: when it cannot be run or is too old.
    """
    if not settings.text("SPAR_PYTHON"):
        version = tuple(sys.version_info[:3])
    else:
        script = "import sys; print(*sys.version_info[:3])"
        try:
            answer = subprocess.run(
                [base_python(), "-c", script],
                check=True,
                capture_output=True,
                text=True,
            )
        except (OSError, subprocess.CalledProcessError):
            raise Problem(f"SPAR_PYTHON={base_python()} cannot be run.") from None
        version = tuple(int(part) for part in answer.stdout.split())
    problems.check_python(version)
    return version


def create(folder, requirements):
    """Make a virtual environment and install packages into it.

    Nothing is compiled: only ready-made wheels are accepted.

    :param pathlib.Path folder: where to make it.
    :param pathlib.Path requirements: file that pins every package.
    :raises Problem: when Python lacks ``venv`` or the download fails.
    """
    made = subprocess.run(
        [base_python(), "-m", "venv", str(folder)], capture_output=True, text=True
    )
    if made.returncode:
        raise Problem(
            "Python could not make a virtual environment. On Debian and Ubuntu, "
            "install the package python3-venv.\n" + made.stdout + made.stderr
        )
    command = [str(folder / "bin" / "python"), "-m", "pip", "install"]
    command += ["--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--requirement", str(requirements)]
    installed = subprocess.run(command, capture_output=True, text=True)
    if installed.returncode:
        raise problems.explain_download(
            f"the Python packages of {requirements.name}",
            installed.stdout + installed.stderr,
        )


def site_packages(folder):
    """Return the folder of a virtual environment that holds its packages.

    :param pathlib.Path folder: the virtual environment.
    """
    return next((folder / "lib").glob("python3*/site-packages"))
