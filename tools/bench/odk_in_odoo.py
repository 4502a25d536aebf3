"""The part of the ODK benchmark that runs inside Odoo, in its Python shell."""

import resource
import time

import requests


def prepare(env, base_url, password, forms):
    """Make a server and its forms.

    :param Environment env: of Odoo's shell.
    :param str password: the file with the password.
    :param list forms: their IDs in XML.
    """
    server = env["g2p.odk.server"].create(
        {
            "name": "Central",
            "base_url": base_url,
            "email": "viewer@example.org",
            "password_path": password,
        }
    )
    env["g2p.odk.form"].create(
        [
            {"name": form, "server_id": server.id, "project_id": 1, "xml_form_id": form}
            for form in forms
        ]
    )
    env.cr.commit()


def fetch(env, form, size):
    """Fetch a form from the beginning, with nothing staged of it.

    :param Environment env: of Odoo's shell.
    :param str form: its ID in XML.
    :param int size: how many submissions it has.
    :return: ``seconds`` it took and the ``peak`` of the process's memory in MiB.
    :raises ValueError: when not all were staged.
    """
    found = env["g2p.odk.form"].search([("xml_form_id", "=", form)])
    env.cr.execute("DELETE FROM g2p_odk_submission WHERE form_id = %s", [found.id])
    found.cursor = False
    env.cr.commit()
    # As autovacuum would have done.
    env.cr.execute("ANALYZE g2p_odk_submission")
    env.cr.commit()
    started = time.perf_counter()
    run = found._pull()
    seconds = time.perf_counter() - started
    if run.state != "done" or run.new_count != size:
        raise ValueError(f"{run.new_count} of {size}: {run.message}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak": peak}


def count_idle_requests(env, central):
    """Fetch every form again with nothing new; return the most requests one took.

    :param Environment env: of Odoo's shell.
    :param str central: address of the stand-in.
    """
    return max(_requests(form, central) for form in env["g2p.odk.form"].search([]))


def _requests(form, central):
    session = requests.Session()
    session.trust_env = False
    session.post(f"{central}/control/forget", json={}, timeout=30)
    run = form._pull()
    if run.state != "done" or run.new_count or run.changed_count:
        raise ValueError(f"Not idle: {run.message}")
    return session.get(f"{central}/control/requests", timeout=30).json()
