"""Whatever a server answers, a run ends with a sentence: never with a crash, and never with findings closed
because an answer had another shape."""

import json
from typing import Any

import pytest
from django.core.files.storage import default_storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.common.outgoing import OutgoingFailed
from apps.scans.models import Report
from apps.sources.connectors import generic
from apps.sources.connectors.paging import address, next_link
from apps.sources.models import Source
from apps.sources.registry import load, registry
from apps.sources.services.testing import source_test
from apps.sources.session import wait_of
from tests.conftest import People
from tests.factories import actor_of
from tests.servers import Says, Server
from tests.sources.conftest import run
from tests.sources.reading import make
from tests.sources.test_runs import Shelf

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
    ended = run(source_of(people, server, connector))
    assert ended.error_code != "internal-error"
    assert (ended.state, Report.objects.count()) in {("failed", 0), ("succeeded", 1)}


class _Answer:
    """As much of an answer as its readers use."""

    def __init__(self, url: str = "https://a.example.org/x", **headers: str) -> None:
        self.url = url
        self._headers = {name.replace("_", "-").lower(): text for name, text in headers.items()}

    def header(self, name: str) -> str:
        return self._headers.get(name.lower(), "")


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "120"}, 120.0),
        ({"Retry_After": "0"}, 1.0),
        ({"Retry_After": "99999999999999"}, 60.0),
        ({"Retry_After": "soon"}, 60.0),
        ({"Retry_After": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60.0),  # a minute after NOW
        ({"Retry_After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 1.0),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1700000300"}, 300.0),
        ({"RateLimit_Remaining": "0", "RateLimit_Reset": "45"}, 45.0),
        ({"RateLimit_Remaining": "0", "RateLimit_Reset": "x"}, None),
        ({"X_RateLimit_Remaining": "7", "X_RateLimit_Reset": "1700000300"}, None),
        ({}, None),
    ],
)
def test_how_long_we_are_asked_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_of(_Answer(**headers), NOW) == seconds  # type: ignore[arg-type]


def test_links_to_the_next_page() -> None:
    several = '<https://a.example.org/x?page=9>; rel="last", <?page=2>; rel="next"'
    assert next_link(_Answer(Link=several)) == "https://a.example.org/x?page=2"  # type: ignore[arg-type]
    assert next_link(_Answer(Link='<https://a.example.org/p>; rel="nextish"')) == ""  # type: ignore[arg-type]
    with pytest.raises(OutgoingFailed):
        next_link(_Answer(Link='<https://b.example.org/x>; rel="next"'))  # type: ignore[arg-type]


def test_a_part_of_a_path_never_reaches_beyond_itself() -> None:
    made = address("https://a.org/api/", "projects", "../../admin?x=1#y", q="a&b", none="")
    assert made == "https://a.org/api/projects/..%2F..%2Fadmin%3Fx%3D1%23y?q=a%26b"


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
def test_readers_of_answers_never_raise(value: Any) -> None:
    assert isinstance(generic.text(value, "a", "b"), str)
    assert all(isinstance(each, dict) for each in generic.listed(value))
    found = generic.number(value, "a")
    assert found is None or found > 0


class _Point:
    """An entry point of somebody's package."""

    def __init__(self, value: str, found: Any) -> None:
        self.value, self._found = value, found

    def load(self) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def test_connectors_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [_Point("theirs:Shelf", Shelf), _Point("broken:X", RuntimeError("no database"))]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: points)
    found = load([], "secops_portal.connectors")
    assert list(found.connectors) == ["shelf"]
    assert found.problems == ("The connector broken:X cannot be loaded: no database",)
