"""Whatever a server answers, a run ends with a sentence: never with a crash, and never with findings closed
because an answer had another shape."""

import json
from typing import Any

import pytest
from django.core.files.storage import default_storage

from apps.scans.models import Report
from apps.sources.models import Source
from apps.sources.registry import registry
from apps.sources.services.testing import source_test
from tests.conftest import People
from tests.factories import actor_of
from tests.servers import Says, Server
from tests.sources.conftest import run
from tests.sources.reading import make

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
CONFIGS: dict[str, dict[str, Any]] = {
    "https-url": {},
    "s3": {"bucket": "reports"},
    "github-code-scanning": {"repository": "o/r"},
    "github-dependabot": {"repository": "o/r"},
    "github-secret-scanning": {"repository": "o/r"},
    "github-artifacts": {"repository": "o/r", "artifact": "x"},
    "gitlab-artifacts": {"project": "g/p", "job": "*", "path": "r.json"},
    "gitlab-vulnerabilities": {"project": "g/p"},
    "dependency-track": {"project": UUID},
    "sonarqube": {"project": "p"},
    "defectdojo": {"product": 1},
    "alertmanager": {},
    "opensearch": {},
}
NOT_HTTP = {"folder", "greenbone"}  # these have tests of their own
SHAPES: list[Any] = [
    None, True, 0, -1, 1.5, "text", "", [], [None], [[]], ["x"], [1, 2], {}, {"a": 1},
    {"results": None}, {"results": [None, 1, {}]}, {"issues": {}}, {"issues": [1], "total": "x"},
    {"paging": [], "issues": []}, {"artifacts": [{"id": "x"}, {"id": 1}, 7]}, {"hits": 1},
    {"hits": {"hits": [1, {}, {"_source": 1}]}}, {"data": []}, {"data": {"project": 1}},
    {"data": {"project": {"vulnerabilities": {"nodes": [1, {}], "pageInfo": 1}}}},
    [{"id": 1, "name": "x", "ref": 1}], [{"number": {}, "rule": [], "state": "open"}],
    {"findings": 3, "project": {"name": []}}, {"count": -1, "results": [{"id": {}}], "next": 5},
    [{"labels": 1, "fingerprint": []}],
]  # fmt: skip


SNAPSHOTS = {
    "github-code-scanning", "github-dependabot", "github-secret-scanning", "gitlab-vulnerabilities",
    "sonarqube", "defectdojo", "alertmanager",
}  # fmt: skip


def source_of(people: People, server: Server, connector: str) -> Source:
    kinds = registry().connectors[connector].credentials
    secret: dict[str, Any] = {"kind": "bearer", "secret": "t"}
    if "bearer" not in kinds:
        secret = {"kind": min(kinds), "username": "u", "secret": "s"}
    config = CONFIGS[connector]
    return make(people.system, server, connector, config=config, secret=secret)


def test_every_connector_is_tried() -> None:
    assert set(registry().connectors) == set(CONFIGS) | NOT_HTTP


@pytest.mark.parametrize("connector", CONFIGS)
def test_answers_of_any_shape(people: People, server: Server, connector: str) -> None:
    source = source_of(people, server, connector)
    for shape in SHAPES:
        server.always = Says(json.dumps(shape).encode())
        ended = run(source)
        assert ended.error_code != "internal-error", (shape, ended.error_message)
        assert ended.state in {"succeeded", "failed"}
        for step in source_test(actor=actor_of(people.security), source=source):
            assert step.detail
    # What a report is made of is the reader's business (it says when it is none), and it is made once.
    assert Report.objects.filter(received_by__contains=source.name).count() <= len(SHAPES)


@pytest.mark.parametrize("connector", sorted(SNAPSHOTS))
def test_only_a_list_that_is_really_empty_says_that_nothing_is_open(
    people: People, server: Server, connector: str
) -> None:
    """A full report without findings closes all that were open; no odd answer may make one."""
    source = source_of(people, server, connector)
    for shape in SHAPES:
        server.always = Says(json.dumps(shape).encode())
        run(source)
    empty = [
        report.pk for report in Report.objects.filter(is_full=True) if not _findings_in(report)
    ]
    assert len(empty) <= 1  # [] itself, where a list is the whole answer


def _findings_in(report: Report) -> list[Any]:
    """What a report lists, in any of the forms that connectors write."""
    with default_storage.open(report.storage_name) as kept:
        content: Any = json.loads(kept.read())
    if isinstance(content, dict):
        content = content["findings"] if "findings" in content else content["issues"]
    return list(content)


@pytest.mark.parametrize("connector", CONFIGS)
@pytest.mark.parametrize("status", [204, 206, 301, 400, 409, 500])
def test_statuses_that_are_none_of_the_usual(
    people: People, server: Server, connector: str, status: int
) -> None:
    server.always = Says(b"" if status == 204 else b"x", status)
