"""What stands in the way is told in plain words."""

import socket

import pytest

from tools import odoo_source, postgres, problems, settings, virtualenvs
from tools.__main__ import main
from tools.problems import Problem


def test_old_python():
    with pytest.raises(Problem, match=r"Python 3\.9\.18 is too old.*SPAR_PYTHON"):
        problems.check_python((3, 9, 18))


def test_new_enough_python():
    problems.check_python((3, 10, 0))


def test_python_that_cannot_be_run(monkeypatch):
    monkeypatch.setenv("SPAR_PYTHON", "/nowhere/python")
    with pytest.raises(Problem, match="SPAR_PYTHON=/nowhere/python cannot be run"):
        virtualenvs.base_version()


def test_taken_port_names_the_variable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"Port {port}.*SPAR_ODOO_PORT="):
            problems.check_port(port, "SPAR_ODOO_PORT", "Odoo")
        assert problems.free_port(port) > port


def test_full_disk(tmp_path):
    with pytest.raises(Problem, match="GB free"):
        problems.check_disk(tmp_path, gigabytes=10**9)


def test_no_network():
    output = "E: Could not resolve 'archive.invalid'"
    text = str(problems.explain_download("Odoo 19", output))
    assert "cannot be reached" in text
    assert "run the same command again" in text
    assert output in text


def test_number_that_is_none(monkeypatch):
    monkeypatch.setenv("SPAR_ODOO_PORT", "many")
    with pytest.raises(Problem, match="SPAR_ODOO_PORT must be a whole number"):
        settings.odoo_port()


def test_no_apt_and_no_odoo(monkeypatch):
    monkeypatch.setattr(odoo_source.shutil, "which", lambda name: None)
    with pytest.raises(Problem, match="no apt.*SPAR_ODOO_PATH"):
        odoo_source.archive_address()


def test_odoo_path_without_odoo(monkeypatch, tmp_path):
    monkeypatch.setenv("SPAR_ODOO_PATH", str(tmp_path))
    with pytest.raises(Problem, match="holds no Odoo"):
        odoo_source.own_odoo()


def test_bad_database_address(monkeypatch):
    monkeypatch.setenv("SPAR_DATABASE_URL", "mysql://localhost")
    with pytest.raises(Problem, match="must look like postgresql://"):
        postgres.Postgres()


def test_unreachable_database(monkeypatch):
    port = problems.free_port(45432)
    monkeypatch.setenv("SPAR_DATABASE_URL", f"postgresql://u:p@127.0.0.1:{port}")
    with pytest.raises(Problem, match="SPAR_DATABASE_URL cannot be reached"):
        postgres.Postgres().start()


def test_old_database(monkeypatch):
    class Connection:
        server_version = 140005

        def close(self):
            pass

    monkeypatch.setenv("SPAR_DATABASE_URL", "postgresql://u:p@localhost")
    server = postgres.Postgres()
    monkeypatch.setattr(server, "connect", Connection)
    with pytest.raises(Problem, match="is PostgreSQL 14; 15 or newer"):
        server.start()


def test_command_line_prints_problem_without_traceback(monkeypatch, capsys):
    def fail(arguments):
        raise Problem("Something is in the way.")

    monkeypatch.setattr("tools.__main__.setup", fail)
    assert main(["setup"]) == 2
    printed = capsys.readouterr().err
    assert "Something is in the way." in printed
    assert "Traceback" not in printed


def test_unknown_command(capsys):
    assert main(["dance"]) == 2
    assert "no command dance" in capsys.readouterr().err
