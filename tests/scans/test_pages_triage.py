"""Triage on the pages: of one finding, of ticked ones, of all that a filter finds."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.scans.models import Finding, Triage
from apps.scans.services.counts import counts_refresh
from tests.conftest import People
from tests.factories import make_finding, make_series

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_one_finding_is_judged_and_taken_back(people: People) -> None:
    finding, client = make_finding(people.system), browser(people.security)
    path = f"/findings/{finding.pk}/"
    assert b"Nobody has said anything yet" in client.get(path).content
    said = {"verdict": "false_positive", "reason": "Only in tests."}
    answer = client.post(path, said, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    page = answer.content.decode()
    assert "Sec Urity: Only in tests." in page
    finding.refresh_from_db()
    assert finding.state == "false_positive"
    undo = f"/findings/triage/{Triage.objects.get().uid}/undo/"
    assert undo in page
    back = client.post(undo, follow=True)
    assert back.redirect_chain == [(path, 302)]
    assert b"(taken back)" in back.content
    finding.refresh_from_db()
    assert finding.state == "open"


def test_what_was_typed_is_kept_when_it_is_refused(people: People) -> None:
    finding = make_finding(people.system)
    said = {"verdict": "accepted", "justification": "component_not_present", "reason": "Kept text"}
    answer = browser(people.security).post(f"/findings/{finding.pk}/", said)
    assert answer.status_code == 422
    assert b"Kept text" in answer.content
    assert b"Only what is not affected has a justification" in answer.content
    empty = browser(people.security).post(f"/findings/{finding.pk}/", {"verdict": "accepted"})
    assert b"Say why" in empty.content
    assert Triage.objects.count() == 0


def test_readers_see_and_do_not_judge(people: People) -> None:
    finding = make_finding(people.system)
    client = browser(people.viewer)
    assert b"Triage it" not in client.get(f"/findings/{finding.pk}/").content
    assert b"Triage the ticked" not in client.get("/findings/").content
    said = {"verdict": "accepted", "reason": "x"}
    assert client.post(f"/findings/{finding.pk}/", said).status_code == 403
    assert client.post("/findings/triage/", said).status_code == 403
    assert browser(people.outsider).post(f"/findings/{finding.pk}/", said).status_code == 404


def confirmed(client: Client, path: str, **said: Any) -> Any:
    """First what it would change, then done."""
    asked = {"verdict": "accepted", "reason": "Legacy.", **said}
    shown = client.post(path, asked)
    assert shown.status_code == 200
    assert Triage.objects.count() == 0
    return shown, client.post(path, asked | {"confirm": "1"}, follow=True)


def test_ticked_findings(people: People) -> None:
    one, two, rest = (make_finding(people.system) for _ in range(3))
    client = browser(people.security)
    assert f'value="{one.pk}" form="triage-form"' in client.get("/findings/").content.decode()
    shown, done = confirmed(client, "/findings/triage/", finding=[one.pk, two.pk])
    assert b"Triage 2 findings" in shown.content
    assert b'name="confirm" value="1" autofocus' in shown.content  # Enter does it
    assert one.title.encode() in shown.content
    assert rest.title.encode() not in shown.content
    assert b"findings changed" in done.content
    assert b"Legacy." in done.content
    assert set(Finding.objects.filter(state="accepted")) == {one, two}


def test_all_of_a_filter_and_undo(people: People) -> None:
    high = [make_finding(people.system, severity=3) for _ in range(12)]
    low = make_finding(people.system, severity=1)
    client = browser(people.security)
    shown, done = confirmed(client, "/findings/triage/?severity=3", meant="all")
    assert b"Triage 12 findings" in shown.content
    assert set(Finding.objects.filter(state="accepted")) == set(high)
    triage = Triage.objects.get()
    assert done.redirect_chain == [(f"/findings/triage/{triage.uid}/?severity=3", 302)]
    undone = client.post(f"/findings/triage/{triage.uid}/undo/", follow=True)
    assert b"are as they were before" in undone.content
    assert Finding.objects.filter(state="open").count() == len(high) + 1
    low.refresh_from_db()
    assert low.state == "open"
    other = browser(people.outsider)
    assert other.get(f"/findings/triage/{triage.uid}/").status_code == 404
    assert other.post(f"/findings/triage/{triage.uid}/undo/").status_code == 404


def test_all_of_a_filter_is_never_meant_by_saying_nothing(people: People) -> None:
    findings = [make_finding(people.system, severity=3) for _ in range(3)]
    client = browser(people.security)
    said = {"verdict": "accepted", "reason": "Legacy.", "confirm": "1"}
    for given in ({}, {"meant": "ticked"}, {"meant": "x"}, {"finding": ""}):
        for path, words in (("triage", said), ("owner", {"team": "*", "confirm": "1"})):
            answer = client.post(f"/findings/{path}/?severity=3", {**words, **given})
            assert answer.status_code == 422, given
            assert b"Do it" not in answer.content
            assert 'name="meant"' in answer.content.decode()  # it can be said there
    assert "Legacy." in client.post("/findings/triage/", said).content.decode()  # typed, and kept
    assert not Triage.objects.exists()
    # What is ticked counts, and the whole filter where it is chosen, whatever was ticked before.
    client.post("/findings/triage/?severity=3", {**said, "finding": [findings[0].pk]})
    assert Finding.objects.filter(state="accepted").count() == 1
    client.post(
        "/findings/triage/?severity=3", {**said, "meant": "all", "finding": [findings[0].pk]}
    )
    assert Finding.objects.filter(state="accepted").count() == len(findings)


def test_the_list_says_how_many_all_are(people: People) -> None:
    series = make_series(people.system)
    for number in range(3):
        make_finding(series=series, title=f"Same {number}")
    counts_refresh(series.pk)
    client = browser(people.security)
    page = client.get("/findings/").content.decode()
    assert "All that the filter finds: 3 findings" in page
    assert (
        "All that the filter finds: 1 finding" in client.get("/findings/?q=Same+1").content.decode()
    )
    why = page[page.index('for="id_reason"') :]
    assert "(optional)" not in why[: why.index("</label>")]  # it is needed but to open again


def test_nothing_to_change_is_said(people: People) -> None:
    make_finding(people.system, state="fixed", is_present=False)
    said = {"verdict": "accepted", "reason": "x", "meant": "all"}
    answer = browser(people.security).post("/findings/triage/?state=fixed", said)
    assert b"Nothing would change" in answer.content
    assert b'name="confirm"' not in answer.content


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, "\x00", "1.5"])
def test_no_body_breaks_the_page(people: People, value: str) -> None:
    make_finding(people.system)
    client = browser(people.security)
    for name in ("finding", "verdict", "justification", "reason", "confirm"):
        said = {"verdict": "accepted", "reason": "x", "confirm": "1"} | {name: value}
        assert client.post("/findings/triage/?state=nonsense&cwe=x", said).status_code in {
            200,
            302,
            422,
        }


def test_the_way_leads_back_to_the_list_that_it_was_done_on(people: People) -> None:
    make_finding(people.system, severity=3)
    client = browser(people.security)
    opened = "?severity=3&columns=owner&after=4-9"
    assert (
        f"/findings/triage/{opened}".replace("&", "&amp;")
        in client.get(f"/findings/{opened}").content.decode()
    )
    shown, done = confirmed(client, f"/findings/triage/{opened}", meant="all")
    assert shown.context["back_url"] == f"/findings/{opened}"  # cancelled, the page is as it was
    uid = Triage.objects.get().uid
    listed = "?severity=3&columns=owner"
    assert done.redirect_chain == [(f"/findings/triage/{uid}/{listed}", 302)]
    assert done.context["list_url"] == f"/findings/{listed}"
    undone = client.post(done.context["undo_url"], follow=True)
    assert undone.redirect_chain == [(f"/findings/triage/{uid}/{listed}", 302)]
    assert undone.context["list_url"] == f"/findings/{listed}"
