"""Controls: what they take away, whom they are credited for, and what they are worth."""

from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.controls.models import Control, ControlEffect, ControlStatus
from apps.controls.selectors import effect_get
from apps.controls.services.controls import (
    EffectInput,
    control_set_status,
    effect_remove,
    effect_set,
)
from apps.controls.worth import cost_of, picture_of, whole_of
from apps.evidence.services.updates import update_record
from apps.planning.models import PlanningItem
from apps.risks.models import RiskStatement
from apps.risks.services.endings import statement_withdraw
from apps.risks.services.statements import statement_edit
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_control,
    make_effect,
    make_guidance,
    make_item,
    make_statement,
    statement_text,
)
from tests.pages import signed_in, text_of
from tests.risks.test_estimate_kinds import NO_RANGES

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
# Two events a year of 10,000 each, both known: 20,000 a year.
KNOWN: dict[str, Any] = {
    "kind": "fair",
    "frequency": {"kind": "point", "value": "2"},
    "magnitude": {"kind": "point", "value": "10000"},
}
# The mean of PERT(0.5, 0.8, 0.95) is (0.5 + 4 x 0.8 + 0.95) / 6 = 0.775: 4,500 of 20,000 are left.
MOSTLY = "0.5 0.8 0.95"


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system)


@pytest.fixture
def statement(item: PlanningItem) -> RiskStatement:
    return make_statement(item, published=True, estimate=KNOWN, **NO_RANGES)


@pytest.fixture
def control(people: People, statement: RiskStatement) -> Control:
    made = make_control(people.system, name="Multi-factor sign-in", cost_yearly_high=Decimal(3000),
                        cost_yearly_low=Decimal(3000))  # fmt: skip
    make_effect(made, statement, frequency=MOSTLY)
    return made


def stands(people: People, control: Control, status: str) -> None:
    control_set_status(actor=actor_of(people.security), control=control, status=status)


def counted(statement: RiskStatement) -> tuple[Decimal, int]:
    """What readers see: expected loss a year, and the revision."""
    statement.refresh_from_db()
    assert statement.published is not None
    return statement.published.valuation.expected_annual_loss, statement.published.number


# --- credit --------------------------------------------------------------------------------------


def test_only_what_is_in_place_lowers_the_value(
    people: People, statement: RiskStatement, control: Control
) -> None:
    assert counted(statement) == (Decimal("20000.00"), 1)
    stands(people, control, ControlStatus.IN_PLACE)
    assert counted(statement) == (Decimal("4500.00"), 2)
    revision = statement.revisions.first()
    assert revision is not None
    assert revision.note == f"{control.key} Multi-factor sign-in: In place."
    assert [each["control"] for each in revision.controls] == [control.key]
    for number, status in enumerate(("waived", "in_place", "retired"), start=3):
        stands(people, control, status)
        expected = Decimal("4500.00") if status == "in_place" else Decimal("20000.00")
        assert counted(statement) == (expected, number)
    # The old revisions say for ever what they were computed with.
    first = statement.revisions.get(number=2)
    assert first.valuation.expected_annual_loss == Decimal("4500.00")


def test_planned_to_waived_moves_nothing_and_publishes_nothing(
    people: People, statement: RiskStatement, control: Control
) -> None:
    version = statement.version
    stands(people, control, ControlStatus.WAIVED)
    assert counted(statement) == (Decimal("20000.00"), 1)
    assert statement.version == version


def test_several_controls_multiply_what_they_leave(
    people: People, statement: RiskStatement, control: Control
) -> None:
    other = make_control(people.system, status="in_place")
    make_effect(other, statement, loss="0.5")
    stands(people, control, ControlStatus.IN_PLACE)
    assert counted(statement)[0] == Decimal("2250.00")  # 20,000 x 0.225 x 0.5


def test_a_control_of_another_risk_earns_nothing_here(
    people: People, item: PlanningItem, statement: RiskStatement, control: Control
) -> None:
    other = make_statement(item, published=True, estimate=KNOWN, **NO_RANGES)
    stands(people, control, ControlStatus.IN_PLACE)
    assert counted(other) == (Decimal("20000.00"), 1)


def test_what_else_was_changed_is_not_published_along(
    people: People, statement: RiskStatement, control: Control
) -> None:
    changed = statement_text(condition="If you do it anyway", estimate=KNOWN, **NO_RANGES)
    statement_edit(actor=TESTS, statement=statement, version=statement.version, content=changed)
    stands(people, control, ControlStatus.IN_PLACE)
    assert counted(statement) == (Decimal("20000.00"), 1)
    assert statement.valuation.expected_annual_loss == Decimal("4500.00")
    assert statement.has_unpublished_changes


def test_an_edit_keeps_the_credit(
    people: People, statement: RiskStatement, control: Control
) -> None:
    stands(people, control, ControlStatus.IN_PLACE)
    statement.refresh_from_db()
    twice = KNOWN | {"magnitude": {"kind": "point", "value": "20000"}}
    edited = statement_edit(
        actor=TESTS,
        statement=statement,
        version=statement.version,
        content=statement_text(estimate=twice, **NO_RANGES),
    )
    assert edited.valuation.expected_annual_loss == Decimal("9000.00")


def test_a_better_judgement_and_a_removal_are_valued_at_once(
    people: People, statement: RiskStatement, control: Control
) -> None:
    stands(people, control, ControlStatus.IN_PLACE)
    make_effect(control, statement, frequency="0.5")
    assert counted(statement)[0] == Decimal("10000.00")
    effect = effect_get(actor_of(people.security), control, statement.pk)
    assert effect is not None
    effect_remove(actor=actor_of(people.security), effect=effect)
    assert counted(statement)[0] == Decimal("20000.00")


def test_a_withdrawn_statement_stays_as_it_was(
    people: People, statement: RiskStatement, control: Control
) -> None:
    statement_withdraw(actor=TESTS, statement=statement, reason="Another system does it now.")
    stands(people, control, ControlStatus.IN_PLACE)
    statement.refresh_from_db()
    assert statement.controls == []
    with pytest.raises(Conflict):
        effect_set(actor=TESTS, control=control, statement=statement, content=EffectInput())


def test_evidence_is_read_as_seen_with_the_controls(people: People, item: PlanningItem) -> None:
    """Gamma(2, 4) before controls; with half the events prevented, 3 events in 2 years are those of
    one year without: Gamma(5, 5), so 5,000 a year with the control (Gelman et al., 2.6)."""
    gamma = KNOWN | {"frequency": {"kind": "gamma", "shape": "2", "rate": "4"}}
    statement = make_statement(item, published=True, estimate=gamma, **NO_RANGES)
    make_effect(make_control(people.system, status="in_place"), statement, frequency="0.5")
    update = update_record(
        actor=actor_of(people.security),
        statement=statement,
        kind="events",
        data={"events": 3, "years": 2.0, "relevance": 1.0},
        key="incidents",
    )
    assert (update.posterior["shape"], update.posterior["rate"]) == (5.0, 5.0)
    assert (update.loss_before, update.loss_after) == (Decimal("2500.00"), Decimal("5000.00"))


# --- worth ---------------------------------------------------------------------------------------


def test_what_a_control_is_worth(
    people: People, item: PlanningItem, statement: RiskStatement, control: Control
) -> None:
    """By hand: it takes 15,500 of each of two risks and costs 3,000 a year."""
    second = make_statement(item, published=True, estimate=KNOWN, **NO_RANGES)
    make_effect(control, second, frequency=MOSTLY)
    viewer = actor_of(people.viewer)
    whole, lines = whole_of(viewer, control)
    assert whole is not None
    assert (whole.reduction, whole.cost, whole.net_benefit) == (
        Decimal("31000.00"),
        Decimal("3000.00"),
        Decimal("28000.00"),
    )
    assert whole.rosi == pytest.approx(28_000 / 3_000)
    assert (whole.covers, whole.worth_it) == (2, 1.0)
    assert [line.reduction for line in lines] == [Decimal("15500.00")] * 2
    # It is not in place: the risk is what it was, and the picture shows what it would be.
    picture = picture_of(viewer, statement)
    assert picture is not None
    assert picture.treated.expected == picture.without.expected == Decimal("20000.00")
    thought = picture_of(viewer, statement, on=[control.pk])
    assert thought is not None
    assert (thought.treated.expected, thought.taken) == (Decimal("4500.00"), Decimal("15500.00"))
    assert thought.lines[0].whole == whole
    assert counted(statement)[0] == Decimal("20000.00")  # thinking changes nothing


def test_the_picture_agrees_with_the_stored_value_to_the_digit(
    people: People, item: PlanningItem
) -> None:
    statement = make_statement(item, published=True)  # ranges: simulated
    make_effect(make_control(people.system, status="in_place"), statement, frequency=MOSTLY)
    statement.refresh_from_db()
    picture = picture_of(actor_of(people.viewer), statement)
    assert picture is not None
    assert picture.treated.expected == statement.valuation.expected_annual_loss
    assert str(picture.treated.high) == statement.valuation.percentiles["95"]


def test_a_purchase_is_spread_over_the_years_that_it_lasts(people: People) -> None:
    bought = make_control(
        people.system,
        cost_once=Decimal(30_000),
        years=Decimal(3),
        cost_yearly_low=Decimal(5000),
        cost_yearly_high=Decimal(5000),
    )
    assert cost_of(bought).mean == 15_000


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "field"),
    [
        (
            {"frequency_low": "0.5", "frequency_mode": "0.4", "frequency_high": "0.9"},
            "frequency_mode",
        ),
        ({"frequency_mode": "0.5", "frequency_high": "0.4"}, "frequency_high"),
        ({"loss_high": "1.01"}, "loss_high"),
        ({"loss_low": "-0.1"}, "loss_low"),
        ({"loss_high": "NaN"}, "loss_high"),
    ],
)
def test_shares_that_cannot_be(
    people: People, statement: RiskStatement, control: Control, shares: dict[str, str], field: str
) -> None:
    content: dict[str, Any] = {name: Decimal(share) for name, share in shares.items()}
    with pytest.raises(Invalid) as refused:
        effect_set(
            actor=actor_of(people.security),
            control=control,
            statement=statement,
            content=EffectInput(**content),
        )
    assert set(refused.value.fields) == {field}
    body = {"statement": statement.key} | shares
    answer = as_user(people.security).post(f"/controls/{control.key}/effects", body)
    assert answer.status_code == 400
    assert problem_fields(answer) == {field}


def test_a_risk_of_another_system_cannot_be_covered(people: People, control: Control) -> None:
    foreign = make_statement(make_item(people.other_system))
    with pytest.raises(Invalid) as refused:
        effect_set(actor=TESTS, control=control, statement=foreign, content=EffectInput())
    assert set(refused.value.fields) == {"statement"}


def test_only_those_who_value_risks_may_move_them(people: People, control: Control) -> None:
    for person in (people.architect, people.viewer):
        with pytest.raises(NotPermitted):
            control_set_status(actor=actor_of(person), control=control, status="in_place")


# --- pages ---------------------------------------------------------------------------------------


def test_from_a_risk_to_a_control_in_place(people: People, item: PlanningItem) -> None:
    guidance = make_guidance(
        published=True,
        controls=[
            {"title": "Ask for a second factor", "effect": "Stolen passwords are not enough."}
        ],
    )
    statement = make_statement(item, published=True, estimate=KNOWN, **NO_RANGES)
    RiskStatement.objects.filter(pk=statement.pk).update(origin=guidance.current)
    client = signed_in(people.security)
    page = client.get(f"/risks/RS-{statement.pk}/").content.decode()
    assert "Ask for a second factor" in page
    address = f"/controls/new/?statement=RS-{statement.pk}&recommended=0"
    form = client.get(address).content.decode()
    assert "Stolen passwords are not enough." in form
    typed = {
        "name": "Ask for a second factor",
        "system": people.system.key,
        "status": "in_place",
        "cost_once": "12k",
        "years": "4",
        "effect-frequency_mode": "3 in 4",
        "effect-rationale": "Sign-in logs.",
    }
    refused = client.post(address, typed | {"effect-frequency_mode": "300 %"})
    assert refused.status_code == 422
    assert not Control.objects.exists()
    answer = client.post(address, typed)
    assert answer["Location"] == f"/risks/RS-{statement.pk}/#controls"
    assert counted(statement)[0] == Decimal("5000.00")
    effect = ControlEffect.objects.get()
    assert (effect.frequency, effect.loss) == (["0.75"] * 3, ["0"] * 3)
    text = text_of(client, f"/risks/RS-{statement.pk}/")
    assert "With those in place" in text
    assert "15,000" in text
    off = text_of(client, f"/risks/RS-{statement.pk}/?what-if=1")
    assert "With those ticked" in off


def test_the_pages_of_a_control(people: People, statement: RiskStatement, control: Control) -> None:
    client = signed_in(people.security)
    assert control.name in text_of(client, "/controls/?status=planned")
    assert "Nothing matches" in text_of(client, "/controls/?status=retired")
    page = text_of(client, f"/controls/{control.key}/")
    assert "50 to 95\u00a0%, most likely 80\u00a0%" in page
    assert "It earns nothing until it is in place" in page
    client.post(f"/controls/{control.key}/status/", {"status": "in_place"})
    assert counted(statement)[0] == Decimal("4500.00")
    client.post(f"/controls/{control.key}/status/", {"status": "done"})
    control.refresh_from_db()
    assert control.status == "in_place"
    address = f"/controls/{control.key}/risks/?statement={statement.key}"
    assert 'value="80 %"' in client.get(address).content.decode()
    client.post(address, {"loss_mode": "50 %"})
    assert counted(statement)[0] == Decimal("10000.00")
    client.post(f"/controls/{control.key}/risks/{statement.key}/remove/")
    assert counted(statement)[0] == Decimal("20000.00")
    edit = f"/controls/{control.key}/edit/"
    typed = {
        "version": control.version,
        "name": "MFA",
        "status": "planned",
        "cost_yearly_low": "2k",
    }
    assert client.post(edit, typed).status_code == 302
    control.refresh_from_db()
    assert (control.name, control.cost_yearly_high) == ("MFA", Decimal(2000))
    assert client.post(edit, typed).status_code == 409  # of a version that is no longer there


def test_readers_may_think_but_not_write(
    people: People, statement: RiskStatement, control: Control
) -> None:
    client = signed_in(people.viewer)
    told = text_of(client, f"/risks/RS-{statement.pk}/?what-if=1&on={control.pk}&on=x")
    assert "With those ticked" in told
    assert "Add a control" not in told
    assert client.get("/controls/new/").status_code == 403
    assert (
        client.post(f"/controls/{control.key}/status/", {"status": "in_place"}).status_code == 403
    )
    stranger = signed_in(people.outsider)
    assert stranger.get(f"/controls/{control.key}/").status_code == 404


# --- API -----------------------------------------------------------------------------------------


def test_the_same_over_the_api(people: People, statement: RiskStatement) -> None:
    api = as_user(people.security)
    body = {"system": people.system.key, "name": "Second factor", "cost_yearly_low": "3000.00",
            "cost_yearly_high": "3000.00"}  # fmt: skip
    made = api.post("/controls", body)
    assert made.status_code == 201
    key = made.json()["key"]
    shares = {"frequency_low": "0.5", "frequency_mode": "0.8", "frequency_high": "0.95"}
    said = api.post(f"/controls/{key}/effects", {"statement": statement.key} | shares)
    assert [each["statement"] for each in said.json()["effects"]] == [statement.key]
    path = f"/statements/{statement.key}/controls"
    thought = api.get(f"{path}?on={key}").json()
    assert thought["treated"]["expected_annual_loss"] == "4500.00"
    assert thought["controls"][0]["whole"]["net_benefit"] == "12500.00"
    assert api.get(path).json()["treated"]["expected_annual_loss"] == "20000.00"
    assert problem_fields(api.get(f"{path}?on=nonsense")) == {"on"}
    in_place = api.edit(f"/controls/{key}", {"status": "in_place"})
    assert (in_place.status_code, in_place.json()["name"]) == (200, "Second factor")
    read = api.get(f"/statements/{statement.key}").json()
    assert read["valuation"]["expected_annual_loss"] == "4500.00"
    assert read["controls"][0]["frequency"] == ["0.5", "0.8", "0.95"]
    worth = api.get(f"/controls/{key}/worth").json()
    assert worth["whole"]["reduction"] == "15500.00"
    assert api.delete(f"/controls/{key}/effects/{statement.key}").status_code == 204
    assert api.delete(f"/controls/{key}/effects/{statement.key}").status_code == 404
    empty = api.get(path).json()
    assert (empty["without"], empty["controls"]) == (None, [])


def test_who_may_over_the_api(people: People, control: Control) -> None:
    body = {"system": people.system.key, "name": "Another"}
    for person, status in ((people.architect, 403), (people.viewer, 403), (people.outsider, 400)):
        assert as_user(person).post("/controls", body).status_code == status
    assert as_user(people.outsider).get("/controls").json()["results"] == []
    assert as_user(people.outsider).get(f"/controls/{control.key}").status_code == 404
    assert as_user(people.outsider).get(f"/controls/{control.key}/worth").status_code == 404
    assert len(as_user(people.viewer).get("/controls").json()["results"]) == 1
    for wrong, field in (
        ({"owner": "nobody"}, "owner"),
        ({"guidance": "G-999"}, "guidance"),
        ({"status": "done"}, "status"),
        ({"years": "0.5"}, "years"),
        ({"cost_yearly_low": "5.00"}, "cost_yearly_high"),
        ({"name": " "}, "name"),
    ):
        answer = as_user(people.security).post("/controls", body | wrong)
        assert (answer.status_code, problem_fields(answer)) == (400, {field})


def test_a_control_needs_a_risk_to_do_something_to(people: People) -> None:
    client, system = signed_in(people.security), people.system
    control = make_control(system)
    address = f"/controls/{control.key}/risks/"
    typed = {"statement": "", "frequency_mode": "30 %"}
    assert client.post(address, typed).status_code == 200  # there is none to choose
    make_statement(make_item(system))
    answer = client.post(address, typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"statement"}
    assert not ControlEffect.objects.filter(control=control).exists()
