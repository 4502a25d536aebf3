"""The frame of the pages for field agents: a stylesheet of their own, and no other.

Odoo's bundles for the portal are megabytes, most of them scripts for other pages.
"""

import functools
import hashlib
import json

from odoo import http
from odoo.http import request
from odoo.tools import file_open

from ..const import FIELD_AGENT
from ..models.g2p_portal_sent import KEPT_DAYS

#: The script that answers where there is no network.
WORKER = "/my/register/worker.js"
#: What makes of the pages an app on the phone.
MANIFEST = "/my/register/manifest.json"
#: Of the bar around the pages, as the buttons of ``portal.css`` have it.
COLOUR = "#1a4f8b"
#: Of the icons, in pixels.
ICON_SIZES = (192, 512)

_FOLDER = "g2p_spar_portal/static/src"


@functools.cache
def static_url(name):
    """Return the address of a static file; it changes with its content.

    :param str name: of a file in ``static/src``
    """
    with file_open(f"{_FOLDER}/{name}", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"/{_FOLDER}/{name}?v={digest[:16]}"


def shell():
    """Return the addresses of the static files that every page loads."""
    return [static_url(name) for name in ("portal.css", "portal.js", "people.svg")]


def frame():
    """Return what the template ``layout`` needs besides the content of a page."""
    code = request.env.lang or "en_US"
    language = request.env["res.lang"]._get_data(code=code)
    user = request.env.user
    return {
        "lang": code.replace("_", "-"),
        "direction": language.direction or "ltr",
        "stylesheet": static_url("portal.css"),
        "script": static_url("portal.js"),
        "icon": static_url("people.svg"),
        "worker": WORKER,
        # A browser asks for it without cookies, and so without a language.
        "manifest": f"{MANIFEST}?lang={code}",
        "colour": COLOUR,
        "agent": str(user.id) if user and user.has_group(FIELD_AGENT) else None,
        "days": kept_days(),
        "version": f"{code} {version()}",
        "languages": len(languages()),
    }


def languages():
    """Return the languages of the registry, as pairs of code and name."""
    return request.env["res.lang"].get_installed()


def kept_days():
    """Return how many days a phone keeps what was not sent.

    As long as an unfinished registration, and not longer than its key is known.
    """
    settings = request.env["g2p.fa.settings"].cached_values()
    return min(settings["registration_days"], KEPT_DAYS)


def version():
    """Return what changes with any of the static files."""
    addresses = " ".join([*shell(), static_url("worker.js")])
    return hashlib.sha256(addresses.encode()).hexdigest()[:16]


def show(template, values, status=200):
    """Return a page.

    :param str template: of this addon
    :param dict values: of the template
    :param int status: the HTTP status
    """
    values = {**values, "frame": frame()}
    response = request.render(f"g2p_spar_portal.{template}", values)
    response.status_code = status
    return response


class App(http.Controller):
    """What makes an app of the pages: its description and the service worker.

    Neither has data.
    """

    @http.route(
        MANIFEST,
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        spar_body_taken=True,
    )
    def manifest(self, lang="", **_others):
        """Return the description of the app, in a language of the registry.

        :param str lang: code of the language
        """
        language = request.env["res.lang"]._get_data(code=lang)
        if language:
            request.update_context(lang=language.code)
        name = request.env._("My people")
        app = {
            "name": name,
            "short_name": name,
            "lang": (language.code or "en").replace("_", "-"),
            "dir": language.direction or "ltr",
            "start_url": "/my/people",
            "scope": "/my/",
            "display": "standalone",
            "theme_color": COLOUR,
            "background_color": "#ffffff",
            "icons": [
                {
                    "src": static_url(f"app-{size}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                }
                for size in ICON_SIZES
            ],
        }
        headers = {"Content-Type": "application/manifest+json; charset=utf-8"}
        return request.make_response(json.dumps(app), headers.items())

    @http.route(
        WORKER,
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        spar_body_taken=True,
    )
    def worker(self, **_others):
        """Return the script, with the files it keeps."""
        with file_open(f"{_FOLDER}/worker.js") as file:
            script = f"const SHELL = {json.dumps(shell())};\n{file.read()}"
        headers = {
            "Content-Type": "text/javascript; charset=utf-8",
            "Cache-Control": "no-cache",
            # Both paths of the pages; the script registers for these alone.
            "Service-Worker-Allowed": "/my/",
        }
        return request.make_response(script, headers.items())
