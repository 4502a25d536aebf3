"""docker-compose.yml is consistent, as far as this shows without an engine."""

import re
import shutil
import subprocess

import pytest
import yaml

from tools import settings

FILE = settings.ROOT / "docker-compose.yml"
CONDITIONS = {
    "service_started",
    "service_healthy",
    "service_completed_successfully",
}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(FILE.read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def test_top_level(compose):
    assert set(compose) == {"name", "services", "volumes"}


def test_every_image_is_pinned_by_a_tag(services):
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), name


def docker_files():
    """Return the files images are built from."""
    found = list((settings.ROOT / "docker").glob("Dockerfile.*"))
    assert found
    return found


def test_every_base_image_is_pinned_by_a_tag():
    for path in docker_files():
        (base,) = re.findall(r"^FROM (\S+)$", path.read_text(), re.MULTILINE)
        assert re.search(r":.*\d", base), path


def test_every_image_is_official_or_built(services):
    built = {s["image"] for s in services.values() if "build" in s}
    known = {"postgres", "openg2p/openg2p-spar-mapper-api"}
    for service in services.values():
        image = service["image"]
        assert image in built or image.rpartition(":")[0] in known


def test_every_build_file_exists(services):
    for service in services.values():
        if "build" in service:
            folder = settings.ROOT / service["build"]["context"]
            assert (folder / service["build"]["dockerfile"]).is_file()


def test_every_mounted_path_exists(compose, services):
    for service in services.values():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert target.startswith("/")
            if source.startswith("."):
                assert (settings.ROOT / source).exists(), source
            else:
                assert source in compose["volumes"], source


def test_every_addon_is_mounted_and_installed(services):
    odoo = services["odoo"]
    for name in settings.modules():
        assert f"./{name}:/mnt/extra-addons/{name}:ro" in odoo["volumes"]
        assert name in odoo["command"]


def test_every_dependency_exists_and_can_be_met(services):
    for service in services.values():
        for name, options in service.get("depends_on", {}).items():
            assert options["condition"] in CONDITIONS
            if options["condition"] == "service_healthy":
                assert "healthcheck" in services[name]


def test_odoo_may_reach_spar_without_encryption(services):
    """The comment at the top names the address; the addon refuses it otherwise."""
    (host,) = re.findall(r"http://([\w-]+):8000", FILE.read_text())
    assert services["odoo"]["environment"]["SPAR_PLAIN_HTTP_HOSTS"] == host
    assert host in services


def test_no_circular_dependency(services):
    settled = set()
    while len(settled) < len(services):
        ready = {
            name
            for name, service in services.items()
            if set(service.get("depends_on", {})) <= settled
        }
        assert ready - settled, "circular"
        settled |= ready


def test_ports_are_unique_and_local(services):
    ports = [p for service in services.values() for p in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    outside = [port.split(":")[1] for port in ports]
    assert len(outside) == len(set(outside))


def test_packages_have_the_versions_of_the_sandbox():
    pinned = (settings.REQUIREMENTS / "odoo.txt").read_text().lower()
    requirements = [
        requirement.lower().replace("_", "-")
        for path in docker_files()
        for requirement in re.findall(r"\S+==\S+", path.read_text())
    ]
    assert requirements
    for wanted in requirements:
        assert re.search(rf"^{re.escape(wanted)}\s", pinned, re.MULTILINE), wanted


def test_docker_accepts_it():
    docker = shutil.which("docker")
    plugin = docker and subprocess.run(
        [docker, "compose", "version"], capture_output=True
    )
    if not plugin or plugin.returncode:
        pytest.skip("there is no docker with its compose plugin here")
    command = [docker, "compose", "--file", str(FILE), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
