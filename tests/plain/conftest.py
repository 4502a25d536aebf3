"""A stand-in of each version of SPAR, and a partner they all know."""

import json

import pytest

from tests.contract.run import Server
from tests.contract.speaker import COLUMNS, Key, Speaker
from tests.standin_spar.server import make_server
from tools import keys


class StandIn(Server):
    """A stand-in in a thread of this process.

    :param str version: of SPAR.
    :param Key key: of the partner.
    :param pathlib.Path partners: folder of registered certificates.
    """

    def __init__(self, version, key, partners):
        server = make_server(version=version, partners=partners).start()
        self.mapper, self.stop = server.mapper, server.stop
        self.verifier = server.dialect.verifier
        super().__init__(
            Speaker(COLUMNS[version], server.url, key),
            lambda: json.loads(self.mapper.state())["rows"],
            lambda: self.mapper.reset(rows=True),
        )

    def row(self, spar_id):
        """Return all columns of one row."""
        return json.loads(self.mapper.details())[spar_id]


@pytest.fixture(scope="module")
def partner_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module")
def partner_files(partner_folder):
    """Return the files of a registered key."""
    return keys.demo_partner_key(partner_folder / "keys", partner_folder / "partners")


@pytest.fixture(scope="module")
def make_stand_in():
    """Return a function that makes a stand-in, stopped after the module."""
    running = []

    def make(version, key, partners):
        running.append(StandIn(version, key, partners))
        return running[-1]

    yield make
    for stand_in in running:
        stand_in.stop()


@pytest.fixture(scope="module")
def stand_ins(make_stand_in, partner_files, partner_folder):
    """Return a stand-in of each version, by version."""
    key = Key(partner_files)
    partners = partner_folder / "partners"
    return {name: make_stand_in(name, key, partners) for name in COLUMNS}
