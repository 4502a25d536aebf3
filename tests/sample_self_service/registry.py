"""The calls of the registry's self-service API."""

import httpx

PROPOSALS = "v1/address/proposals"


class Refused(Exception):
    """The registry answered with a problem (RFC 9457).

    :param int status: of the answer.
    :param dict problem: its body.
    :param str retry_after: when to try again, in seconds, or None.
    """

    def __init__(self, status, problem, retry_after=None):
        super().__init__(problem.get("title"))
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


class Registry:
    """The registry, about one citizen at a time.

    :param httpx.AsyncClient http: to the registry.
    :param access: one of those in ``access.py``.
    """

    def __init__(self, http, access):
        self.http = http
        self.access = access

    async def address(self, citizen):
        """Return where the citizen is paid."""
        return await self._ask(citizen, "GET", "v1/address")

    async def propose(self, citizen, proposal, key):
        """Propose another address.

        :param dict proposal: type, provider and number.
        :param str key: made once for each time the citizen presses the button. Sent
            again after a lost answer, it changes nothing twice.
        """
        headers = {"Idempotency-Key": key}
        return await self._ask(
            citizen, "POST", PROPOSALS, json=proposal, headers=headers
        )

    async def progress(self, citizen, proposal_id):
        """Return what became of a proposal."""
        return await self._ask(citizen, "GET", f"{PROPOSALS}/{proposal_id}")

    async def end(self, citizen, reason):
        """Have the citizen paid nowhere."""
        return await self._ask(
            citizen, "POST", "v1/address/end", json={"reason": reason}
        )

    async def providers(self, citizen, page):
        """Return one page of the banks and wallet operators."""
        return await self._ask(citizen, "GET", "v1/dfsps", params={"page": page})

    async def _ask(self, citizen, method, path, headers=None, **content):
        headers = {**(headers or {}), **await self.access.headers(citizen)}
        answer = await self.http.request(method, path, headers=headers, **content)
        if answer.is_error:
            raise Refused(
                answer.status_code,
                _problem(answer),
                answer.headers.get("Retry-After"),
            )
        return answer.json()


def _problem(answer: httpx.Response):
    """Return the problem an answer tells; something else may have answered."""
    try:
        return dict(answer.json())
    except ValueError:
        return {"title": "The registry cannot be reached"}
