"""The stand-in as a test in the same process uses it."""

from collections.abc import MutableMapping

from .server import Server
from .table import Row


class SparStandIn:
    """SPAR on a free port, in a thread of this process.

    ``rows`` are its addresses by SPAR ID and ``infos`` its ``additional_info``; a test
    may change both behind SPAR's back.

    :param str version: one of :data:`.server.VERSIONS`.
    """

    def __init__(self, version="1.1.0"):
        self._server = Server(version=version).start()
        self._mapper = self._server.mapper
        self.url, self.stop = self._server.url, self._server.stop
        #: As a connection's field says it.
        self.dialect = "partner_api" if version in ("2.1", "newest") else "g2p_connect"
        self.rows = Column(self._mapper.table, "fa")
        self.infos = Column(self._mapper.table, "additional_info")
        self.forget = self._mapper.forget

    @property
    def log(self):
        """What arrived, as ``(operation, SPAR IDs)``, since the last ``forget``."""
        return [(asked["operation"], asked["ids"]) for asked in self._mapper.requests]

    @property
    def operations(self):
        """The operations that arrived."""
        return [operation for operation, _ids in self.log]

    @property
    def stored(self):
        """The addresses SPAR stored, in order, since the last ``forget``."""
        applied = self._mapper.table.applied
        return [address for operation, _id, address in applied if operation != "unlink"]

    def stored_under(self, spar_id):
        """The addresses SPAR stored under one ID since the last ``forget``."""
        applied = self._mapper.table.applied
        return {address for _operation, own, address in applied if own == spar_id}

    @property
    def sent_details(self):
        """Name and phone number that came with what was stored last."""
        return self._mapper.table.sent_details

    @property
    def strategies(self):
        """SPAR's table of strategies by number; a test may empty it."""
        return self._mapper.strategies

    @property
    def faults(self):
        """Functions as in :mod:`.faults`, each of which will happen to one request."""
        return self._mapper.faults

    @faults.setter
    def faults(self, faults):
        self._mapper.faults = list(faults)

    @property
    def rule(self):
        """The fault that happens to every request for which there is no other."""
        return self._mapper.rule

    @rule.setter
    def rule(self, fault):
        self._mapper.rule = fault


class Column(MutableMapping):
    """One column of SPAR's table, by SPAR ID; what is stored there makes a row.

    :param Table table: of SPAR.
    :param str name: of the field of its rows.
    """

    def __init__(self, table, name):
        self._table, self._name = table, name

    def __getitem__(self, spar_id):
        return getattr(self._table.rows[spar_id], self._name)

    def __setitem__(self, spar_id, value):
        setattr(self._table.rows.setdefault(spar_id, Row()), self._name, value)

    def __delitem__(self, spar_id):
        del self._table.rows[spar_id]

    def __iter__(self):
        return iter(self._table.rows)

    def __len__(self):
        return len(self._table.rows)

    def __repr__(self):
        return repr(dict(self))
