"""The connector of plain web addresses, against a server that behaves and one that does not."""

import datetime as dt
import gzip
import json
from typing import Any

import pytest
from django.utils import timezone

from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from apps.sources.models import Pulled
from tests.conftest import People
from tests.factories import make_source
from tests.servers import Asked, Says, Server
from tests.sources.conftest import run


def document(*titles: str) -> bytes:
    findings = [{"title": title, "severity": "high", "path": "a.py"} for title in titles]
    return json.dumps(
        {"format": "secops-findings", "tool": {"name": "Nightly"}, "findings": findings}
    ).encode()


def test_it_becomes_a_report_as_if_it_had_been_posted(people: People, server: Server) -> None:
    server.routes["/out/report.json"] = Says(document("One", "Two"))
    source = make_source(
        people.system, url=f"{server.url}/out/report.json", stage="test", category="api"
    )
    ended = run(source)
    assert (ended.state, ended.received, ended.attempts) == ("succeeded", 1, 1)
    report = Report.objects.get()
    assert (report.system, report.stage, report.category) == (people.system, "test", "api")
    assert (report.filename, report.size) == ("report.json", len(document("One", "Two")))
    assert report.received_by == f"portal: source {source.name}"
    assert Pulled.objects.get().report == report
    Report.objects.update(not_before=timezone.now() - dt.timedelta(hours=1))
    report_ingest(report.pk)
    report.refresh_from_db()
    assert (report.state, report.new) == ("processed", 2)


def test_the_server_says_that_nothing_changed(people: People, server: Server) -> None:
    def script(asked: Asked) -> Says:
        validators = {"ETag": '"v1"', "Last-Modified": "Tue, 03 Nov 2026 10:00:00 GMT"}
        if asked.headers.get("if-none-match") == '"v1"':
            assert asked.headers["if-modified-since"] == validators["Last-Modified"]
            return Says(b"", 304, validators)
        return Says(document("One"), headers=validators)

    server.routes["/r"] = script
    source = make_source(people.system, url=f"{server.url}/r")
    assert run(source).received == 1
    second = run(source)
    assert (second.state, second.received, second.bytes) == ("succeeded", 0, 0)
    assert Report.objects.count() == 1


def test_a_server_that_cannot_say_so_is_compared_by_content(people: People, server: Server) -> None:
    server.routes["/r"] = Says(document("One"))
    source = make_source(people.system, url=f"{server.url}/r")
    results = []
    for content in (document("One"), document("One"), document("Two"), document("One")):
        server.routes["/r"] = Says(content)
        ended = run(source)
        results.append((ended.received, ended.unchanged))
    assert results == [(1, 0), (0, 1), (1, 0), (1, 0)]  # back to the first content is news, too
    assert Report.objects.count() == 3


def test_gzip_is_unpacked_by_the_door_of_uploads(people: People, server: Server) -> None:
    headers = {"Content-Type": "application/gzip"}
    server.routes["/r.json.gz"] = Says(gzip.compress(document("One")), headers=headers)
    assert run(make_source(people.system, url=f"{server.url}/r.json.gz")).received == 1
    assert Report.objects.get().size == len(document("One"))


def flaky(content: bytes, etag: str = '"v1"', later: bytes | None = None) -> Any:
    """Breaks off in the middle, and goes on where it is asked to."""

    def script(asked: Asked) -> Says:
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        wanted = asked.headers.get("range", "")
        if not wanted:
            half = len(content) // 2
            return Says(content[:half], headers=headers, announced=len(content))
        begin = int(wanted.removeprefix("bytes=").rstrip("-"))
        if later is not None or asked.headers.get("if-range") != etag:
            return Says(later or content, headers={**headers, "ETag": '"v2"'})
        span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return Says(content[begin:], 206, {**headers, "Content-Range": span})

    return script


def test_what_broke_off_is_taken_up_again(people: People, server: Server) -> None:
    content = document(*(f"Finding {n}" for n in range(5000)))
    server.routes["/r"] = flaky(content)
    ended = run(make_source(people.system, url=f"{server.url}/r"))
    assert (ended.state, ended.received) == ("succeeded", 1)
    assert Report.objects.get().size == len(content)
    assert len(server.asked) == 2


@pytest.mark.parametrize("how", ["changed", "weak", "none"])
def test_two_versions_never_meet_in_one_report(people: People, server: Server, how: str) -> None:
    content = document(*(f"Finding {n}" for n in range(5000)))
    server.routes["/r"] = {
        "changed": flaky(content, later=document("Other")),
        "weak": flaky(content, etag='W/"v1"'),
        "none": Says(content[:1000], announced=len(content)),
    }[how]
    ended = run(make_source(people.system, url=f"{server.url}/r"))
    assert (ended.state, ended.error_code) == ("failed", "broken-off")
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("says", "code", "permanent"),
    [
        (Says(b"", 401), "not-authorised", True),
        (Says(b"", 403), "not-authorised", True),
        (Says(b"", 404), "bad-status", True),
        (Says(b"", 418), "bad-status", True),
        (Says(b"", 500), "bad-status", False),
        (Says(b"", 503), "bad-status", False),
        (Says(b"", 429), "rate-limited", False),
        (Says(b"", 302, {"Location": "http://169.254.169.254/"}), "port-refused", True),
        (Says(b"", 302, {"Location": "https://169.254.169.254/"}), "address-refused", True),
        (Says(b"", 200), "empty", False),
    ],
)
def test_how_a_run_fails(
    people: People, server: Server, says: Says, code: str, permanent: bool
) -> None:
    server.routes["/r"] = says
    source = make_source(people.system, url=f"{server.url}/r", interval_minutes=60)
    ended = run(source)
    assert (ended.state, ended.error_code) == ("failed", code)
    assert ended.error_message
    assert (source.broken_since is not None) == permanent
    assert not Report.objects.exists()


def test_more_than_a_report_may_hold(people: People, server: Server, settings: Any) -> None:
    settings.SECOPS_MAX_REPORT_BYTES = 1000
    server.routes["/r"] = Says(b"x" * 5000, chunked=True)
    assert run(make_source(people.system, url=f"{server.url}/r")).error_code == "too-large"


def test_short_waits_are_waited_for_and_long_ones_are_not(
    people: People, server: Server, no_waiting: list[float]
) -> None:
    answers = [
        Says(b"", 503, {"Retry-After": "7"}),
        Says(b"", 502),
        Says(document("One")),
    ]
    server.routes["/r"] = lambda _: answers.pop(0)
    source = make_source(people.system, url=f"{server.url}/r", interval_minutes=60)
    assert run(source).received == 1
    assert no_waiting == [7.0, 2.0]
    server.routes["/r"] = Says(b"", 429, {"Retry-After": "3600"})
    ended = run(source)
    assert (ended.error_code, ended.retry_after) == ("rate-limited", 3600.0)
    assert no_waiting == [7.0, 2.0]
    assert source.next_run_at is not None
    assert ended.finished_at is not None
    assert (source.next_run_at - ended.finished_at).total_seconds() >= 3600
    assert source.broken_since is None
