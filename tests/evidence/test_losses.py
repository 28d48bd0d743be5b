"""What is at stake with a finding: the highest expected loss a year of the published risks that it is evidence of."""

import csv
import io
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.evidence.models import EvidenceLink
from apps.evidence.services.links import link_create, link_dismiss
from apps.risks.models import RiskStatement, StatementState
from apps.scans.models import Finding
from apps.scans.selectors import FindingFilter, findings_list
from apps.scans.selectors_meant import findings_to_triage
from apps.scans.selectors_pages import findings_page
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import make_finding, make_item, make_series, make_statement
from tests.factories.people import actor_of
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db

DEAR: dict[str, Any] = {"magnitude_low": Decimal(1_000_000), "magnitude_high": Decimal(9_000_000)}


class Herd:
    """Seven findings of one system; the dear risk bears on 1 and 2, the cheap one on 2, 3 and 4, a draft on 5.

    6 has its link to the dear risk dismissed, and nothing bears on 7.
    """

    def __init__(self, people: People) -> None:
        self.actor = actor_of(people.chief)
        series = make_series(people.system)
        levels = (1, 4, 2, 3, 4, 4, 4)
        self.findings = [make_finding(series=series, severity=level) for level in levels]
        item = make_item(people.system)
        self.cheap = make_statement(item, published=True)
        self.dear = make_statement(item, published=True, **DEAR)
        self.draft = make_statement(item)
        for risk, numbers in ((self.dear, (1, 2, 6)), (self.cheap, (2, 3, 4)), (self.draft, (5,))):
            for number in numbers:
                self.link(risk, self.findings[number - 1])
        dismissed = EvidenceLink.objects.get(finding=self.findings[5])
        link_dismiss(actor=self.actor, link=dismissed)

    def link(self, risk: RiskStatement, finding: Finding) -> None:
        link_create(actor=self.actor, statement=risk, finding=finding)

    def loss(self, risk: RiskStatement) -> Decimal:
        assert risk.published is not None
        assert risk.published.valuation is not None
        return risk.published.valuation.expected_annual_loss

    def numbers(self, keys: list[int]) -> list[int]:
        return [[each.pk for each in self.findings].index(key) + 1 for key in keys]


@pytest.fixture
def herd(people: People) -> Herd:
    return Herd(people)


AT_STAKE = FindingFilter(at_stake=True)
DEAREST_FIRST = [2, 1, 4, 3]  # of the dear risk the worst first, then those of the cheap one alone


def test_the_dearest_come_first_each_at_the_dearest_of_its_risks(herd: Herd) -> None:
    assert herd.loss(herd.dear) > herd.loss(herd.cheap) > 0
    for limit in (1, 2, 3, 50):
        shown, losses, place = [], [], None
        for _ in range(9):
            page = findings_page(herd.actor, AT_STAKE, place, limit)
            shown += [each.pk for each in page.findings]
            losses += [getattr(each, "annual_loss", None) for each in page.findings]
            place = page.next
            if place is None:
                break
        assert herd.numbers(shown) == DEAREST_FIRST, limit
        assert losses == [herd.loss(herd.dear)] * 2 + [herd.loss(herd.cheap)] * 2
    first = findings_page(herd.actor, AT_STAKE, None, 2)
    assert (first.number, first.is_more) == (4, False)


def test_the_plain_list_has_the_same_order_and_filters_narrow_it(herd: Herd) -> None:
    listed = findings_list(herd.actor, AT_STAKE)
    assert herd.numbers([each.pk for each in listed]) == DEAREST_FIRST
    worst = FindingFilter(at_stake=True, severity=3)
    assert herd.numbers([each.pk for each in findings_list(herd.actor, worst)]) == [2, 4]
    page = findings_page(herd.actor, worst, None, 50)
    assert herd.numbers([each.pk for each in page.findings]) == [2, 4]
    meant = findings_to_triage(herd.actor, "accepted", wanted=worst)
    assert sorted(herd.numbers([each.pk for each in meant])) == [2, 4]


def test_a_risk_that_ended_puts_nothing_at_stake(herd: Herd) -> None:
    RiskStatement.objects.filter(pk=herd.dear.pk).update(state=StatementState.WITHDRAWN)
    listed = findings_list(herd.actor, AT_STAKE)
    assert herd.numbers([each.pk for each in listed]) == [2, 4, 3]
    assert {getattr(each, "annual_loss", None) for each in listed} == {herd.loss(herd.cheap)}


def test_who_sees_no_such_system_sees_none(herd: Herd, people: People) -> None:
    assert findings_list(herd.actor, AT_STAKE).exists()
    assert findings_page(actor_of(people.outsider), AT_STAKE, None, 50).findings == []


def test_the_page_says_it_and_goes_on(
    herd: Herd, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.scans.views.findings.PAGE", 3)
    client = signed_in(people.chief)
    with CaptureQueriesContext(connection) as captured:
        page = text_of(client, "/findings/?stake=known")
    assert len(captured) <= 12
    assert "add up to nothing" in page
    assert page.count('data-label="At stake"') == 3
    further = re.search(r'href="([^"]*after=[^"]*)"', page)
    assert further
    rest = text_of(client, unescape(further[1]))
    shown = [int(key) for key in re.findall(r'name="finding" value="(\d+)"', page + rest)]
    assert herd.numbers(shown) == DEAREST_FIRST
    # As a column of the ordinary list, where its head leads to this order.
    plain = text_of(client, "/findings/?columns=annual_loss")
    assert plain.count('data-label="At stake"') == 3
    head = re.search(r'<th[^>]*><a href="([^"]*)">At stake</a>', plain)
    assert head
    assert text_of(client, unescape(head[1])).count('data-label="At stake"') == 3


def test_files_and_the_api_say_the_same(herd: Herd, people: People) -> None:
    client = signed_in(people.chief)
    url = "/findings/export/?format=csv&stake=known&columns=severity,annual_loss"
    body = b"".join(client.get(url).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body)))
    assert herd.numbers([int(row["id"]) for row in rows]) == DEAREST_FIRST
    assert [Decimal(row["annual_loss"]) for row in rows[:2]] == [herd.loss(herd.dear)] * 2
    api, found, next_url = as_user(people.chief), [], "/api/v1/findings?at_stake=true&limit=3"
    while next_url:
        answer = api.get(next_url)
        assert answer.status_code == 200, answer.content
        found += answer.json()["results"]
        next_url = answer.json()["next"]
    assert herd.numbers([each["id"] for each in found]) == DEAREST_FIRST
    assert Decimal(found[-1]["annual_loss"]) == herd.loss(herd.cheap)
    every = api.get("/api/v1/findings").json()["results"]
    losses = {herd.numbers([each["id"]])[0]: each["annual_loss"] for each in every}
    assert {number for number, loss in losses.items() if loss is None} == {5, 6, 7}


def test_a_cursor_that_is_none_is_refused(herd: Herd, people: People) -> None:
    api = as_user(people.chief)
    for cursor in ("WyJ4IiwgMSwgMV0", "WyIxLjAwIiwgLTEsIDFd", "WzEsIDEsIDFd"):
        answer = api.get(f"/api/v1/findings?at_stake=true&cursor={cursor}")
        assert answer.status_code in {200, 400}
