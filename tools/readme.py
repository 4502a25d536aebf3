"""Writes the README.rst and the index.html of each addon, in the layout of OCA's.

Both are made from the fragments in the addon's folder ``readme/`` and from its
manifest. ``make readme`` writes them. ``python3 -m tools.readme check``, in the lint
environment, only lists those that are not up to date, and news fragments that towncrier
refuses.

OCA's own program for this is not on the Python package index. This one does the same
with the same libraries: pandoc turns Markdown into reStructuredText, and docutils that
into HTML.
"""

import ast
import subprocess
import sys

import pypandoc
from docutils.core import publish_parts

from . import settings

#: Fragments in order, with the headings OCA gives them.
SECTIONS = [
    ("CONTEXT", "Use Cases / Context"),
    ("INSTALL", "Installation"),
    ("CONFIGURE", "Configuration"),
    ("USAGE", "Usage"),
    ("ROADMAP", "Known issues / Roadmap"),
    ("HISTORY", "Changelog"),
]
README = """\
.. Made from the fragments in readme/ by `make readme`: change those instead.

{line}
{name}
{line}

:Development status: {development_status}
:License: {license}

{description}

**Table of contents**

.. contents::
   :local:

{sections}

Credits
=======

Authors
-------

* {author}
"""
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; line-height: 1.5; max-width: 50em; margin: 2em auto; }}
h2 {{ border-bottom: 1px solid #ddd; padding-bottom: 0.2em; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: 0 1em; }}
dd, dd p, li p {{ margin: 0; }}
.literal {{ font-family: monospace; }}
pre {{ background: #f5f5f5; padding: 0.8em; overflow: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def made(addon):
    """Return what the two files of an addon should be.

    :param pathlib.Path addon: its folder.
    :return: path -> text.
    :raises FileNotFoundError: without a manifest or a description.
    :raises docutils.utils.SystemMessage: when a fragment is not well-formed.
    """
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    sections = []
    for name, title in SECTIONS:
        if (addon / "readme" / f"{name}.md").exists():
            text = _fragment(addon, name)
            sections.append(f"{title}\n{'=' * len(title)}\n\n{text}")
    readme = README.format(
        **manifest,
        line="=" * len(manifest["name"]),
        description=_fragment(addon, "DESCRIPTION"),
        sections="\n\n".join(sections),
    )
    return {
        addon / "README.rst": readme,
        addon / "static" / "description" / "index.html": _page(readme),
    }


def _fragment(addon, name):
    """Return one fragment as reStructuredText."""
    source = addon / "readme" / f"{name}.md"
    return pypandoc.convert_file(str(source), "rst", format="markdown-smart").strip()


def _page(readme):
    """Return a README as a page of HTML."""
    overrides = {
        # A fragment reads no other file, and a fault in it is an error.
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "halt_level": 2,
        "report_level": 5,
        "toc_backlinks": False,
        "initial_header_level": 2,
    }
    parts = publish_parts(readme, writer="html5", settings_overrides=overrides)
    lines = [line.rstrip() for line in parts["html_body"].splitlines()]
    return PAGE.format(title=parts["title"], body="\n".join(lines))


def news_faults(addon):
    """Return what towncrier says of an addon's news fragments; nothing when fine.

    :param pathlib.Path addon: its folder.
    """
    command = [sys.executable, "-m", "towncrier", "build", "--draft"]
    command += ["--config", "pyproject.toml", "--dir", addon.name, "--version", "next"]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def main(arguments):
    """Write the files of all addons, or check them.

    :param list arguments: ``check``, or nothing to write.
    :return: exit code: 0, or 1 when a check found something.
    """
    addons = [settings.ROOT / name for name in settings.addons()]
    wanted = {path: text for addon in addons for path, text in made(addon).items()}
    stale = [path for path in wanted if not _is(path, wanted[path])]
    if arguments == ["check"]:
        faults = [f"{path.relative_to(settings.ROOT)} is out of date" for path in stale]
        faults += ["`make readme` writes them."] if stale else []
        faults += [fault for addon in addons if (fault := news_faults(addon))]
        print("\n".join(faults))
        return int(bool(faults))
    for path in stale:
        path.write_text(wanted[path])
        print(path.relative_to(settings.ROOT))
    return 0


def _is(path, text):
    """Tell whether a file has just this text."""
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
