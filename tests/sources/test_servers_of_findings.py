"""Dependency-Track, SonarQube, DefectDojo, Alertmanager and OpenSearch, from servers that speak their
documented answers."""

import datetime as dt
import json
import shutil
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.common.outgoing import Client
from apps.scans.models import Finding, Report
from apps.sources.models import Source
from apps.sources.services.testing import source_test
from tests.conftest import People
from tests.factories import actor_of
from tests.faults.workers import wait_for
from tests.servers import Asked, Says, Server
from tests.sources.conftest import run
from tests.sources.reading import findings, make, process

SAMPLES = Path(__file__).parents[1] / "scans" / "formats" / "samples"
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_bytes())


def test_dependency_track(people: People, server: Server) -> None:
    path = f"/api/v1/finding/project/{UUID}/export"
    server.routes[path] = Says(sample("dependency-track-fpf/shop.json"))
    secret = {"kind": "header", "username": "X-Api-Key", "secret": "odt_k"}
    source = make(
        people.system, server, "dependency-track", config={"project": UUID}, secret=secret
    )
    assert run(source).received == 1
    report = process()
    assert (report.detected_format, report.total) == ("dependency-track-fpf", 1)
    assert server.asked[0].headers["x-api-key"] == "odt_k"


# --- SonarQube -----------------------------------------------------------------------------------
def issue(number: int, severity: str = "MAJOR") -> dict[str, Any]:
    return {"key": f"K{number:05d}", "rule": "python:S3649", "severity": severity,
            "component": f"shop:app/f{number}.py", "project": "shop", "line": 3, "status": "OPEN",
            "message": f"Issue {number}", "type": "VULNERABILITY"}  # fmt: skip


def sonar(issues: list[dict[str, Any]]) -> Any:
    """Pages of `ps`; beyond 10 000 it answers as SonarQube does."""

    def script(asked: Asked) -> Says:
        query = asked.query
        page, size = int(query["p"]), int(query["ps"])
        assert size <= 500
        if page * size > 10_000:
            text = "Can return only the first 10000 results. 10500th result asked."
            return Says({"errors": [{"msg": text}]}, 400)
        wanted = [i for i in issues if i["severity"] == query.get("severities", i["severity"])]
        rows = wanted[(page - 1) * size : page * size]
        paging = {"pageIndex": page, "pageSize": size, "total": len(wanted)}
        return Says({"total": len(wanted), "p": page, "ps": size, "paging": paging,
                     "effortTotal": 1, "issues": rows})  # fmt: skip

    return script


def test_sonarqube_pages(people: People, server: Server) -> None:
    server.routes["/api/issues/search"] = sonar([issue(n) for n in range(1203)])
    source = make(people.system, server, "sonarqube", config={"project": "shop", "branch": "main"})
    assert run(source).received == 1
    report = process()
    assert (report.detected_format, report.total, report.is_full) == (
        "sonarqube-issues",
        1203,
        True,
    )
    assert [asked.query["p"] for asked in server.asked] == ["1", "2", "3"]
    query = server.asked[0].query
    assert (query["componentKeys"], query["resolved"], query["branch"]) == ("shop", "false", "main")
    assert run(source).unchanged == 1


def test_sonarqube_beyond_what_one_search_gives(people: People, server: Server) -> None:
    issues = [issue(n, "MAJOR" if n % 2 else "MINOR") for n in range(10_400)]
    server.routes["/api/issues/search"] = sonar(issues)
    source = make(people.system, server, "sonarqube", config={"project": "shop"})
    assert run(source).received == 1
    assert (process().total, Report.objects.get().is_full) == (10_400, True)
    server.routes["/api/issues/search"] = sonar([issue(n, "MAJOR") for n in range(10_600)])
    run(source)
    assert Report.objects.latest("pk").is_full is False  # what was not listed is not fixed


# --- DefectDojo ----------------------------------------------------------------------------------
def dojo(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "title": f"Finding {number}", "severity": "High", "cwe": 79, "line": 7,
            "file_path": "app/page.py", "description": "d", "mitigation": "m",
            "vulnerability_ids": [{"vulnerability_id": "CVE-2026-7"}], "date": "2026-02-03",
            "references": "https://example.org/a", "tags": ["web"], "false_p": False,
            "risk_accepted": False, "component_name": None, **fields}  # fmt: skip


def test_defectdojo_moves_over(people: People, server: Server) -> None:
    """`next` names an inner address, as it does behind a proxy; we count the pages ourselves."""
    rows = [dojo(n) for n in range(1, 6)] + [dojo(6, false_p=True, file_path=None)]

    def script(asked: Asked) -> Says:
        offset, size = int(asked.query["offset"]), min(int(asked.query["limit"]), 2)
        more = "http://uwsgi:8081/api/v2/findings/?offset=2" if offset + size < 6 else None
        return Says({"count": 6, "next": more, "results": rows[offset : offset + size]})

    server.routes["/api/v2/findings/"] = script
    secret = {"kind": "header", "username": "Authorization", "secret": "Token abc"}
    source = make(people.system, server, "defectdojo", config={"product": 3}, secret=secret)
    assert run(source).received == 1
    assert process().total == 6
    assert server.asked[0].headers["authorization"] == "Token abc"
    assert server.asked[0].query["test__engagement__product"] == "3"
    assert len(server.asked) == 3
    first = Finding.objects.get(title="Finding 1")
    assert (first.severity, first.path, first.line) == (3, "app/page.py", 7)
    assert (first.cwes, first.vulnerabilities) == ([79], ["CVE-2026-7"])


def test_defectdojo_pages_without_end(people: People, server: Server) -> None:
    server.routes["/api/v2/findings/"] = Says({"count": 9, "next": "x", "results": [dojo(1)]})
    source = make(people.system, server, "defectdojo", config={"product": 3})
    assert run(source).error_message == "Its pages do not end."


# --- Alertmanager --------------------------------------------------------------------------------
def alert(name: str, **fields: Any) -> dict[str, Any]:
    return {"annotations": {"summary": f"{name} is up"}, "endsAt": "2026-05-06T07:38:09Z",
            "fingerprint": f"f-{name}", "receivers": [{"name": "portal"}],
            "startsAt": "2026-05-06T07:08:09Z", "updatedAt": "2026-05-06T07:33:09Z",
            "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
            "labels": {"alertname": name, "severity": "critical"}, **fields}  # fmt: skip


def test_alertmanager(people: People, server: Server) -> None:
    path = "/prometheus/api/v2/alerts"
    server.routes[path] = Says([alert("Egress"), alert("Errors")])
    config = {"url": f"{server.url}/prometheus/", "filter": 'team="payments"'}
    source = make(people.system, server, "alertmanager", config=config, secret={})
    assert run(source).received == 1
    assert process().total == 2
    assert server.asked[0].query["filter"] == 'team="payments"'
    server.routes[path] = Says([alert("Errors", updatedAt="later"), alert("Egress", endsAt="l")])
    assert run(source).unchanged == 1  # only what moves with each evaluation moved
    server.routes[path] = Says([])
    assert run(source).received == 1
    assert process().fixed == 2


def test_a_live_snapshot_is_news_again_after_a_day(people: People, server: Server) -> None:
    """So that "nothing changed" and "nobody asked" do not look the same."""
    server.routes["/api/v2/alerts"] = Says([alert("Egress")])
    source = make(people.system, server, "alertmanager", secret={})
    assert [run(source).received for _ in range(2)] == [1, 0]
    yesterday = timezone.now() - dt.timedelta(hours=24)
    Source.objects.filter(pk=source.pk).update(last_received_at=yesterday)
    source.refresh_from_db()
    assert [run(source).received for _ in range(2)] == [1, 0]
    assert process().unchanged == 1
    assert Report.objects.count() == 2


@pytest.fixture
def alertmanager(tmp_path: Path, settings: Any) -> Iterator[str]:
    """Debian's own, where it is installed."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("prometheus-alertmanager is not installed here")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (tmp_path / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [program, f"--config.file={tmp_path / 'am.yml'}", f"--storage.path={tmp_path}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    settings.SECOPS_OUTGOING_SCHEMES = ["http"]
    settings.SECOPS_OUTGOING_PORTS = [port]
    settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
    log = tmp_path / "am.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process_:

        def is_up() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_for(is_up, 30, log.read_text, pause=0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process_.terminate()


def test_a_real_alertmanager(people: People, alertmanager: str) -> None:
    body = json.dumps([{"labels": {"alertname": "NewHost", "severity": "warning"}}]).encode()
    headers = {"Content-Type": "application/json"}
    with Client().send("POST", f"{alertmanager}/api/v2/alerts", body=body, headers=headers) as sent:
        assert sent.status == 200
    one = Server()
    one.port = urllib.parse.urlsplit(alertmanager).port or 0
    assert run(make(people.system, one, "alertmanager", secret={})).received == 1
    process()
    assert findings("rule_id", "severity") == [("NewHost", 2)]


# --- OpenSearch ----------------------------------------------------------------------------------
def event(number: int, minute: int) -> dict[str, Any]:
    source = {"timestamp": f"2026-02-03T04:{minute:02d}:00.000+0000", "agent": {"name": "web1"},
              "rule": {"level": 12, "id": f"{number}", "description": f"Event {number}"}}  # fmt: skip
    return {"_index": "wazuh-alerts-4.x", "_id": f"id-{number}", "_source": source}


class Indexer:
    """As much of the Search API as is asked for: gte with an overlap, sort, search_after, scroll."""

    def __init__(self, hits: list[dict[str, Any]], page: int = 3) -> None:
        self.hits, self.page, self.left = hits, page, list[dict[str, Any]]()
        self.asked: list[dict[str, Any]] = []

    def answer(self, hits: list[dict[str, Any]], **more: Any) -> Says:
        total = {"value": len(self.hits), "relation": "eq"}
        return Says({"took": 1, "timed_out": False, "_shards": {"failed": 0},
                     "hits": {"total": total, "hits": hits}, **more})  # fmt: skip

    def search(self, request: Asked) -> Says:
        asked = json.loads(request.body)
        self.asked.append(asked)
        if "scroll" in request.query:
            self.left = self.hits[self.page :]
            return self.answer(self.hits[: self.page], _scroll_id="s")
        begin = asked["query"]["bool"]["filter"][0]["range"]["timestamp"]["gte"]
        since = begin.partition("||")[0] if "||" in begin else ""
        early = since[:14] + f"{max(int(since[14:16]) - 1, 0):02d}" if since else ""
        found = sorted(
            (h for h in self.hits if h["_source"]["timestamp"] >= early),
            key=lambda hit: hit["_source"]["timestamp"],
        )
        if after := asked.get("search_after"):
            found = [h for h in found if h["_source"]["timestamp"] > after[0]]
        return self.answer([{**h, "sort": [h["_source"]["timestamp"]]} for h in found[:500]])

    def scroll(self, request: Asked) -> Says:
        assert json.loads(request.body)["scroll_id"] == "s"
        hits, self.left = self.left[: self.page], self.left[self.page :]
        return self.answer(hits, _scroll_id="s")


EVENTS = {"index": "wazuh-alerts-*", "query": "rule.level:>=7"}
BASIC = {"kind": "basic", "username": "reader", "secret": "pw"}


def test_wazuh_alerts_once_each_and_late_ones_too(people: People, server: Server) -> None:
    indexer = Indexer([event(1, 10), event(2, 11)])
    server.routes["/wazuh-alerts-*/_search"] = indexer.search
    source = make(people.system, server, "opensearch", config=EVENTS, secret=BASIC)
    assert run(source).received == 1
    assert (process().total, Report.objects.get().is_full) == (2, False)
    assert indexer.asked[0]["query"]["bool"]["filter"] == [
        {"range": {"timestamp": {"gte": "now-7d"}}},
        {"query_string": {"query": "rule.level:>=7"}},
    ]
    assert (run(source).received, source.cursor["since"][11:16]) == (0, "04:11")
    indexer.hits += [event(3, 10), event(4, 12)]  # the third reached the index late
    assert run(source).received == 1
    process()
    assert findings("title") == [(f"Event {n}",) for n in range(1, 5)]
    assert run(source).received == 0


def test_wazuh_vulnerabilities_by_scrolling(people: People, server: Server) -> None:
    (hit,) = sample("wazuh-vulns/index.json")["hits"]["hits"]
    hits = []
    for number in range(8):
        copy = json.loads(json.dumps(hit)) | {"_id": str(number)}
        copy["_source"]["vulnerability"]["id"] = f"CVE-2026-{1000 + number}"
        hits.append(copy)
    indexer = Indexer(hits)
    server.routes["/wazuh-states-vulnerabilities-*/_search"] = indexer.search
    server.routes["/_search/scroll"] = indexer.scroll
    config = {"index": "wazuh-states-vulnerabilities-*", "mode": "wazuh-vulns"}
    source = make(people.system, server, "opensearch", config=config, secret=BASIC)
    assert run(source).received == 1
    assert process().total == 8
    assert run(source).unchanged == 1
    indexer.hits = hits[:7]
    run(source)
    assert process().fixed == 1


def test_half_an_answer_is_none(people: People, server: Server) -> None:
    path = "/wazuh-alerts-*/_search"
    source = make(people.system, server, "opensearch", config=EVENTS, secret=BASIC)
    none: dict[str, Any] = {"hits": {"hits": []}}
    answers: tuple[dict[str, Any], ...] = (
        none | {"timed_out": True},
        none | {"_shards": {"failed": 2}},
        {"hits": {}},
        {"error": "x"},
    )
    for broken in answers:
        server.routes[path] = Says(broken)
        assert run(source).error_code == "bad-answer"
    assert not Report.objects.exists()


# --- all of them ---------------------------------------------------------------------------------
PROBES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("dependency-track", {"project": UUID}, f"/api/v1/finding/project/{UUID}/export",
     sample("dependency-track-fpf/shop.json")),
    ("sonarqube", {"project": "shop"}, "/api/issues/search", {"paging": {"total": 3}, "issues": []}),
    ("defectdojo", {"product": 3}, "/api/v2/findings/", {"count": 4, "results": []}),
    ("alertmanager", {}, "/api/v2/alerts", []),
    ("opensearch", EVENTS, "/wazuh-alerts-*/_search", {"hits": {"total": {"value": 5}, "hits": []}}),
    ("github-dependabot", {"repository": "o/r"}, "/repos/o/r/dependabot/alerts", []),
    ("github-artifacts", {"repository": "o/r", "artifact": "x"}, "/repos/o/r/actions/artifacts",
     {"total_count": 1, "artifacts": []}),
    ("gitlab-artifacts", {"project": "7", "job": "x", "path": "y"}, "/api/v4/projects/7/jobs", []),
]  # fmt: skip


@pytest.mark.parametrize(("connector", "config", "path", "body"), PROBES)
def test_trying_the_connection(  # noqa: PLR0917  # fixtures
    people: People,
    server: Server,
    connector: str,
    config: dict[str, Any],
    path: str,
    body: Any,
) -> None:
    """A good answer says what was seen; a page of HTML or a refusal says what to do."""
    source = make(people.system, server, connector, config=config)
    server.routes[path] = Says(body)
    steps = source_test(actor=actor_of(people.security), source=source)
    assert [step.is_good for step in steps] == [True] * 3, steps
    for says in (Says(b"<html>sign in</html>"), Says({"message": "no"}, 401), Says(b"", 500)):
        server.routes[path] = says
        steps = source_test(actor=actor_of(people.security), source=source)
        assert not steps[-1].is_good
        assert steps[-1].advice or says.status == 500
    assert not Report.objects.exists()
