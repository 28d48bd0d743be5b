"""Reports: the list, one report in each state, sending one by hand."""

import datetime as dt
import gzip
import json
import random
import uuid
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common import events
from apps.evidence.services.links import rule_create
from apps.evidence.services.updates import update_record
from apps.scans.models import Report
from apps.scans.progress import progress_of
from apps.scans.selectors import ReportChange
from apps.scans.services.ingest import report_ingest
from apps.scans.services.receive import Claim, report_receive
from apps.scans.services.reconcile import reconcile
from tests.accounts.test_policy import TESTS
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import make_item, make_report, make_series, make_statement

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
    assert 'hx-trigger="every 1s"' in waiting
    assert "It is the next one." in waiting
    _process(first.pk)
    page = client.get(f"{LIST}{first.uid}/").content.decode()
    assert "hx-trigger" not in page  # polling stops
    part = client.get(f"{LIST}{first.uid}/progress/").content.decode()
    assert 'hx-trigger="load"' in part  # whoever still asks fetches the page's new self
    assert "Weakness 1" in page
    assert "abc123" in page
    second = _sent(client, _sarif(2, 3))
    assert second is not None
    _process(second.pk)
    response = client.get(f"{LIST}{second.uid}/")
    assert [finding.title for finding in response.context["came"]] == ["Weakness 3"]
    assert response.context["before"] == first
    listed = {
        str(count.label): (count.number, count.url and _titles(client, count.url))
        for count in response.context["counts"]
    }
    assert listed == {
        "New": (1, ["Weakness 3"]),
        "Back again": (0, ""),
        "Gone": (1, ["Weakness 1"]),
        "Severity changed": (0, ""),
        "Unchanged": (1, ["Weakness 2"]),
    }


def _titles(client: Client, address: str) -> list[str]:
    return [finding.title for finding in client.get(address).context["findings"]]


@pytest.mark.django_db(transaction=True)
def test_each_count_leads_to_exactly_those_findings(client: Client, people: People) -> None:
    client.force_login(people.security)
    milder = _sarif(1, 2, 4, 5).replace(b'"R2", "level": "error"', b'"R2", "level": "note"')
    sent = [_sent(client, content) for content in (_sarif(1, 2, 3, 5), _sarif(2, 3, 5), milder)]
    reports = [each for each in sent if each is not None]
    for each in reports:
        _process(each.pk)
    report = reports[-1]
    counts = client.get(f"{LIST}{report.uid}/").context["counts"]
    listed = {str(count.label): (count.number, count.url) for count in counts}
    assert {name: number for name, (number, _url) in listed.items()} == {
        "New": 1,
        "Back again": 1,
        "Gone": 1,
        "Severity changed": 1,
        "Unchanged": 1,
    }
    titles = {"New": 4, "Back again": 1, "Gone": 3, "Severity changed": 2, "Unchanged": 5}
    for name, number in titles.items():
        assert _titles(client, listed[name][1]) == [f"Weakness {number}"], name
    page = client.get(listed["New"][1]).content.decode()
    assert "By a report" in page
    assert "new" in page
    # Of a report that the reader may not see nothing is found, and nonsense asks for nothing.
    client.force_login(people.outsider)
    assert _titles(client, listed["New"][1]) == []
    client.force_login(people.security)
    assert len(_titles(client, "/findings/?change=new-x&state=any")) == 5
    rows = client.get(f"/api/v1/reports/{report.uid}/findings?change=severity").json()["results"]
    assert [row["title"] for row in rows] == ["Weakness 2"]


@pytest.mark.django_db(transaction=True)
def test_a_report_that_is_not_read_changed_nothing(client: Client, people: People) -> None:
    """The address of what it changed is as good before it was read, and where it could not be."""
    client.force_login(people.security)
    waiting = make_report(people.system)
    failed = make_report(people.system)
    Report.objects.filter(pk=failed.pk).update(
        state="failed", error_reason="internal", finished_at=timezone.now()
    )
    api = as_user(people.security)
    for report in (waiting, failed):
        for change in ReportChange:
            asked = f"?state=any&change={change}-{report.uid}"
            assert client.get(f"/findings/{asked}").status_code == 200, change
            told = api.get(f"/reports/{report.uid}/findings", change=change.value)
            assert told.json()["results"] == []


@pytest.mark.django_db(transaction=True)
def test_what_is_new_on_a_branch_is_found_by_its_report(client: Client, people: People) -> None:
    """The count of a preview's report leads to its findings, also with an age beside it."""
    client.force_login(people.security)
    report = _sent(client, _sarif(1), branch="feature")
    assert report is not None
    _process(report.pk)
    asked = f"/findings/?state=any&change=new-{report.uid}"
    for narrower in ("", "&age=today"):
        assert _titles(client, asked + narrower) == ["Weakness 1"]


@pytest.mark.django_db(transaction=True)
def test_a_report_tells_which_risks_it_moved(client: Client, people: People) -> None:
    statement = make_statement(item=make_item(people.system), published=True)
    rule_create(actor=TESTS, statement=statement, rule_pattern="R*")
    client.force_login(people.security)
    first, second = _sent(client, _sarif(1, 2)), _sent(client, _sarif(2, 3, 4))
    assert first is not None
    assert second is not None
    for report in (first, second):
        _process(report.pk)
        events.deliver_due()
    update_record(
        actor=TESTS,
        statement=statement,
        kind="signals",
        data={"factor": 2.0, "applied": 1.0, "reasons": ["EPSS gives 50%"]},
        key="signals:1",
        report=second,
    )
    (effect,) = client.get(f"{LIST}{second.uid}/").context["effects"]
    assert (effect.statement, effect.came, effect.gone) == (statement, 2, 1)
    assert [update.key for update in effect.updates] == ["signals:1"]
    page = client.get(f"{LIST}{second.uid}/").content.decode()
    assert "2 findings came" in page
    assert "1 finding is gone" in page


@pytest.mark.django_db(transaction=True)
def test_progress_is_told_while_a_report_is_read(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others see meanwhile, asked at the moment at which findings are matched."""
    client.force_login(people.security)
    first, second = _sent(client, _sarif(*range(1, 41))), _sent(client, _sarif(1))
    assert first is not None
    assert second is not None
    waiting = client.get(f"/api/v1/reports/{second.uid}").json()["progress"]
    assert (waiting["phase"], waiting["ahead"]) == ("waiting", 1)
    seen: dict[str, tuple[int, int]] = {}

    def look(**values: Any) -> Any:
        progress = progress_of(Report(pk=first.pk, state="processing", size=first.size, attempts=1))
        seen[progress.phase] = (progress.results, progress.read)
        return reconcile(**values)

    monkeypatch.setattr("apps.scans.services.ingest.reconcile", look)
    _process(first.pk)
    results, read = seen["matching"]
    assert results == 40
    assert first.size * 0.8 < read <= first.size  # the results, and not the frame around them
    done = client.get(f"/api/v1/reports/{first.uid}").json()["progress"]
    assert (done["phase"], done["ahead"]) == ("done", None)


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
    row = client.get(LIST).content.decode()
    assert (
        '<span class="row-sub break">No known format' in row
    )  # no file name, and no dot before it
    assert "Say which format it is" in page
    assert "Process again" not in page
    assert 'class="code excerpt"' not in page
    assert client.post(f"{address}reprocess/").status_code == 403
    client.force_login(people.security)
    assert "Process again" in client.get(address).content.decode()
    assert client.post(f"{address}reprocess/").status_code == 302
    report.refresh_from_db()
    assert report.state == "received"
    again = client.post(f"{address}reprocess/", follow=True).content.decode()
    assert "Only a failed or quarantined report" in again


def test_an_error_shows_its_line_to_those_who_may_read_the_file(
    client: Client, people: People
) -> None:
    broken = b'{"version": "2.1.0",\n "runs": [{"tool": {}, "results": tru}]\n}'
    report = make_report(people.system, content=broken, format="sarif")
    _process(report.pk)
    report.refresh_from_db()
    assert report.error_location.startswith("byte ")
    address = f"{LIST}{report.uid}/"
    client.force_login(people.security)
    page = client.get(address).content.decode()
    assert (
        "<mark> &quot;runs&quot;: [{&quot;tool&quot;: {}, &quot;results&quot;: tru}]</mark>" in page
    )
    assert "line 2, byte" in page
    client.force_login(people.viewer)
    assert "results&quot;: tru" not in client.get(address).content.decode()


def test_an_error_deep_in_a_large_compressed_report_is_shown_without_reading_all_of_it(
    client: Client, people: People
) -> None:
    """What else is in the file is written over before the page is asked for: it makes no difference."""
    dice = random.Random(1)  # noqa: S311  # that no gzip bomb is suspected
    many = b"".join(
        b'{"n": "%s"},\n' % dice.randbytes(16).hex().encode() for _line in range(90_000)
    )
    broken = b'{"version": "2.1.0", "runs": [\n' + many + b'{"tool": tru},\n' + many + b"{}]}"
    report = report_receive(
        actor=TESTS,
        system=people.system,
        claim=Claim(format="sarif"),
        chunks=[gzip.compress(broken)],
        gzipped=True,
    )
    _process(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error_reason) == ("failed", "malformed")
    with open(default_storage.path(report.storage_name), "r+b") as file:  # noqa: PTH123  # a folder in tests
        file.write(b"?" * 3_500_000)
        file.seek(4_500_000)
        file.write(b"?" * (len(broken) - 4_500_000))
    client.force_login(people.security)
    page = client.get(f"{LIST}{report.uid}/").content.decode()
    assert "<mark>{&quot;tool&quot;: tru},</mark>" in page
    assert "line 90002, byte" in page
    assert page.count('class="excerpt-line') == 5
    client.post(f"{LIST}{report.uid}/reprocess/")
    report.refresh_from_db()
    assert report.error_place is None


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
