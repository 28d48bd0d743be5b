"""May X do Y to Z? Every role, every permission, on one's own system, on another one, and on none."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps as installed
from django.db import models
from django.utils import timezone

from apps.accounts.actors import ANONYMOUS, Actor, portal_actor
from apps.accounts.models import User
from apps.accounts.policy import ScopedQuerySet, may, require
from apps.accounts.roles import CI_GRANT, GRANTS, READ_GRANT, Permission, Role, Scope
from apps.advice.portfolio import snapshot
from apps.automation.services.runs import RunInput, run_tell
from apps.catalog.models import System
from apps.catalog.services import component_create, environment_create, membership_set
from apps.common.errors import Missing, NotPermitted
from apps.compat.services.contexts import engagement_ensure, run_ensure
from apps.coverage.services.profiles import exception_set
from apps.coverage.services.silence import silences_sweep
from apps.evidence.forecasts import forecasts_due
from apps.evidence.services.imports import import_threats
from apps.evidence.services.incidents import IncidentInput, incident_record
from apps.evidence.services.links import link_create, rule_create
from apps.evidence.services.outcomes import outcome_tell
from apps.evidence.services.triage_rules import triage_rule_create
from apps.evidence.services.updates import update_record
from apps.evidence.threat_models import read_model
from apps.planning.models import Question
from apps.planning.services.decisions import decision_record, recommendation_make
from apps.planning.services.guidance import guidance_link
from apps.planning.services.items import option_delete
from apps.planning.services.questions import question_ask_of_guidance
from apps.risks.services.statements import statement_publish
from apps.scans.selectors import FindingFilter
from apps.scans.services.counts import counts_refresh
from apps.scans.services.groups import groups_make
from apps.scans.services.rules import RuleDraft
from apps.scans.services.vex import vex_take_in
from apps.sources.services.sources import source_run_now
from apps.trackers.models import DecisionComment, MirroredIssue, TicketFinding, Tracker
from apps.trackers.services.tickets import ticket_file
from apps.trust.services.rules import rule_create as rule_trust
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_arrived,
    make_automation,
    make_ci_token,
    make_control,
    make_credential,
    make_effect,
    make_finding,
    make_guidance,
    make_item,
    make_member,
    make_option,
    make_question,
    make_report,
    make_series,
    make_source,
    make_statement,
    make_team,
    make_token,
    make_user,
)
from tests.factories.attachments import make_attachment
from tests.scans.test_vex import document

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
READS = {Permission.GUIDANCE_VIEW}
LIBRARY = READS | {Permission.GUIDANCE_DISCUSS}  # for everyone who signs in
EVERYTHING = set(Permission)


@dataclass(frozen=True)
class Holds:
    """What an actor may do on the system, on another system, and in the organisation."""

    own: set[Permission]
    foreign: set[Permission]
    organisation: set[Permission]


def expected(people: People) -> dict[str, tuple[Actor, Holds]]:
    """Everyone there is, with what they may do, put together from the product's words."""
    none: set[Permission] = set()

    def member(role: Role) -> Holds:
        return Holds(set(GRANTS[role]) | LIBRARY, LIBRARY, LIBRARY)

    def organisation(role: Role) -> Holds:
        granted = set(GRANTS[role])
        return Holds(granted, granted, granted)

    def token(user: User, scope: Scope) -> Actor:
        return Actor(user=user, token=make_token(user, scope).token)

    gone = make_member(people.system, Role.ADMIN)
    gone.is_active = False
    gone.save()
    reads, writes = (
        set(READ_GRANT),
        EVERYTHING - {Permission.TOKEN_MANAGE, Permission.PEOPLE_MANAGE},
    )
    security = set(GRANTS[Role.SECURITY])
    return {
        "viewer": (actor_of(people.viewer), member(Role.VIEWER)),
        "architect": (actor_of(people.architect), member(Role.ARCHITECT)),
        "security": (actor_of(people.security), member(Role.SECURITY)),
        "system admin": (actor_of(people.system_admin), member(Role.ADMIN)),
        "outsider": (
            actor_of(people.outsider),
            Holds(LIBRARY, security | LIBRARY, LIBRARY),
        ),
        "nobody": (actor_of(people.nobody), Holds(LIBRARY, LIBRARY, LIBRARY)),
        "chief": (actor_of(people.chief), organisation(Role.SECURITY)),
        "admin": (actor_of(people.admin), organisation(Role.ADMIN)),
        "left the company": (actor_of(gone), Holds(none, none, none)),
        "anonymous": (ANONYMOUS, Holds(none, none, none)),
        "portal": (TESTS, Holds(EVERYTHING, EVERYTHING, EVERYTHING)),
        "pipeline": (
            Actor(token=make_ci_token(people.system).token),
            Holds(set(CI_GRANT), none, none),
        ),
        "security's reading token": (
            token(people.security, Scope.READ),
            Holds((security & reads) | READS, READS, READS),
        ),
        "viewer's writing token": (
            token(people.viewer, Scope.WRITE),
            Holds(set(GRANTS[Role.VIEWER]), LIBRARY, LIBRARY),
        ),
        "admin's reading token": (token(people.admin, Scope.READ), Holds(reads, reads, reads)),
        "admin's token for people": (
            token(people.admin, Scope.PEOPLE),
            Holds(
                {Permission.PEOPLE_MANAGE}, {Permission.PEOPLE_MANAGE}, {Permission.PEOPLE_MANAGE}
            ),
        ),
        "admin's writing token": (token(people.admin, Scope.WRITE), Holds(writes, writes, writes)),
    }


def test_who_may_do_what_where(people: People) -> None:
    wrong = [
        f"{name}: {permission} on {target}"
        for name, (actor, holds) in expected(people).items()
        for target, held in (
            (people.system, holds.own),
            (people.other_system, holds.foreign),
            (None, holds.organisation),
        )
        for permission in Permission
        if may(actor, permission, target) != (permission in held)
    ]
    assert not wrong


def test_how_each_is_refused(people: People) -> None:
    """Not permitted to those who may see the system; to others it is not there."""
    for name, (actor, holds) in expected(people).items():
        for target, held in ((people.system, holds.own), (people.other_system, holds.foreign)):
            for permission in Permission:
                if permission in held:
                    require(actor, permission, target)
                    continue
                error = NotPermitted if Permission.SYSTEM_VIEW in held else Missing
                with pytest.raises(error) as caught:
                    require(actor, permission, target)
                assert caught.value.message, name


def test_what_another_permission_shows_is_not_permitted_rather_than_missing(people: People) -> None:
    """A pipeline sees its reports and not its system."""
    pipeline = Actor(token=make_ci_token(people.system).token)
    with pytest.raises(Missing):
        require(pipeline, Permission.REPORT_REPROCESS, people.system)
    with pytest.raises(NotPermitted):
        require(
            pipeline, Permission.REPORT_REPROCESS, people.system, seen_by=Permission.REPORT_VIEW
        )


def test_the_organisations_things_are_refused_in_words(people: People) -> None:
    with pytest.raises(NotPermitted):
        require(actor_of(people.system_admin), Permission.SYSTEM_MANAGE)


# --- where roles come from -----------------------------------------------------------------------


def test_a_team_brings_its_role(people: People) -> None:
    person = make_user()
    team = make_team("", person)
    membership_set(actor=TESTS, system=people.system, role=Role.ARCHITECT, team=team)
    assert may(actor_of(person), Permission.DECISION_RECORD, people.system)
    assert not may(actor_of(person), Permission.DECISION_RECORD, people.other_system)
    person.teams.remove(team)
    assert not may(actor_of(person), Permission.DECISION_RECORD, people.system)


def test_of_several_roles_all_hold(people: People) -> None:
    """One's own, a team's and the organisation's add up; none takes away what another gives."""
    person = make_member(people.system, Role.VIEWER)
    team = make_team("", person)
    membership_set(actor=TESTS, system=people.system, role=Role.SECURITY, team=team)
    assert may(actor_of(person), Permission.STATEMENT_EDIT, people.system)
    chief_who_views = people.chief
    membership_set(actor=TESTS, system=people.system, role=Role.VIEWER, user=chief_who_views)
    assert may(actor_of(chief_who_views), Permission.STATEMENT_EDIT, people.system)


def test_a_new_role_takes_the_place_of_the_old_one(people: People) -> None:
    membership_set(actor=TESTS, system=people.system, role=Role.VIEWER, user=people.system_admin)
    assert not may(actor_of(people.system_admin), Permission.SYSTEM_MANAGE, people.system)


def test_a_membership_that_no_role_is_left_of(people: People) -> None:
    people.architect.memberships.all().delete()
    assert not may(actor_of(people.architect), Permission.SYSTEM_VIEW, people.system)


# --- what one sees -------------------------------------------------------------------------------


VEX = document(("CVE-2021-44228", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "Off."))

MODEL = b'{"otmVersion": "0.2.0", "threats": [{"id": "t", "name": "Read by all"}]}'


def fill(system: System) -> None:
    """At least one row of everything that belongs to a system."""
    component_create(actor=TESTS, system=system, key="web", name="Web")
    environment_create(actor=TESTS, system=system, key="production", name="Production")
    make_attachment(system)
    item = make_item(system)
    option = make_option(item)
    option_delete(actor=TESTS, option=make_option(item))
    make_question(item)
    guidance_link(actor=TESTS, item=item, pieces=[make_guidance(published=True)])
    recommendation_make(actor=TESTS, item=item, option=option, reason="It is the safest.")
    decision_record(actor=TESTS, item=item, option=option, reason="It is cheap.")
    statement = make_statement(item, published=True)
    series = make_series(system)
    report = make_report(system)
    finding = make_finding(series=series, since=report)
    for tool in ("Bandit", "Semgrep"):
        same: dict[str, Any] = {"cwes": [89], "path": "a.py", "line": 7}
        make_finding(series=make_series(system, tool=tool), **same)
    groups_make(system.pk)
    counts_refresh(series.pk)
    rule_create(actor=TESTS, statement=statement, cwes=[89])
    source_run_now(actor=TESTS, source=make_source(system, credential=make_credential(system)))
    link_create(actor=TESTS, statement=statement, finding=finding)
    update_record(
        actor=TESTS,
        statement=statement,
        kind="events",
        data={"events": 0, "years": 1.0, "relevance": 1.0},
        key="quiet",
    )
    import_threats(actor=TESTS, system=system, model=read_model(MODEL))
    snapshot()
    said = RuleDraft(
        name="Test code", wanted=FindingFilter(text="test"), system=system, tags=["test"]
    )
    triage_rule_create(actor=TESTS, draft=said, statement=statement)
    vex_take_in(actor=TESTS, system=system, chunks=[VEX])
    engagement, _ = engagement_ensure(actor=TESTS, system=system, name="nightly")
    run_ensure(actor=TESTS, engagement=engagement, title="bandit")
    exception_set(
        actor=TESTS, system=system, stage="test", kind="dynamic", max_age_days=None, reason="None."
    )
    for days_ago in (40, 39, 38, 37, 36):
        make_arrived(series, days_ago=days_ago)
    silences_sweep()
    rule_trust(
        actor=TESTS,
        system=system,
        name="Scans",
        issuer="https://gitlab.com",
        repository="alderhaven/payments",
    )
    run_tell(actor=TESTS, automation=make_automation(system), content=RunInput(outcome="passed"))
    make_effect(make_control(system), make_statement(make_item(system)), loss="0.5")
    old = make_statement(make_item(system))
    statement_publish(actor=TESTS, statement=old, at=timezone.now() - dt.timedelta(days=400))
    forecast = forecasts_due(TESTS, statement=old)[0]
    outcome_tell(actor=TESTS, forecast=forecast, events=0)
    happened = IncidentInput(
        kind="incident", began_on=dt.date(2026, 5, 4), summary="It was public."
    )
    incident_record(actor=TESTS, system=system, content=happened)
    tracker = Tracker.objects.create(name=system.key, kind="github", sealed=b"")
    ticket = ticket_file(actor=TESTS, tracker=tracker, subject=finding)
    another = make_finding(system)
    TicketFinding.objects.create(ticket=ticket, tracker=tracker, finding=another)
    there = {"external_id": "1", "key": "1", "title": "x"}
    link = MirroredIssue.objects.create(tracker=tracker, item=item, **there)
    decision = item.decisions.get(ended_at=None)
    DecisionComment.objects.create(mirrored=link, decision=decision, what="recorded", body="x")


def scoped_models() -> list[type[models.Model]]:
    """Every model whose rows are asked for by `visible_to`."""
    return [
        model
        for model in installed.get_models()
        if issubclass(type(model._default_manager.all()), ScopedQuerySet)
    ]


def visible(
    model: type[models.Model], actor: Actor, permission: Permission | None = None
) -> set[Any]:
    manager: Any = model._default_manager
    return set(manager.visible_to(actor, permission))


def system_of(row: Any) -> int | None:
    if hasattr(row, "access_system_id"):
        found: int | None = row.access_system_id
    else:
        found = row.statement.system_id
    return found


def test_every_scoped_model_is_known() -> None:
    """A new one belongs into `fill`, so that the test below speaks of it, too."""
    names = {model._meta.label_lower for model in scoped_models()}
    assert names == {
        "catalog.system",
        "catalog.component",
        "catalog.environment",
        "attachments.attachment",
        "planning.planningitem",
        "planning.option",
        "planning.itemguidance",
        "planning.question",
        "planning.recommendation",
        "planning.decision",
        "risks.riskstatement",
        "scans.series",
        "scans.report",
        "scans.finding",
        "scans.findingcount",
        "scans.weaknessgroup",
        "evidence.evidencerule",
        "evidence.evidencelink",
        "evidence.triageruletarget",
        "evidence.outcome",
        "evidence.incident",
        "evidence.valueupdate",
        "evidence.importedthreat",
        "scans.vexdocument",
        "scans.triagerule",
        "risks.portfoliosnapshot",
        "compat.engagement",
        "compat.scanrun",
        "automation.automation",
        "automation.automationrun",
        "trust.trustrule",
        "trackers.decisioncomment",
        "trackers.mirroredissue",
        "trackers.ticket",
        "trackers.ticketfinding",
        "controls.control",
        "controls.controleffect",
        "coverage.silence",
        "coverage.systemexpectation",
        "sources.credential",
        "sources.source",
        "sources.sourcerun",
    }


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label_lower)
def test_what_is_visible_to_whom(model: type[models.Model], people: People) -> None:
    fill(people.system)
    fill(people.other_system)
    everything = set(model._default_manager.all())
    own = {row for row in everything if system_of(row) == people.system.pk}
    foreign = {row for row in everything if system_of(row) == people.other_system.pk}
    assert own
    assert foreign
    assert own | foreign == everything

    for person in (people.viewer, people.architect, people.security, people.system_admin):
        assert visible(model, actor_of(person)) == own
    assert visible(model, actor_of(people.outsider)) == foreign
    assert visible(model, actor_of(people.nobody)) == visible(model, ANONYMOUS) == set()
    for everywhere in (actor_of(people.chief), actor_of(people.admin), TESTS):
        assert visible(model, everywhere) == everything
    reading = Actor(user=people.viewer, token=make_token(people.viewer, Scope.READ).token)
    assert visible(model, reading) == own
    pipeline = Actor(token=make_ci_token(people.system).token)
    sees_reports = model._meta.label_lower in {
        "scans.report",
        "compat.engagement",
        "compat.scanrun",
    }
    assert visible(model, pipeline) == (own if sees_reports else set())
    # Another permission, another answer.
    assert visible(model, actor_of(people.viewer), Permission.SYSTEM_MANAGE) == set()
    assert visible(model, actor_of(people.system_admin), Permission.SYSTEM_MANAGE) == own


def test_questions_about_the_library_are_for_everyone_who_signs_in(people: People) -> None:
    asked = question_ask_of_guidance(
        actor=actor_of(people.nobody), guidance=make_guidance(published=True), body="Why?"
    )
    make_question(make_item(people.system))
    assert visible(Question, actor_of(people.nobody)) == {asked}
    assert visible(Question, actor_of(people.outsider)) == {asked}
    assert len(visible(Question, actor_of(people.viewer))) == 2
    assert visible(Question, ANONYMOUS) == set()
    assert visible(Question, Actor(token=make_ci_token(people.system).token)) == set()


def test_the_queries_do_not_grow_with_the_systems(
    people: People, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Two: one's memberships, once an actor; and the rows."""
    fill(people.system)
    actor = actor_of(people.viewer)
    for model in scoped_models()[:1]:
        with django_assert_num_queries(2):
            visible(model, actor)
    for model in scoped_models()[1:]:
        with django_assert_num_queries(1):
            visible(model, actor)
