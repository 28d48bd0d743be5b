"""Greenbone, spoken to through python-gvm where it is installed, by a server of GMP on loopback."""

import importlib.util
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.common.errors import Invalid
from apps.scans.models import Report
from tests.conftest import People
from tests.servers import Server
from tests.sources.conftest import run
from tests.sources.reading import make, process

HAS_GVM = importlib.util.find_spec("gvm") is not None
SAMPLE = Path(__file__).parents[1] / "scans/formats/samples/openvas-xml/scan.xml"
SECRET = {"kind": "basic", "username": "reader", "secret": "s3cret"}


def task(name: str, report: str) -> str:
    last = f'<last_report><report id="{report}"/></last_report>' if report else ""
    return f'<task id="t-{name}"><name>{name}</name><status>Done</status>{last}</task>'


class Manager(socketserver.ThreadingTCPServer):
    """As much of gvmd as is asked for."""

    daemon_threads = True
    tasks = ""
    let_in = True

    def answer(self, asked: str) -> str:
        if asked.startswith("<get_version"):
            return (
                '<get_version_response status="200" status_text="OK"><version>22.5</version>'
                "</get_version_response>"
            )
        if asked.startswith("<authenticate"):
            good = self.let_in and "reader" in asked and "s3cret" in asked
            status = "200" if good else "400"
            return f'<authenticate_response status="{status}" status_text="x"/>'
        if asked.startswith("<get_tasks"):
            return f'<get_tasks_response status="200" status_text="OK">{self.tasks}</get_tasks_response>'
        report = SAMPLE.read_text().partition("?>")[2] or SAMPLE.read_text()
        return (
            f'<get_reports_response status="200" status_text="OK">{report}</get_reports_response>'
        )


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            server: Any = self.server
            self.request.sendall(server.answer(data.decode()).encode())


@pytest.fixture
def gvmd(settings: Any) -> Iterator[Manager]:
    with Manager(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        settings.SECOPS_OUTGOING_SCHEMES = ["http"]  # without TLS here, and nowhere else
        settings.SECOPS_OUTGOING_PORTS = [port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def at(gvmd: Manager) -> Server:
    server = Server()
    server.port = gvmd.server_address[1]
    return server


@pytest.mark.skipif(HAS_GVM, reason="python-gvm is installed here")
def test_without_the_package_it_says_so(people: People, gvmd: Manager) -> None:
    with pytest.raises(Invalid) as caught:
        make(people.system, at(gvmd), "greenbone", secret=SECRET)
    assert "python-gvm" in caught.value.fields["config.url"][0]


@pytest.mark.skipif(not HAS_GVM, reason="python-gvm is not installed here")
def test_the_newest_report_of_each_task(people: People, gvmd: Manager) -> None:
    gvmd.tasks = task("Quay", "r-1") + task("New", "") + task("Yard", "r-2")
    source = make(people.system, at(gvmd), "greenbone", secret=SECRET)
    assert run(source).received == 2
    assert process().detected_format == "openvas-xml"
    assert set(Report.objects.values_list("category", flat=True)) == {"Quay", "Yard"}
    assert run(source).received == 0
    gvmd.tasks = task("Quay", "r-3")
    assert run(source).received == 1


@pytest.mark.skipif(not HAS_GVM, reason="python-gvm is not installed here")
def test_a_wrong_password_breaks_it_at_once(people: People, gvmd: Manager) -> None:
    gvmd.let_in = False
    source = make(people.system, at(gvmd), "greenbone", secret=SECRET)
    assert run(source).error_code == "not-authorised"
    assert source.health == "broken"
