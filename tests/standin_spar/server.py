"""The stand-in for SPAR, with a verifier of signatures.

Run ``python -m tests.standin_spar.server --help``.
"""

import argparse
from pathlib import Path

from spar_stand_in import server

from .verification import VERIFIERS


def make_server(port=0, version="1.1.0", partners=None, upstream=None):
    """Make a server; call its ``serve_forever`` or ``start`` to run it.

    :param int port: port on 127.0.0.1; 0 chooses a free one.
    :param str version: of SPAR.
    :param pathlib.Path partners: folder of registered certificates; without it
        everyone is believed.
    :param str upstream: base address of a real mapper 1.1.0.
    :rtype: spar_stand_in.server.Server
    """

    def make_verifier(version):
        return VERIFIERS[version](partners) if partners else None

    return server.Server(port, version, upstream, make_verifier)


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(
        prog="tests.standin_spar",
        description=server.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--version", choices=server.VERSIONS, default="1.1.0")
    parser.add_argument("--partners", type=Path)
    parser.add_argument("--upstream")
    options = parser.parse_args(arguments)
    make_server(**vars(options)).serve_forever()


if __name__ == "__main__":
    main()
