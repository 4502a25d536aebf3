"""What SPAR does for one request."""


class Work:
    """The work for one request; call it to have it done.

    :param Mapper mapper: of SPAR.
    :param Dialect dialect: the request is in.
    :param str operation: it asks for.
    :param Request request: as it came.
    """

    #: Whether it is done after the caller has gone.
    goes_on = False

    def __init__(self, mapper, dialect, operation, request):
        self.mapper, self.dialect = mapper, dialect
        self.operation, self.request = operation, request
        request_id, self.items = dialect.parts_of(request.content, operation)
        self.entry, self.fault = mapper.arrive(operation, request_id, self.items)

    def __call__(self, refused=(), keys_down=None):
        """Do it.

        :param refused: SPAR IDs of items to leave out.
        :param keys_down: seconds after which the key service fails; None when it works.
        :return: HTTP status and answer.
        """
        try:
            if self.mapper.upstream:
                return self.mapper.forward(self.operation, self.items, self.request)
            return self.dialect.work(self.operation, self.request, refused, keys_down)
        finally:
            self.over()

    def over(self):
        """Write down that SPAR does nothing more for it."""
        self.mapper.over(self.entry)

    def refusing(self, code, ids=None):
        """Do it but for the items with these SPAR IDs, by default all of them.

        :return: HTTP status and answer, which refuses them with a reason code.
        """
        status, answer = self(ids or {item.get("id") for item in self.items})
        for entry in self.entries(answer):
            if entry.pop("left_out", False):
                entry.update(status="rjct", status_reason_code=code)
        return status, answer

    def rejection(self, code):
        """Return the answer that refuses the whole request."""
        return self.dialect.rejection(self.operation, self.request.content, code)

    def unbelieved(self):
        """Return the answer to a signature that is not believed."""
        return self.dialect.unbelieved(self.operation, self.request.content)

    def entries(self, answer):
        """Return the list in an answer; what is done to it is done to the answer."""
        return self.dialect.list_in(answer)
