"""The frame of the pages for field agents: a stylesheet of their own, and no other.

Odoo's bundles for the portal are megabytes, most of them scripts for other pages.
"""

import functools
import hashlib

from odoo.http import request
from odoo.tools import file_open

_FOLDER = "g2p_spar_portal/static/src"


@functools.cache
def static_url(name):
    """Return the address of a static file; it changes with its content.

    :param str name: of a file in ``static/src``
    """
    with file_open(f"{_FOLDER}/{name}", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"/{_FOLDER}/{name}?v={digest[:16]}"


def frame():
    """Return what the template ``layout`` needs besides the content of a page."""
    code = request.env.lang or "en_US"
    language = request.env["res.lang"]._get_data(code=code)
    return {
        "lang": code.replace("_", "-"),
        "direction": language.direction or "ltr",
        "stylesheet": static_url("portal.css"),
        "icon": static_url("people.svg"),
    }


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
