"""A small client of a running Odoo, over the calls its own web client makes."""

import requests


class RpcError(Exception):
    """Odoo refused a call.

    ``name`` is the exception's class on the server, ``debug`` its traceback.
    """

    def __init__(self, error):
        data = error.get("data") or {}
        self.name = data.get("name", "")
        self.debug = data.get("debug", "")
        super().__init__(f"{self.name}: {data.get('message') or error.get('message')}")


class Rpc:
    """A logged-in user's session.

    :param str url: base address of Odoo.
    :param str database: name of the database.
    :param str login: user name.
    :param str password: password.
    :raises RpcError: when the login is refused.
    """

    def __init__(self, url, database, login, password):
        self.url = url
        self.session = requests.Session()
        # Variables for a proxy must not lead local calls astray.
        self.session.trust_env = False
        answer = self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": password},
        )
        self.uid = answer["uid"]

    def call(self, model, method, *args, **kw):
        """Call a public method of a model.

        :param str model: for example ``res.partner``.
        :param str method: for example ``search_read``.
        :param args: positional arguments; for a method of records, the list of ids
            comes first.
        :param kw: keyword arguments.
        :return: what the method returned, as JSON; records become lists of ids.
        :raises RpcError: when the server raises an exception.
        """
        parameters = {"model": model, "method": method, "args": args, "kwargs": kw}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", parameters)

    def _post(self, path, parameters):
        message = {"jsonrpc": "2.0", "method": "call", "params": parameters}
        response = self.session.post(self.url + path, json=message, timeout=600)
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise RpcError(answer["error"])
        # A method that returns nothing has no result in the answer.
        return answer.get("result")
