"""Serves the API: every answer leaves through here, and is written down here."""

import logging
import traceback
from contextlib import contextmanager
from contextvars import copy_context

import psycopg2
import pytz
from fastapi.exceptions import RequestValidationError
from psycopg2.pool import PoolError
from starlette.exceptions import HTTPException as StarletteHTTPException
from werkzeug.exceptions import HTTPException

from odoo import api
from odoo.exceptions import (
    AccessDenied,
    AccessError,
    ConcurrencyError,
    MissingError,
    UserError,
)
from odoo.http import request

from odoo.addons.fastapi.context import odoo_env_ctx
from odoo.addons.fastapi.fastapi_dispatcher import FastApiDispatcher
from odoo.addons.fastapi.pools import fastapi_app_pool
from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from . import asgi, call, rate_limits
from .models.fastapi_endpoint import APP, guard_bodies
from .models.g2p_api_call import note
from .problems import MEDIA_TYPE, Problem, of_status, of_validation

_logger = logging.getLogger(__name__)

#: What Odoo handles itself, most often by running the request again.
_OF_DATABASE = (
    psycopg2.OperationalError,
    psycopg2.IntegrityError,
    ConcurrencyError,
)

#: Names of time zones, as in Africa/Dar_es_Salaam.
_ZONES = frozenset(pytz.all_timezones)

#: Letters of an Accept-Language header; browsers send some tens.
MAX_LANGUAGES = 200


class SelfServiceDispatcher(FastApiDispatcher):
    """Runs a call, and turns whatever goes wrong into problem details.

    Nothing an exception says reaches a log or an answer: it may hold payment data.
    """

    routing_type = APP

    def __init__(self, request):
        super().__init__(request)
        httprequest = request.httprequest
        self.call = call.Call(httprequest.method, httprequest.remote_addr or "")

    def pre_dispatch(self, rule, args):
        # Also where it moved after this process had loaded the registry.
        guard_bodies(rule.endpoint.routing["spar_root_path"])
        request_bodies.check_taken(self.request.httprequest.environ)
        return super().pre_dispatch(rule, args)

    def dispatch(self, endpoint, args):
        # Values of a retry are those of this try.
        self.call.caller = None
        return copy_context().run(self._dispatch, endpoint.routing["spar_root_path"])

    def _dispatch(self, root_path):
        call.current.set(self.call)
        Endpoint = request.env["fastapi.endpoint"].sudo()
        try:
            environ = self._get_environ()
            body = environ["wsgi.input"].read()
            # One pool of apps, where there would be one for every path somebody asks.
            with (
                fastapi_app_pool.get_app(env=request.env, root_path=root_path) as app,
                self._acting(Endpoint.get_uid(root_path)),
            ):
                status, headers, content = asgi.call(app.app, environ, body)
                response = self.request.make_response(
                    content, headers=headers, status=status
                )
                self._finish(response)
                # Kept with what the call did, or not at all.
                self._note(request.env.cr, status)
        except _OF_DATABASE:
            raise
        except Exception as exc:
            raise self._as_problem(exc) from None
        return response

    def handle_error(self, exc):
        problem = self._as_problem(exc)
        try:
            # Nothing of the call is kept, and nobody waits for its locks any more.
            self.request.env.cr.rollback()
            if problem.kind == "unauthenticated":
                problem = self._count_failure(problem)
            with self.request.registry.cursor() as cr:
                self._note(cr, problem.code, problem)
        except (psycopg2.Error, PoolError):
            # The caller is answered all the same.
            _logger.error("Call %s was not written down", self.call.request_id)
        response = self.request.make_json_response(
            self._worded(problem),
            status=problem.code,
            headers={**problem.headers, "Content-Type": MEDIA_TYPE},
        )
        self._finish(response)
        return response

    def _worded(self, problem):
        """Return the body of an answer, in English where no language can be read."""
        try:
            return problem.as_dict(self._reader_env(), self.call.request_id)
        except (psycopg2.Error, PoolError):
            return problem.as_dict(None, self.call.request_id)

    def _count_failure(self, problem):
        """Return the refusal, or another one for whoever is refused too often."""
        env = api.Environment(self.request.env.cr, api.SUPERUSER_ID, {})
        wait = env["g2p.fa.rate"].take_all(rate_limits.of_failure(self.call.source))
        if not wait:
            return problem
        # Of these nothing is kept: strangers could fill the table.
        self.call.operation = None
        return Problem("too_many", headers={"Retry-After": str(wait)})

    def _note(self, cr, status, problem=None):
        """Write down a call of an operation, unless it is one nobody asks about."""
        if self.call.operation in (None, "health"):
            return
        what = problem and ": ".join(filter(None, (problem.kind, problem.cause)))
        note(cr, self.call, status, what)

    @contextmanager
    def _acting(self, uid):
        """Run the block as the API's user, in the language and zone of the caller."""
        env = self._reader_env()(user=uid)
        token = odoo_env_ctx.set(env)
        try:
            yield
            # Later it would be done by the public user.
            env.flush_all()
        finally:
            odoo_env_ctx.reset(token)

    def _reader_env(self):
        """Return an environment in the caller's language and time zone, if known."""
        zone = self.request.httprequest.headers.get("Time-Zone", "").strip()
        env = self._language_env()
        return env(context={**env.context, "tz": zone}) if zone in _ZONES else env

    def _language_env(self):
        env = self.request.env
        wanted = self.request.httprequest.headers.get("Accept-Language", "")
        if len(wanted) > MAX_LANGUAGES:
            return env
        try:
            known = env["res.lang"].sudo()._get_lang_from_accept_language(wanted)
        except ValueError:
            # It was sent to us, so it may be anything.
            return env
        return env(context={**env.context, "lang": known}) if known else env

    def _finish(self, response):
        response.headers["X-Request-Id"] = self.call.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")

    def _as_problem(self, exc):
        if isinstance(exc, Problem):
            return exc
        if isinstance(exc, RequestValidationError):
            return of_validation(exc.errors())
        if isinstance(exc, StarletteHTTPException):
            return of_status(exc.status_code, exc.headers)
        if isinstance(exc, HTTPException):
            return of_status(exc.code or 500)
        if isinstance(exc, asgi.BadPath):
            return Problem("not_found")
        # All connections to the database are in use.
        if isinstance(exc, (*_OF_DATABASE, PoolError)):
            return Problem("busy", headers={"Retry-After": "1"})
        if isinstance(exc, MissingError):
            return Problem("not_found")
        if isinstance(exc, AccessDenied | AccessError):
            return Problem("forbidden")
        if isinstance(exc, UserError):
            return Problem("refused")
        self._log(exc)
        return Problem("failed")

    def _log(self, exc):
        """Log where something went wrong, without what the exception says."""
        frames = "".join(traceback.format_tb(exc.__traceback__))
        _logger.error(
            "Call %s of the self-service API failed: %s\n%s",
            self.call.request_id,
            type(exc).__name__,
            frames,
        )
