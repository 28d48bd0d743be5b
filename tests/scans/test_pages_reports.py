"""Reports: the list, one report in each state, sending one by hand."""

import datetime as dt
import gzip
import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from tests.conftest import People
from tests.factories import make_report, make_series

LIST = "/reports/"
NEW = "/reports/new/"


def _sarif(*lines: int) -> bytes:
    """A SARIF 2.1.0 log with one result for each line of app.py."""
    results = [
        {
            "ruleId": f"R{line}",
            "level": "error",
            "message": {"text": f"Weakness {line}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "app.py"},
                        "region": {"startLine": line, "snippet": {"text": f"call({line})"}},
                    }
                }
            ],
        }
        for line in lines
    ]
    run = {"tool": {"driver": {"name": "probe", "version": "1.2"}}, "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def _process(pk: int) -> None:
    """Process a report now; within a test's transaction its turn would be later than now()."""
    Report.objects.filter(pk=pk).update(not_before=timezone.now() - dt.timedelta(minutes=1))
    report_ingest(pk)


def _sent(client: Client, content: bytes, name: str = "out.sarif", **fields: str) -> Report | None:
    typed = {"system": "payments", "file": SimpleUploadedFile(name, content)} | fields
    response = client.post(NEW, typed)
    if response.status_code != 302:
        return None
    return Report.objects.get(uid=response.headers["Location"].split("/")[2])


@pytest.mark.django_db(transaction=True)  # ingestion's staging table lives until the commit
def test_a_report_sent_by_hand_is_followed_to_its_changes(client: Client, people: People) -> None:
    client.force_login(people.security)
    first = _sent(client, _sarif(1, 2), commit="abc123")
    assert first is not None
    waiting = client.get(f"{LIST}{first.uid}/").content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    _process(first.pk)
    page = client.get(f"{LIST}{first.uid}/").content.decode()
    assert "hx-trigger" not in page  # polling stops
    assert "Weakness 1" in page
    assert "abc123" in page
    second = _sent(client, _sarif(2, 3))
    assert second is not None
    _process(second.pk)
    response = client.get(f"{LIST}{second.uid}/")
    assert [finding.title for finding in response.context["came"]] == ["Weakness 3"]
    assert [finding.title for finding in response.context["went"]] == ["Weakness 1"]
    shown = response.context["report"]
    assert (shown.new, shown.unchanged, shown.fixed) == (1, 1, 1)


def test_gz_is_unpacked_and_a_double_click_sends_one(client: Client, people: People) -> None:
    client.force_login(people.security)
    once = str(uuid.uuid4())
    packed = gzip.compress(_sarif(1))
    first = _sent(client, packed, "out.sarif.gz", once=once)
    second = _sent(client, packed, "out.sarif.gz", once=once)
    assert first is not None
    assert second == first
    assert first.size == len(_sarif(1))
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "fields", "field"),
    [
        (b"", {}, "file"),
        (b"not gzip", {"name": "x.gz"}, "file"),
        (b"{}", {"system": "payroll"}, "system"),
        (b"{}", {"stage": "ship"}, "stage"),
        (b"{}", {"format": "telepathy"}, "format"),
        (b"{}", {"branch": "x" * 201}, "branch"),
    ],
)
def test_what_cannot_be_taken_in_is_said_beside_its_field(
    client: Client, people: People, content: bytes, fields: dict[str, str], field: str
) -> None:
    client.force_login(people.security)
    name = fields.pop("name", "out.json")
    typed = {"system": "payments", "commit": "kept-as-typed"} | fields
    response = client.post(NEW, typed | {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "kept-as-typed" in response.content.decode()
    assert not Report.objects.exists()


def test_a_failed_report_says_what_where_and_what_to_do(client: Client, people: People) -> None:
    report = make_report(people.system, content=b'{"neither": "this nor that"}')
    _process(report.pk)
    address = f"{LIST}{report.uid}/"
    client.force_login(people.viewer)
    page = client.get(address).content.decode()
    report.refresh_from_db()
    assert report.error_reason == "unknown-format"
    assert "unknown-format" in page
    assert "Say which format it is" in page
    assert "Process again" not in page
    assert client.post(f"{address}reprocess/").status_code == 403
    client.force_login(people.security)
    assert "Process again" in client.get(address).content.decode()
    assert client.post(f"{address}reprocess/").status_code == 302
    report.refresh_from_db()
    assert report.state == "received"
    again = client.post(f"{address}reprocess/", follow=True).content.decode()
    assert "Only a failed or quarantined report" in again


def test_raw_bytes_leave_as_a_file_only(client: Client, people: People) -> None:
    report = make_report(people.system, content=b"<script>1</script>", filename='a".html')
    raw = f"{LIST}{report.uid}/raw/"
    client.force_login(people.viewer)
    assert client.get(raw).status_code == 403
    client.force_login(people.security)
    response = client.get(raw)
    assert b"".join(response.streaming_content) == b"<script>1</script>"  # type: ignore[attr-defined]
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_strangers_and_lists(client: Client, people: People) -> None:
    report = make_report(people.system)
    for who in (people.outsider, people.nobody):
        client.force_login(who)
        assert client.get(LIST).context["reports"] == []
        for page in ("", "raw/"):
            assert client.get(f"{LIST}{report.uid}/{page}").status_code == 404
        assert client.post(f"{LIST}{report.uid}/reprocess/").status_code == 404
    client.force_login(people.viewer)
    assert client.get(LIST).context["reports"] == [report]
    assert client.get(f"{LIST}?state=failed").context["reports"] == []
    assert client.get(f"{LIST}?before=0").context["reports"] == []
    assert client.get(NEW).status_code == 403
    client.force_login(people.outsider)
    choices = client.get(NEW).context["form"].fields["system"].queryset
    assert [system.key for system in choices] == ["payroll"]


def test_a_longer_list_asks_no_more_questions(client: Client, people: People) -> None:
    client.force_login(people.viewer)
    counts = []
    for _round in range(2):
        for number in range(3):
            report = make_report(people.system, filename=f"{number}.sarif")
            Report.objects.filter(pk=report.pk).update(
                state="processed",
                series=make_series(people.system),
                total=2,
                new=1,
                reopened=0,
                fixed=1,
            )
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
