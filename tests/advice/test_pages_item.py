"""The page of a planning item, and all that is written on it."""

import datetime as dt
import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.evidence.services.links import link_create
from apps.planning.models import Decision, Option, PlanningItem, Question, Recommendation
from apps.planning.services.decisions import (
    decision_record,
    decisions_expire,
    recommendation_make,
)
from apps.risks.models import RiskStatement, TreatmentChoice
from apps.risks.services.statements import statement_edit
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_finding,
    make_item,
    make_option,
    make_question,
    make_statement,
    statement_text,
)
from tests.pages import unmarked
from tests.risks.test_estimate_kinds import NO_RANGES

TESTS = portal_actor("tests")


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system, title="Where do invoices live?", question="Who may *read*?")


@pytest.fixture
def public(item: PlanningItem) -> Option:
    return make_option(item, title="Public bucket", cost_once=Decimal(1000))


@pytest.fixture
def signed(item: PlanningItem, public: Option) -> Option:
    return make_option(item, title="Signed URLs", cost_once=Decimal(9000), cost_yearly=Decimal(500))


@pytest.fixture
def open_to_all(public: Option) -> RiskStatement:
    return make_statement(
        option=public, published=True, condition="leave the bucket open", frequency_low=Decimal(1)
    )


@pytest.fixture
def leaked_link(signed: Option) -> RiskStatement:
    return make_statement(
        option=signed,
        published=True,
        condition="sign addresses for ten minutes",
        frequency_low=Decimal("0.01"),
        frequency_high=Decimal("0.05"),
    )


def _page(client: Client, item: PlanningItem) -> str:
    response = client.get(f"/planning/PI-{item.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_reads_as_one_document(
    client: Client,
    people: People,
    item: PlanningItem,
    open_to_all: RiskStatement,
    leaked_link: RiskStatement,
) -> None:
    make_question(item, by=people.viewer, body="How long do links live?")
    finding = make_finding(people.system, title="Bucket without a policy", severity=4)
    link_create(actor=TESTS, statement=open_to_all, finding=finding)
    client.force_login(people.viewer)
    page = _page(client, item)
    for words in (
        "Where do invoices live?",
        "Who may <em>read</em>?",
        "Public bucket",
        "Signed URLs",
        "leave the bucket open",
        "sign addresses for ten minutes",
        "How long do links live?",
        "Bucket without a policy",
        "1 open finding",
    ):
        assert words in page
    assert f"/risks/RS-{open_to_all.pk}/" in page
    assert f"/findings/{finding.pk}/" in page


def test_figures_stand_side_by_side_on_one_axis(
    client: Client,
    people: People,
    item: PlanningItem,
    open_to_all: RiskStatement,
    leaked_link: RiskStatement,
) -> None:
    client.force_login(people.viewer)
    figures = client.get(f"/planning/PI-{item.pk}/").context["figures"]
    baseline, other = figures.options
    assert [curve.label for curve in figures.curves] == ["Public bucket", "Signed URLs"]
    assert baseline.against_baseline == ""
    assert other.against_baseline == "It costs less in 6 years in 10."
    # A closed form: expected loss a year is the expected frequency times the expected magnitude, so
    # adding the cost of the first year gives the total.
    assert other.total == other.expected + Decimal(9500)
    assert baseline.total == baseline.expected + Decimal(1000)
    # The baseline loses about once a year what the other option loses once in forty years.
    assert other.less == pytest.approx(baseline.total - other.total, abs=Decimal("0.02"))


def test_one_chooses_by_value_and_cost(
    client: Client, people: People, item: PlanningItem, public: Option, leaked_link: RiskStatement
) -> None:
    """Beside each choice stands what its column says."""
    make_option(item, title="Nothing")
    client.force_login(people.architect)
    answer = client.get(f"/planning/PI-{item.pk}/")
    signed = answer.context["figures"].options[1]
    assert signed.total == signed.expected + Decimal(9500)
    form = words_of(answer).partition("Chosen option")[2].partition("Because")[0]
    assert "Public bucket not valued yet · cost in the first year EUR 1k" in form
    assert re.search(r"Signed URLs EUR [\d.]+k? a year expected · with cost EUR [\d.]+k", form)
    assert "Nothing not valued yet · cost not said" in form


def test_an_option_nobody_spoke_about_has_no_value(
    client: Client, people: People, item: PlanningItem, public: Option, leaked_link: RiskStatement
) -> None:
    client.force_login(people.viewer)
    page = _page(client, item)
    assert "not valued yet" in page
    assert "The baseline has no published risk" in page
    assert "than the baseline" not in page


def words_of(response: Any) -> str:
    """The page as it reads: without tags, spaces as one."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+([.,])", r"\1", " ".join(html.unescape(bare).split()))


def sure_loss(option: Option, often: str, loss: str) -> RiskStatement:
    """`loss` an event, `often` events a year on average: the expected loss is their product."""
    estimate = {
        "kind": "fair",
        "frequency": {"kind": "point", "value": often},
        "magnitude": {"kind": "point", "value": loss},
    }
    return make_statement(option=option, published=True, estimate=estimate, **NO_RANGES)


def test_an_unknown_cost_is_not_zero(
    client: Client, people: People, item: PlanningItem, public: Option
) -> None:
    """100 000 once in two years is 50 000 a year; 10 000 as often is 5 000."""
    cheap = make_option(item, title="Queue")
    sure_loss(public, "0.5", "100000")
    sure_loss(cheap, "0.5", "10000")
    client.force_login(people.viewer)
    response = client.get(f"/planning/PI-{item.pk}/")
    _baseline, other = response.context["figures"].options
    assert (other.total, other.less, other.is_loss_alone) == (None, Decimal(45_000), True)
    assert other.against_baseline == ""
    words = words_of(response)
    assert "Together EUR 5k + cost not said" in words
    assert "Loss alone: EUR 45k less a year than the baseline, on average." in words
    assert "A cost is not said, so nobody can say which is cheaper in all." in words
    told = as_user(people.viewer).get(f"/items/{item.key}/comparison").json()
    (_first, said) = told["options"]
    assert (said["yearly_total"], said["difference"], said["cheapest"]) == (None, None, None)
    assert said["loss_difference"] == "-45000.00"
    assert told["information"] is None  # only one of them has a cost


def test_where_no_option_says_a_cost_losses_alone_are_weighed(
    client: Client, people: People, item: PlanningItem
) -> None:
    first, second = (make_option(item, title=title) for title in ("Bucket", "Queue"))
    make_option(item, title="Database")
    sure_loss(first, "0.5", "100000")
    sure_loss(second, "0.5", "10000")
    client.force_login(people.viewer)
    words = words_of(client.get(f"/planning/PI-{item.pk}/"))
    assert "For the choice among “Bucket” and “Queue”." in words
    assert "Not weighed, since a value or a cost is not said: “Database”." in words
    assert "losses alone are weighed" in words
    told = as_user(people.viewer).get(f"/items/{item.key}/comparison").json()["information"]
    assert (told["covers"], told["is_loss_alone"]) == ([first.pk, second.pk], True)


def test_years_and_average_do_not_contradict_each_other(
    client: Client, people: People, item: PlanningItem
) -> None:
    """Poisson: no event in a year with probability exp(-0.223) = 0.8, so that 2 years in 10 have one."""
    keep = make_option(item, title="Keep it", cost_once=Decimal(0))
    guard = make_option(item, title="Guard it", cost_once=Decimal(6000))
    alike = make_option(item, title="Keep it by another name", cost_once=Decimal(5))
    sure_loss(keep, "0.223", "200000")
    sure_loss(guard, "0.000001", "1")
    sure_loss(alike, "0.223", "200000")
    client.force_login(people.viewer)
    words = words_of(client.get(f"/planning/PI-{item.pk}/"))
    # 0.223 x 200 000 - 6 000 = 38 600
    assert (
        "Loss and cost together: EUR 39k less a year than the baseline, on average. "
        "Like an insurance: much less in 2 years in 10, a little more in others." in words
    )
    assert "Loss and cost together: about the same as the baseline." in words


def test_every_card_begins_with_the_average(
    client: Client, people: People, item: PlanningItem, public: Option, signed: Option
) -> None:
    often, rare = sure_loss(public, "2", "101234"), sure_loss(signed, "0.01", "101234")
    client.force_login(people.viewer)
    words = words_of(client.get(f"/planning/PI-{item.pk}/"))
    assert words.count("Loss a year, on average EUR") == 2
    # 202 468; of a Poisson number with mean 2 the 5th percentile is 0, the 95th 5: 506 170.
    assert "Loss a year, on average EUR 200k 9 years in 10 between EUR 0 \N{EN DASH} 510k" in words
    assert "Loss a year, on average EUR 1k Rare: some loss in 1 year in 101" in words  # 1 012.34
    assert often.item_id == rare.item_id


def test_a_recommended_option_without_a_value_asks_for_one(
    client: Client, people: People, item: PlanningItem, signed: Option, open_to_all: RiskStatement
) -> None:
    recommendation_make(
        actor=actor_of(people.security), item=item, option=signed, reason="Fewer readers."
    )
    client.force_login(people.architect)
    page = _page(client, item)
    assert "The recommended option has no value yet." in page
    assert f"?at=/planning/options/{signed.pk}/edit/" in page
    make_statement(option=signed, published=True)
    assert "The recommended option has no value yet." not in _page(client, item)


def test_a_rare_loss_is_not_shown_as_nothing(
    client: Client, people: People, item: PlanningItem, public: Option
) -> None:
    rare = make_statement(
        option=public,
        published=True,
        frequency_low=Decimal("0.005"),
        frequency_high=Decimal("0.03"),
    )
    client.force_login(people.viewer)
    response = client.get(f"/planning/PI-{item.pk}/")
    assert response.context["figures"].options[0].high == 0  # nineteen years in twenty
    assert "Rare: some loss in 1 year in" in response.content.decode()
    assert "9 years in 10 between" not in response.content.decode()
    page = client.get(f"/risks/RS-{rare.pk}/").content.decode()
    assert "rare: the curve shows what the other years cost" in page


def test_drafts_are_marked_and_count_nowhere(
    client: Client, people: People, item: PlanningItem, public: Option
) -> None:
    make_statement(option=public, condition="a first thought")
    client.force_login(people.viewer)
    response = client.get(f"/planning/PI-{item.pk}/")
    assert "a first thought" in response.content.decode()
    assert "Draft" in response.content.decode()
    assert response.context["figures"].options[0].expected is None


def test_readers_see_the_published_text_until_the_next_one(
    client: Client, people: People, item: PlanningItem, open_to_all: RiskStatement
) -> None:
    changed = statement_text(condition="words that are not published")
    statement_edit(actor=TESTS, statement=open_to_all, version=1, content=changed)
    client.force_login(people.viewer)
    page = _page(client, item)
    assert "leave the bucket open" in page
    assert "words that are not published" not in page
    assert "Changes not published" in page
    finding = make_finding(people.system, title="Open bucket")
    link_create(actor=TESTS, statement=open_to_all, finding=finding)
    elsewhere = ("/search/?q=bucket", "/palette/?q=bucket", f"/findings/{finding.pk}/")
    for path in elsewhere:
        page = unmarked(client.get(path).content)
        assert "leave the bucket open" in page, path
        assert "words that are not published" not in page, path
    assert open_to_all.key not in client.get("/palette/?q=not+published").content.decode()
    client.force_login(people.security)
    assert open_to_all.key in client.get("/palette/?q=not+published").content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("viewer", 200),
        ("architect", 200),
        ("security", 200),
        ("system_admin", 200),
        ("chief", 200),
        ("admin", 200),
        ("outsider", 404),
        ("nobody", 404),
    ],
)
def test_who_sees_it(
    client: Client, people: People, item: PlanningItem, who: str, status: int
) -> None:
    client.force_login(getattr(people, who))
    assert client.get(f"/planning/PI-{item.pk}/").status_code == status


@pytest.mark.parametrize(
    ("who", "controls"),
    [
        ("viewer", {"questions/"}),
        ("architect", {"questions/", "decision/", "edit/", "options/new/"}),
        ("security", {"questions/", "decision/", "edit/", "options/new/", "recommendation/"}),
    ],
)
def test_only_controls_that_may_be_used_are_shown(
    *,
    client: Client,
    people: People,
    item: PlanningItem,
    public: Option,
    who: str,
    controls: set[str],
) -> None:
    client.force_login(getattr(people, who))
    page = _page(client, item)
    every = {"questions/", "decision/", "edit/", "options/new/", "recommendation/"}
    assert {each for each in every if f'"/planning/PI-{item.pk}/{each}"' in page} == controls


def test_questions_and_answers(client: Client, people: People, item: PlanningItem) -> None:
    client.force_login(people.viewer)
    asked = client.post(f"/planning/PI-{item.pk}/questions/", {"body": "How long?"})
    question = Question.objects.get()
    assert asked["Location"] == f"/planning/PI-{item.pk}/#question-{question.pk}"
    answers = f"/questions/{question.pk}/answers/"
    assert client.post(answers, {f"answer-{question.pk}-body": "I think"}).status_code == 403

    client.force_login(people.security)
    client.post(answers, {f"answer-{question.pk}-body": "Ten minutes."})
    assert "Ten minutes." in _page(client, item)
    answer = question.answers.get()

    client.force_login(people.viewer)  # who asked may say that it answers the question
    client.post(f"/answers/{answer.pk}/accept/")
    assert "Take back that it answers it" in _page(client, item)
    client.post(f"/answers/{answer.pk}/accept/", {"undo": "1"})
    answer.refresh_from_db()
    assert answer.accepted_at is None
    client.post(f"/answers/{answer.pk}/accept/")
    assert "Accepted answer" in _page(client, item)


def test_an_empty_answer_is_put_back_with_its_question(
    client: Client, people: People, item: PlanningItem
) -> None:
    question = make_question(item)
    client.force_login(people.security)
    response = client.post(
        f"/questions/{question.pk}/answers/", {f"answer-{question.pk}-body": "   "}
    )
    assert response.status_code == 422
    assert response.context["threads"][0]["opened"]
    assert not question.answers.exists()


@pytest.mark.parametrize("who", ["outsider", "nobody"])
def test_strangers_cannot_write_anything(
    client: Client, people: People, item: PlanningItem, public: Option, who: str
) -> None:
    question = make_question(item)
    client.force_login(getattr(people, who))
    base = f"/planning/PI-{item.pk}/"
    for address, typed in (
        (f"{base}questions/", {"body": "x"}),
        (f"{base}recommendation/", {"advice-reason": "x"}),
        (f"{base}decision/", {"decision-option": public.pk, "decision-reason": "x"}),
        (f"{base}revisit/", {}),
        (f"{base}options/new/", {"title": "x"}),
        (f"/planning/options/{public.pk}/edit/", {"title": "x"}),
        (f"/planning/options/{public.pk}/delete/", {}),
        (f"/questions/{question.pk}/answers/", {f"answer-{question.pk}-body": "x"}),
    ):
        assert client.post(address, typed).status_code == 404, address
    assert not Decision.objects.exists()
    assert Option.objects.count() == 1


def test_a_recommendation_is_security_s_and_binds_nobody(
    client: Client, people: People, item: PlanningItem, public: Option, signed: Option
) -> None:
    address = f"/planning/PI-{item.pk}/recommendation/"
    typed = {"advice-option": signed.pk, "advice-reason": "One mistake less to make."}
    client.force_login(people.architect)
    assert client.post(address, typed).status_code == 403
    client.force_login(people.security)
    assert client.post(address, typed).status_code == 302
    assert Recommendation.objects.get().option == signed
    response = client.post(address, typed | {"advice-reason": ""})
    assert response.status_code == 422
    assert f'<option value="{signed.pk}" selected>' in response.content.decode()


def test_a_decision_against_the_advice_is_recorded_and_shown_neutrally(
    *,
    client: Client,
    people: People,
    item: PlanningItem,
    public: Option,
    signed: Option,
    open_to_all: RiskStatement,
    leaked_link: RiskStatement,
) -> None:
    recommendation_make(
        actor=Actor(user=people.security), item=item, option=signed, reason="Less to lose."
    )
    client.force_login(people.architect)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    response = client.post(
        f"/planning/PI-{item.pk}/decision/",
        {
            "decision-option": public.pk,
            "decision-reason": "It ends in a month anyway.",
            "decision-valid_until": tomorrow.isoformat(),
            f"decision-treatment_{open_to_all.pk}": "accept",
            f"decision-treatment_{leaked_link.pk}": "avoid",  # of the other option: not run
        },
    )
    assert response["Location"] == f"/planning/PI-{item.pk}/#decision"
    decision = Decision.objects.get()
    assert (decision.option, decision.valid_until) == (public, tomorrow)
    treated = TreatmentChoice.objects.get()
    assert (treated.statement, treated.treatment) == (open_to_all, "accept")
    assert treated.revision == open_to_all.published
    page = _page(client, item)
    assert "Security recommended Signed URLs; both reasons are on record." in page
    assert "Less to lose." in page
    assert "It ends in a month anyway." in page
    options = client.get(f"/planning/PI-{item.pk}/").context["view"].options
    assert [(each.is_chosen, each.is_recommended) for each in options] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision-reason": ""}, "reason"),
        ({"decision-option": ""}, "option"),
        ({"decision-option": "0"}, "option"),
        ({"decision-valid_until": "2001-01-01"}, "valid_until"),
        ({"decision-valid_until": "soon"}, "valid_until"),
    ],
)
def test_a_refused_decision_keeps_what_was_typed(
    *,
    client: Client,
    people: People,
    item: PlanningItem,
    open_to_all: RiskStatement,
    changes: dict[str, str],
    field: str,
) -> None:
    client.force_login(people.architect)
    typed = {
        "decision-option": str(open_to_all.option_id),
        "decision-reason": "Because it is cheap",
        f"decision-treatment_{open_to_all.pk}": "transfer",
    }
    response = client.post(f"/planning/PI-{item.pk}/decision/", typed | changes)
    assert response.status_code == 422
    assert list(response.context["decision_form"].errors) == [field]
    page = response.content.decode()
    assert '<option value="transfer" selected>' in page
    assert ("Because it is cheap" in page) is (field != "reason")
    assert not Decision.objects.exists()


def test_taken_up_again_and_expired_decisions_stay_in_the_history(
    client: Client, people: People, item: PlanningItem, public: Option
) -> None:
    architect = Actor(user=people.architect)
    decision_record(actor=architect, item=item, option=public, reason="For this month")
    client.force_login(people.architect)
    address, typed = f"/planning/PI-{item.pk}/revisit/", {"revisit-reason": "Prices changed."}
    refused = client.post(address, {"revisit-reason": " "})
    assert refused.status_code == 422
    assert list(refused.context["revisit_form"].errors) == ["reason"]
    assert Decision.objects.get().ended_at is None
    assert client.post(address, typed).status_code == 302
    assert "Prices changed." in client.get(f"/planning/PI-{item.pk}/").content.decode()
    assert client.post(address, typed).status_code == 409  # none in force
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    decision_record(
        actor=architect, item=item, option=public, reason="Once more", valid_until=tomorrow
    )
    assert decisions_expire(tomorrow + dt.timedelta(days=1)) == 1
    response = client.get(f"/planning/PI-{item.pk}/")
    assert response.context["view"].decision is None
    assert [each.end for each in response.context["view"].past_decisions] == [
        "expired",
        "revisited",
    ]
    page = response.content.decode()
    assert "Earlier decisions" in page
    assert "For this month" in page
    assert "Once more" in page


def test_texts_of_people_are_escaped(client: Client, people: People) -> None:
    attack = '<script>alert("x")</script>'
    item = make_item(people.system, title=attack, question=attack)
    option = make_option(item, title=attack, description=attack)
    make_statement(option=option, published=True, condition=attack, consequence=attack)
    make_question(item, body=attack)
    client.force_login(people.security)
    assert attack not in _page(client, item)


def test_the_number_of_queries_does_not_grow(
    client: Client, people: People, item: PlanningItem, public: Option
) -> None:
    client.force_login(people.security)

    def fill(number: int) -> None:
        for index in range(number):
            option = make_option(item, title=f"Option {number} {index}")
            statement = make_statement(option=option, published=True)
            link_create(actor=TESTS, statement=statement, finding=make_finding(people.system))
            make_question(item, by=people.viewer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            _page(client, item)
        return len(captured)

    fill(1)
    few = queries()
    fill(6)
    assert queries() == few
