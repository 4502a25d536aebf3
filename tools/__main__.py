"""Command line: ``python3 -m tools <command>``."""

import os
import sys

from .problems import Problem, check_python

COMMANDS = {
    "setup": "download and prepare everything below .sandbox/",
    "demo": "show the addons at work, with a real SPAR mapper (ONCE=1 ends by itself)",
    "test": "run all tests (ONLY=plain runs one suite; FULL=1 runs more)",
    "bench": "measure, and compare with the goals (ONLY=address measures one part)",
    "chaos": "let things go wrong on purpose (ONLY=kill runs one scenario)",
    "contract": "compare your SPAR or ODK Central with what the suite relies on",
    "client": "write docs/openapi.json anew, and the Python client made from it",
    "readme": "write README.rst and index.html of each addon from its readme/",
    "translations": "bring the translations up to date with the texts of the addons",
    "lint": "check style and formatting of all files",
    "odoo": "run Odoo on the database `dev` with the addons, for developing",
    "shell": "open Odoo's Python shell on the database `dev`",
    "stop": "stop everything that was started and still runs",
    "clean": "stop everything and remove .sandbox/",
    "help": "show this list",
}


def show_help(_arguments):
    """Print one line for each command."""
    for name, text in COMMANDS.items():
        print(f"make {name:<12} {text}")


def setup(_arguments):
    """Prepare everything."""
    from . import environment

    environment.set_up()
    print("Ready.")


def demo(arguments):
    """Run the demo."""
    _enter("demo", arguments)
    from . import demo as demonstration

    return demonstration.main(arguments)


def test(arguments):
    """Run the tests."""
    _enter("test", arguments)
    from . import testing

    return testing.main(arguments)


def bench(arguments):
    """Measure."""
    # Only figures go to stdout, so that a program can read them.
    _enter("bench", arguments, lambda text: print(text, file=sys.stderr))
    from . import bench as benchmark

    return benchmark.main(arguments)


def chaos(arguments):
    """Let things go wrong."""
    _enter("chaos", arguments, lambda text: print(text, file=sys.stderr))
    from . import chaos as scenarios

    return scenarios.main(arguments)


def contract(arguments):
    """Hold the contract tables against a server."""
    _enter("contract", arguments)
    from . import contract as tables

    return tables.main(arguments)


def client(arguments):
    """Write the API's document and the client made from it."""
    _enter("client", arguments)
    from . import api_client

    return api_client.main(arguments)


def translations(arguments):
    """Bring the translations up to date."""
    _enter("translations", arguments)
    from . import translations as texts

    return texts.main(arguments)


def odoo(arguments):
    """Run Odoo for developing."""
    _enter("odoo", arguments)
    from . import development

    return development.run_odoo(arguments)


def shell(arguments):
    """Open Odoo's shell."""
    _enter("shell", arguments)
    from . import development

    return development.run_shell(arguments)


def lint(arguments):
    """Check style and formatting."""
    from . import linting

    return linting.main(arguments)


def readme(_arguments):
    """Write what is made from the addons' fragments."""
    from . import linting

    return linting.write_readmes()


def stop(_arguments):
    """Stop everything."""
    from . import cleaning

    cleaning.stop()


def clean(_arguments):
    """Remove everything generated."""
    from . import cleaning

    cleaning.clean()


def _enter(command, arguments, say=print):
    """Set up, then go on in Odoo's virtual environment."""
    from . import environment

    environment.set_up(say)
    environment.continue_in_odoo_environment([command, *arguments])


def main(arguments):
    """Run a command.

    :param list arguments: the command's name and its own arguments.
    :return: exit code: 0 fine, 1 failed checks, 2 a problem the user can solve.
    """
    name, *rest = arguments or ["help"]
    actions = {"help": show_help, "setup": setup, "demo": demo, "test": test}
    actions.update(
        bench=bench,
        chaos=chaos,
        contract=contract,
        client=client,
        lint=lint,
        readme=readme,
        translations=translations,
        odoo=odoo,
        shell=shell,
        stop=stop,
        clean=clean,
    )
    if name not in actions:
        print(f"There is no command {name}.\n", file=sys.stderr)
        show_help([])
        return 2
    try:
        check_python()
        return actions[name](rest) or 0
    except Problem as problem:
        sys.stdout.flush()
        print(f"\n{problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else os.EX_SOFTWARE)
