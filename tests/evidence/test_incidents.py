"""The register of incidents: written once, corrected beside itself, and set against what was expected."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.evidence.incidents import (
    IncidentFilter,
    YearTotal,
    incident_get,
    incident_history,
    incidents_list,
    years_of,
)
from apps.evidence.models import Incident
from apps.evidence.services.incidents import (
    IncidentInput,
    incident_correct,
    incident_record,
    incident_undo,
)
from apps.planning.models import Decision
from apps.risks.models import RiskRevision, RiskStatement, StatementEnd
from apps.risks.services.statements import statement_edit, statement_publish
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement, statement_text
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def days_ago(days: int) -> dt.date:
    return timezone.localdate() - dt.timedelta(days=days)


def said(**fields: Any) -> IncidentInput:
    text: dict[str, Any] = {
        "kind": "incident",
        "began_on": days_ago(30),
        "summary": "Invoices of 40 customers were public for two days.",
        "loss": Decimal(42_000),
    }
    return IncidentInput(**(text | fields))


def recorded(people: People, **fields: Any) -> Incident:
    return incident_record(
        actor=actor_of(people.security), system=people.system, content=said(**fields)
    )


def test_an_entry_is_kept_with_its_risks_and_audited(people: People) -> None:
    statement = make_statement(make_item(people.system), published=True)
    row = recorded(people, statements=[statement])
    assert (row.times, row.ended_on, row.statement_keys) == (1, row.began_on, [statement.key])
    assert list(incidents_list(actor_of(people.viewer))) == [row]
    assert list(incidents_list(actor_of(people.outsider))) == []
    entry = AuditEntry.objects.get(action="incident.record")
    assert (entry.system_id, entry.changes["loss"]) == (people.system.pk, "42000")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "disaster"}, "kind"),
        ({"kind": "near_miss"}, "loss"),  # it cost nothing, or it was an incident
        ({"loss": Decimal("NaN")}, "loss"),
        ({"loss": Decimal(10) ** 16}, "loss"),
        ({"loss": Decimal(-1)}, "loss"),
        ({"times": 0}, "times"),
        ({"began_on": days_ago(-2)}, "began_on"),
        ({"began_on": dt.date(1, 1, 1)}, "began_on"),
        ({"ended_on": days_ago(31)}, "ended_on"),
        ({"summary": "  "}, "summary"),
        ({"kind": "quiet", "loss": None, "ended_on": days_ago(1)}, "statements"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    people: People, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        recorded(people, **wrong)
    assert set(refused.value.fields) == {field}
    assert not Incident.objects.exists()


def test_risks_of_another_system_and_a_quiet_time_without_end(people: People) -> None:
    foreign = make_statement(make_item(people.other_system), published=True)
    own = make_statement(make_item(people.system), published=True)
    with pytest.raises(Invalid, match="need another value") as refused:
        recorded(people, statements=[foreign])
    assert foreign.key in refused.value.fields["statements"][0]
    with pytest.raises(Invalid) as open_ended:
        recorded(people, kind="quiet", loss=None, statements=[own])
    assert set(open_ended.value.fields) == {"ended_on"}
    quiet = recorded(people, kind="quiet", loss=None, ended_on=days_ago(1), statements=[own])
    assert quiet.times == 0


def test_who_may_write(people: People) -> None:
    row = recorded(people)
    for user, error in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
        (people.nobody, Missing),
    ):
        with pytest.raises(error):
            incident_record(actor=actor_of(user), system=people.system, content=said())
        with pytest.raises(error):
            incident_correct(actor=actor_of(user), incident=row, content=said(), reason="Why")
        with pytest.raises(error):
            incident_undo(actor=actor_of(user), incident=row, reason="Why")
    with pytest.raises(Missing):
        incident_get(actor_of(people.outsider), row.pk)


def test_a_correction_takes_the_place_and_is_taken_back(people: People) -> None:
    viewer, actor = actor_of(people.viewer), actor_of(people.security)
    first = recorded(people)
    second = incident_correct(
        actor=actor, incident=first, content=said(loss=Decimal(51_000)), reason="A later bill."
    )
    assert list(incidents_list(viewer)) == [second]
    assert incident_history(viewer, incident_get(viewer, second.pk)) == [first]
    for act in (incident_correct, incident_undo):
        more: dict[str, Any] = {"content": said()} if act is incident_correct else {}
        with pytest.raises(Conflict):
            act(actor=actor, incident=first, reason="Again", **more)
    with pytest.raises(Invalid):
        incident_undo(actor=actor, incident=second, reason=" ")
    assert incident_undo(actor=actor, incident=second, reason="It was right.") == first
    assert list(incidents_list(viewer)) == [first]
    # What was taken back hinders no other correction.
    third = incident_correct(actor=actor, incident=first, content=said(loss=None), reason="Open.")
    assert incident_history(viewer, incident_get(viewer, third.pk)) == [first]
    assert incident_undo(actor=actor, incident=third, reason="x") == first
    assert incident_undo(actor=actor, incident=first, reason="Not ours.") is None
    assert list(incidents_list(viewer)) == []


def test_filters(people: People) -> None:
    one, two = (make_statement(make_item(people.system), published=True) for _ in range(2))
    hit = recorded(people, statements=[one], began_on=days_ago(40), ended_on=days_ago(35))
    miss = recorded(people, kind="near_miss", loss=None, statements=[one, two])
    viewer = actor_of(people.viewer)

    def found(**wanted: Any) -> list[Incident]:
        return list(incidents_list(viewer, IncidentFilter(**wanted)))

    assert found() == [miss, hit]
    assert found(statement=one.pk) == [miss, hit]
    assert found(statement=two.pk) == [miss]
    assert found(kind="incident") == [hit]
    assert found(system="payroll") == []
    assert found(since=days_ago(34)) == [miss]
    assert found(until=days_ago(36)) == [hit]  # the two touch
    assert found(until=days_ago(41)) == []


# --- against what was expected --------------------------------------------------------------------


def published_at(people: People, at: dt.datetime, **place: Any) -> tuple[RiskStatement, Decimal]:
    """A published statement and its expected annual loss."""
    place = place or {"item": make_item(people.system)}
    statement = make_statement(**place)
    statement.item.status = "open"
    statement.item.save()
    statement_publish(actor=actor_of(people.security), statement=statement, at=at)
    statement.refresh_from_db()
    assert statement.published is not None
    return statement, statement.published.valuation.expected_annual_loss


def utc(year: int, month: int = 1, day: int = 1) -> dt.datetime:
    return dt.datetime(year, month, day, tzinfo=dt.UTC)


def year(people: People, number: int, **wanted: Any) -> YearTotal | None:
    rows = {each.year: each for each in years_of(actor_of(people.viewer), IncidentFilter(**wanted))}
    return rows.get(number)


def test_a_year_against_what_was_expected(people: People) -> None:
    """1 July to the end of a year without a leap day: 184 of 365 days."""
    last = _plain_year()
    statement, loss = published_at(people, utc(last, 7))
    first = dt.date(last, 8, 1)
    recorded(people, began_on=first, statements=[statement])
    recorded(people, began_on=first, loss=None, times=3)
    recorded(people, began_on=first, loss=None, kind="near_miss")
    told = year(people, last)
    assert told is not None
    assert (told.incidents, told.near_misses, told.unknown) == (4, 1, 1)
    assert told.loss == 42_000
    assert told.expected == pytest.approx(loss * 184 / 365, abs=Decimal("0.01"))
    of_it = year(people, last, statement=statement.pk)
    assert of_it is not None
    assert (of_it.incidents, of_it.loss) == (1, Decimal(42_000))
    # Whoever sees nothing of the system reads nothing of its years.
    assert years_of(actor_of(people.outsider)) == []
    # What was taken back costs nothing.
    for row in Incident.objects.all():
        incident_undo(actor=actor_of(people.security), incident=row, reason="Not ours.")
    after = year(people, last)
    assert after is not None
    assert (after.incidents, after.loss) == (0, Decimal(0))


def _plain_year() -> int:
    """The newest year that is over and has 365 days."""
    last = timezone.now().year - 1
    return last if last % 4 else last - 1


def test_only_what_was_carried_is_expected(people: People) -> None:
    """The baseline until another option was chosen, and that one from then on; withdrawn: no more."""
    last = _plain_year()
    item = make_item(people.system)
    base, other = make_option(item), make_option(item)
    assert base.is_baseline
    _one, first = published_at(people, utc(last), option=base)
    two, second = published_at(people, utc(last), option=other)
    assert _share(people, last, first) == 1
    decision = Decision.objects.create(item=item, option=other, reason="Why not")
    Decision.objects.filter(pk=decision.pk).update(decided_at=utc(last, 7))
    told = year(people, last)
    assert told is not None
    assert told.expected == pytest.approx(
        first * 181 / 365 + second * 184 / 365, abs=Decimal("0.02")
    )
    StatementEnd.objects.create(
        statement=two, before="published", after="withdrawn", reason="No.", made_at=utc(last, 12)
    )
    told = year(people, last)
    assert told is not None
    assert told.expected == pytest.approx(
        first * 181 / 365 + second * 153 / 365, abs=Decimal("0.02")
    )


def _share(people: People, number: int, of: Decimal) -> Decimal:
    told = year(people, number)
    assert told is not None
    return (told.expected / of).quantize(Decimal("0.0001"))


def test_another_revision_of_the_same_estimate_counts_once(people: People) -> None:
    last = _plain_year()
    statement, loss = published_at(people, utc(last))
    text = statement_text(condition="If it is said otherwise")
    actor = portal_actor("tests")
    statement_edit(actor=actor, statement=statement, version=statement.version, content=text)
    statement.refresh_from_db()
    statement_publish(actor=actor, statement=statement, at=utc(last, 7))
    assert RiskRevision.objects.filter(statement=statement).count() == 2
    assert _share(people, last, loss) == 1  # the same estimate twice is not twice as much


# --- page and API ----------------------------------------------------------------------------------


def test_the_page(people: People) -> None:
    client = signed_in(people.security)
    assert "Nothing is written down yet" in text_of(client, "/incidents/")
    statement = make_statement(make_item(people.system), published=True)
    form = text_of(client, f"/incidents/new/?statement={statement.key}")
    assert f'value="{statement.pk}"' in form
    typed = {
        "system": "payments",
        "kind": "incident",
        "summary": "Invoices were public.",
        "began_on": days_ago(3).isoformat(),
        "loss": "40k",
        "statements": [str(statement.pk)],
    }
    refused = client.post("/incidents/new/", typed | {"loss": "much"})
    assert refused.status_code == 422
    assert "Invoices were public." in refused.content.decode()
    assert client.post("/incidents/new/", typed).status_code == 302
    row = Incident.objects.get()
    assert (row.loss, row.statement_keys) == (Decimal(40_000), [statement.key])
    assert "Invoices were public." in text_of(client, f"/risks/{statement.key}/")
    assert "Invoices were public." in text_of(client, "/incidents/?system=payments&statement=rs-x")
    assert "Nothing matches" in text_of(client, "/incidents/?kind=quiet")
    path = f"/incidents/{row.key}"
    corrected = client.post(f"{path}/correct/", typed | {"loss": "1.5 M", "reason": "The bill."})
    new = Incident.objects.get(ended_at=None)
    assert corrected.headers["Location"] == f"/incidents/{new.key}/"
    assert new.loss == 1_500_000
    assert "In its place stands" in text_of(client, f"{path}/")
    assert client.post(f"/incidents/{new.key}/undo/", {"reason": ""}).status_code == 422
    undone = client.post(f"/incidents/{new.key}/undo/", {"reason": "No."})
    assert undone.headers["Location"] == f"{path}/"
    # Without script the risks of another system are asked for by a button, and nothing is written.
    shown = client.post("/incidents/new/", {"system": "payments", "show": "1"})
    assert (shown.status_code, Incident.objects.count()) == (200, 2)


def test_strangers_and_readers_on_the_page(people: People) -> None:
    row = recorded(people)
    outsider, viewer = signed_in(people.outsider), signed_in(people.viewer)
    for path in ("", "correct/"):
        assert outsider.get(f"/incidents/{row.key}/{path}").status_code == 404
    assert outsider.post(f"/incidents/{row.key}/undo/", {"reason": "x"}).status_code == 404
    assert row.summary not in text_of(outsider, "/incidents/")
    assert "Take it back" not in text_of(viewer, f"/incidents/{row.key}/")
    assert viewer.post(f"/incidents/{row.key}/undo/", {"reason": "x"}).status_code == 403
    assert viewer.get("/incidents/new/").status_code == 403


def test_the_list_goes_on(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.evidence.views_incidents.PAGE", 2)
    rows = [recorded(people, summary=f"Number {number}") for number in range(3)]
    client = signed_in(people.viewer)
    assert f"after={rows[1].ended_on.isoformat()}.{rows[1].pk}" in text_of(client, "/incidents/")
    further = text_of(client, f"/incidents/?after={rows[1].ended_on.isoformat()}.{rows[1].pk}")
    assert "Number 0" in further
    assert "Number 1" not in further
    assert "Number 2" in text_of(client, "/incidents/?after=nonsense.1")


def test_the_table_for_other_programs(people: People) -> None:
    recorded(people, summary="=1+1", loss=Decimal("0.50"))
    recorded(people, kind="near_miss", loss=None)
    answer = signed_in(people.viewer).get("/incidents/export.csv?kind=incident")
    (line,) = csv.DictReader(io.StringIO(answer.getvalue().decode()))
    assert (line["summary"], line["loss"], line["system"]) == ("'=1+1", "0.50", "payments")
    assert AuditEntry.objects.filter(action="incidents.export").count() == 1


def test_the_api(people: People) -> None:
    api, statement = as_user(people.security), make_statement(make_item(people.system))
    body = {
        "system": "payments",
        "kind": "incident",
        "began_on": "2026-05-04",
        "summary": "Invoices were public.",
        "loss": "42000.00",
        "statements": [statement.key],
    }
    assert problem_fields(api.post("/incidents", body | {"kind": "bad"})) == {"kind"}
    assert problem_fields(api.post("/incidents", body | {"statements": ["RS-999"]})) == {
        "statements"
    }
    made = api.post("/incidents", body)
    assert made.status_code == 201
    key = made.json()["key"]
    (listed,) = api.get(f"/incidents?statement={statement.key}&kind=incident").json()["results"]
    assert (listed["key"], listed["loss"]) == (key, "42000.00")
    assert api.get("/incidents?since=2026-05-05").json()["results"] == []
    assert as_user(people.outsider).get(f"/incidents/{key}").status_code == 404
    assert as_user(people.viewer).post(f"/incidents/{key}/undo", {"reason": "x"}).status_code == 403
    correction = {name: value for name, value in body.items() if name != "system"}
    corrected = api.post(
        f"/incidents/{key}/correct", correction | {"loss": None, "reason": "Not known yet."}
    ).json()
    assert (corrected["corrects"], corrected["loss"]) == (key, None)
    assert api.post(f"/incidents/{key}/undo", {"reason": "x"}).status_code == 409
    undone = api.post(f"/incidents/{corrected['key']}/undo", {"reason": "It is known."})
    assert undone.json()["end"] == "undone"
    (year_,) = api.get("/incidents/years").json()["results"]
    assert (year_["year"], year_["loss"], year_["unknown"]) == (2026, "42000.00", 0)
