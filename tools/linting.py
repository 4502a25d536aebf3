"""``make lint`` runs the hooks of ``.pre-commit-config.yaml`` on all files.

``make readme`` writes the files that one of them checks.
"""

import os
import subprocess

from . import environment, settings
from .problems import Problem


def main(arguments):
    """Check every file git knows or would add.

    :param list arguments: further arguments of ``pre-commit run``.
    :return: exit code: 0 without findings, else 1.
    :raises Problem: outside a git repository.
    """
    environment.set_up_one(environment.lint_step())
    programs = settings.LINT_VENV / "bin"
    command = [str(programs / "pre-commit"), "run", *arguments, "--files", *_files()]
    variables = {
        **os.environ,
        # The hooks name their programs without a folder.
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PRE_COMMIT_HOME": str(settings.SANDBOX / "pre-commit"),
        "RUFF_CACHE_DIR": str(settings.SANDBOX / "ruff"),
        "PYLINTHOME": str(settings.SANDBOX / "pylint"),
    }
    return subprocess.call(command, env=variables, cwd=settings.ROOT)


def write_readmes():
    """Write the README.rst and the index.html of each addon, see ``tools/readme.py``.

    :return: exit code: 0 when it worked.
    """
    environment.set_up_one(environment.lint_step())
    python = str(settings.LINT_VENV / "bin" / "python")
    return subprocess.call([python, "-m", "tools.readme"], cwd=settings.ROOT)


def _files():
    """Return all files of the project: known to git, or new and not ignored."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard", "--deduplicate"]
    try:
        listing = subprocess.run(
            command, cwd=settings.ROOT, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Problem(
            "The lint needs git and a git repository "
            f"(`git init` makes one): {getattr(error, 'stderr', None) or error}"
        ) from None
    names = listing.stdout.split("\0")
    return [name for name in names if name and (settings.ROOT / name).is_file()]
