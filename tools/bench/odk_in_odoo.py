"""The part of the ODK benchmark that runs inside Odoo, in its Python shell."""

import resource
import time

import requests


def prepare(env, base_url, email, password, project, forms):
    """Make a server, its forms with the ready mapping, and a wallet operator.

    :param Environment env: of Odoo's shell.
    :param str base_url: address of the stand-in.
    :param str email: of its user.
    :param str password: the file with the password.
    :param int project: its number.
    :param list forms: their IDs in XML.
    """
    env["g2p.dfsp"].create(
        {
            "fa_type": "mobile_wallet",
            "name": "M-Cash",
            "code": "MC",
            "country_id": env.ref("base.tz").id,
        }
    )
    server = env["g2p.odk.server"].create(
        {
            "name": "Central",
            "base_url": base_url,
            "email": email,
            "password_path": password,
        }
    )
    made = env["g2p.odk.form"].create(
        [
            {
                "name": form,
                "server_id": server.id,
                "project_id": project,
                "xml_form_id": form,
                "registrant_policy": "create",
            }
            for form in forms
        ]
    )
    for form in made:
        form.action_apply_ready_mapping()
    env.cr.commit()


def fetch(env, form, size):
    """Fetch a form from the beginning, and apply what was fetched.

    :param Environment env: of Odoo's shell.
    :param str form: its ID in XML.
    :param int size: how many submissions it has.
    :return: ``seconds`` it took and the ``peak`` of the process's memory in MiB.
    :raises ValueError: when not every submission became a registrant with an address.
    """
    found = _form(env, form)
    started = time.perf_counter()
    run = found._pull()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paid = env["g2p.financial.address"].search_count(
        [("odk_submission_id.form_id", "=", found.id), ("state", "=", "effective")]
    )
    people = env["res.partner"].search_count([("is_registrant", "=", True)])
    if run.state != "done" or {run.new_count, paid, people} != {size}:
        raise ValueError(
            f"{run.new_count} fetched, {people} added, {paid} paid of {size}: "
            f"{run.message}"
        )
    return {"seconds": seconds, "peak": peak}


def count_idle_requests(env, form, central):
    """Fetch a form again with nothing new; return how many requests it took.

    :param Environment env: of Odoo's shell.
    :param str form: its ID in XML.
    :param str central: address of the stand-in.
    :raises ValueError: when there was something new.
    """
    session = requests.Session()
    session.trust_env = False
    session.post(f"{central}/control/forget", json={}, timeout=30)
    run = _form(env, form)._pull()
    if run.state != "done" or run.new_count or run.changed_count:
        raise ValueError(f"Not idle: {run.message}")
    return session.get(f"{central}/control/requests", timeout=30).json()


def _form(env, xml_form_id):
    return env["g2p.odk.form"].search([("xml_form_id", "=", xml_form_id)])
