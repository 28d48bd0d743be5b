"""What happened to an item as one line of time, and what each stage says of it today."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.advice.item_page import item_view
from apps.evidence.services.links import link_create, link_dismiss
from apps.planning.models import Option, PlanningItem
from apps.planning.services.decisions import decision_revisit, recommendation_make
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_confirm, decision_record_with_treatments
from apps.risks.services.endings import statement_supersede, statement_withdraw
from apps.risks.services.statements import statement_edit, statement_publish
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_finding,
    make_item,
    make_option,
    make_question,
    make_series,
    make_statement,
    statement_text,
)
from tests.factories.scans import make_arrived
from tests.pages import signed_in, text_of
from tests.risks.test_estimate_kinds import NO_RANGES

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def worth(loss: str) -> dict[str, object]:
    """One event a year of this loss: the expected loss is the same."""
    return {
        "kind": "fair",
        "frequency": {"kind": "point", "value": "1"},
        "magnitude": {"kind": "point", "value": loss},
    }


def revise(statement: RiskStatement, loss: str) -> None:
    statement.refresh_from_db()
    content = statement_text(estimate=worth(loss), **NO_RANGES)
    statement_edit(actor=TESTS, statement=statement, version=statement.version, content=content)
    statement_publish(actor=TESTS, statement=statement)


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system, title="Where do tickets live?")


@pytest.fixture
def option(item: PlanningItem) -> Option:
    return make_option(item, title="Public network")


def titles(people: People, item: PlanningItem) -> list[str]:
    page = text_of(signed_in(people.viewer), f"/planning/{item.key}/history/")
    found = re.findall(r'class="timeline-head"><span>(.*?)</span>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in found]


def test_everything_stands_on_one_line_the_newest_first(
    people: People, item: PlanningItem, option: Option
) -> None:
    risk = make_statement(option=option, published=True, estimate=worth("38000"), **NO_RANGES)
    other = make_statement(item, published=True, estimate=worth("500"), **NO_RANGES)
    recommendation_make(
        actor=actor_of(people.security), item=item, option=option, reason="It is quick."
    )
    decision = decision_record_with_treatments(
        actor=actor_of(people.architect), item=item, option=option, reason="Peaks cost sales."
    )
    revise(risk, "189432.10")
    decision_confirm(actor=actor_of(people.architect), decision=decision)
    statement_supersede(actor=TESTS, statement=other, successors=[risk], reason="Said twice.")
    decision_revisit(actor=actor_of(people.architect), item=item, reason="Too dear.")
    assert titles(people, item) == [
        "The decision for Public network was taken up again",
        f"Risk {other.key} superseded by {risk.key}",
        "Confirmed: Public network",
        f"Risk {risk.key} moved from EUR 38k to EUR 190k a year",
        "Decided: Public network",
        "Security recommended: Public network",
        f"Risk {other.key} published, worth EUR 500 a year",
        f"Risk {risk.key} published, worth EUR 38k a year",
        "Option added: Public network",
        "Filed",
    ]
    page = text_of(signed_in(people.viewer), f"/planning/{item.key}/history/")
    assert "It is quick." in page
    assert f'href="/risks/RS-{risk.pk}/"' in page
    assert f'href="/planning/{item.key}/#history"' in page


def test_a_history_is_for_those_who_see_the_item(people: People, item: PlanningItem) -> None:
    path = f"/planning/{item.key}/history/"
    assert titles(people, item) == ["Filed"]
    assert signed_in(people.outsider).get(path).status_code == 404
    assert path in text_of(signed_in(people.viewer), f"/planning/{item.key}/")


def test_changed_counts_risks_and_decisions_and_words(
    people: People, item: PlanningItem, option: Option
) -> None:
    risk = make_statement(option=option, published=True)
    long_ago = timezone.now() - dt.timedelta(days=365)
    PlanningItem.objects.filter(pk=item.pk).update(updated_at=long_ago)
    Option.objects.filter(pk=option.pk).update(updated_at=long_ago)
    RiskStatement.objects.filter(pk=risk.pk).update(updated_at=long_ago)
    viewer = actor_of(people.viewer)
    assert item_view(viewer, item.pk).changed_at == long_ago
    RiskStatement.objects.filter(pk=risk.pk).update(updated_at=long_ago + dt.timedelta(days=30))
    assert item_view(viewer, item.pk).changed_at == long_ago + dt.timedelta(days=30)
    asked = make_question(item)
    assert item_view(viewer, item.pk).changed_at == asked.asked_at
    decision = decision_record_with_treatments(
        actor=actor_of(people.architect), item=item, option=option, reason="Cheap."
    )
    PlanningItem.objects.filter(pk=item.pk).update(updated_at=long_ago)
    assert item_view(viewer, item.pk).changed_at == decision.decided_at
    statement_withdraw(actor=TESTS, statement=risk, reason="Gone.")
    assert item_view(viewer, item.pk).changed_at > decision.decided_at


def test_each_stage_says_what_bears_on_the_items_risks(
    people: People, item: PlanningItem, option: Option
) -> None:
    risk = make_statement(option=option, published=True)
    shared = make_statement(item, published=True)
    of_build = make_series(people.system, stage="build")
    make_arrived(of_build)
    of_code = make_series(people.system, stage="code")
    since = make_arrived(of_code)
    found = [make_finding(series=of_code, since=since) for _ in range(4)]
    for finding in found[:3]:
        link_create(actor=TESTS, statement=risk, finding=finding)
    link_create(actor=TESTS, statement=shared, finding=found[0])  # once, though it bears on two
    link_dismiss(actor=TESTS, link=found[2].evidence_links.get())
    elsewhere = make_statement(make_item(people.system), published=True)
    link_create(actor=TESTS, statement=elsewhere, finding=found[3])
    view = item_view(actor_of(people.viewer), item.pk)
    said = [(each.cover.stage.value, each.open_count, each.is_silent) for each in view.stages]
    assert said == [
        ("plan", 0, True),
        ("code", 2, False),
        ("build", 0, False),
        ("test", 0, True),
        ("release", 0, True),
        ("deploy", 0, True),
        ("operate", 0, True),
        ("monitor", 0, True),
    ]
    page = text_of(signed_in(people.viewer), f"/planning/{item.key}/")
    strip = page[page.index('class="stage-strip"') :]
    strip = strip[: strip.index("</ol>")]
    assert f'href="/findings/?system={people.system.key}&amp;stage=code"' in strip
    assert f'href="/systems/{people.system.key}/coverage/#monitor"' in strip
    assert strip.count("nobody looks") == 6
    assert strip.count("nothing open") == 1


def test_a_decided_item_is_decided_anew_and_quietly(
    people: People, item: PlanningItem, option: Option
) -> None:
    client, path = signed_in(people.architect), f"/planning/{item.key}/"
    assert re.search(
        r'<a class="button[^"]*button-primary[^"]*" href="#decide"', text_of(client, path)
    )
    decision_record_with_treatments(
        actor=actor_of(people.architect), item=item, option=option, reason="Cheap."
    )
    page = text_of(client, path)
    assert "Decide anew" in page
    assert re.search(r'<a class="button[^"]*button-quiet[^"]*" href="#decide"', page)


def test_the_numbers_stand_first_for_phones(
    people: People, item: PlanningItem, option: Option
) -> None:
    make_statement(option=option, published=True, estimate=worth("38000"), **NO_RANGES)
    make_option(item, title="Signed addresses", cost_once=Decimal(9000))
    page = text_of(signed_in(people.viewer), f"/planning/{item.key}/")
    table = page[page.index('class="at-a-glance"') : page.index('class="item-facts"')]
    words = " ".join(re.sub(r"<[^>]+>", " ", table.split(">", 1)[1]).replace("&nbsp;", " ").split())
    assert "Public network EUR 38k unknown" in words
    assert "Signed addresses not valued yet unknown" in words
    assert page.index('class="at-a-glance"') < page.index('class="item-facts"')
    for anchor in re.findall(r'<li><a href="#([a-z]+)"', page):
        assert f'id="{anchor}"' in page, anchor


def test_an_option_without_a_risk_leads_to_help(
    people: People, item: PlanningItem, option: Option
) -> None:
    page = text_of(signed_in(people.architect), f"/planning/{item.key}/")
    ask = f'<a href="/questions/new/?at=/planning/options/{option.pk}/edit/" data-ask>Ask security</a>'
    assert ask in page
    assert f'href="/planning/{item.key}/?guidance=1#guidance"' in page
