"""What was taken away comes back as it was: every kind, through the pages that take it away."""

import datetime as dt
import json
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps as installed
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.models import PersonIdentity, Team, User
from apps.accounts.services.providers import provider_create
from apps.accounts.signing_in import SURE
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.errors import Missing
from apps.common.sealing import unseal
from apps.controls.models import ControlEffect
from apps.coverage.kinds import EvidenceKind
from apps.coverage.models import SystemExpectation
from apps.coverage.picture import Line
from apps.coverage.services.profiles import exception_set, profile_set
from apps.evidence.models import EvidenceLink, EvidenceRule
from apps.evidence.services.links import rule_create, rule_delete
from apps.evidence.services.updates import update_dismiss, update_record, update_return
from apps.outbound.models import Webhook
from apps.outbound.services.webhooks import webhook_create, webhook_delete, webhook_ping
from apps.planning.models import SavedFilter
from apps.planning.services.decisions import recommendation_make
from apps.planning.services.filters import MAX_SAVED
from apps.planning.services.guidance import guidance_link
from apps.removals.kinds import kinds
from apps.removals.models import Removal, RemovedRow
from apps.removals.services import removal_put_back, removals_forget_old
from apps.risks.models import RiskStatement
from apps.risks.services.endings import statement_withdraw
from apps.sources.models import Credential, Source
from apps.sources.services.credentials import credential_delete
from apps.sources.services.sources import source_delete, source_run_now
from apps.trackers.models import (
    DecisionComment,
    Mirror,
    MirroredIssue,
    MirrorRoute,
    Ticket,
    TicketFinding,
    Tracker,
)
from apps.trust.services.rules import rule_create as rule_trust
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_control,
    make_credential,
    make_effect,
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_report,
    make_source,
    make_statement,
    make_team,
    make_user,
)
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
REMOVED = "/settings/removed/"
# What an undo adds, or what tells of it: the rest of the portal has to be as it was.
ADDED = {"audit", "removals", "sessions"}


def browser(user: User) -> Client:
    """Signed in, and just asked who it is, as the pages of providers want it."""
    client = signed_in(user)
    session = client.session
    session[SURE] = time.time()
    session.save()
    return client


def everything() -> dict[str, list[str]]:
    """All rows of all tables, but of those that an undo adds to."""
    found = {}
    with connection.cursor() as cursor:
        for model in installed.get_models():
            if model._meta.app_label in ADDED or model._meta.proxy:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608
            found[model._meta.label] = sorted(text for (text,) in cursor.fetchall())
    return found


# --- one of each kind: who takes it away, by which address -----------------------------------------


def an_option(people: People) -> tuple[User, str]:
    item = make_item(people.system)
    make_option(item)
    option = make_option(item, description="Ä “quoted” text\nwith lines", cost_once="12.50")
    recommendation_make(actor=TESTS, item=item, option=option, reason="It is the safest.")
    return people.architect, f"/planning/options/{option.pk}/delete/"


def a_filter(people: People) -> tuple[User, str]:
    saved = SavedFilter.objects.create(user=people.viewer, name="Mine", query="q=x&stage=plan")
    return people.viewer, f"/planning/filters/{saved.pk}/remove/"


def guidance_of_an_item(people: People) -> tuple[User, str]:
    item, piece = make_item(people.system), make_guidance(published=True)
    guidance_link(actor=actor_of(people.architect), item=item, pieces=[piece])
    return people.architect, reverse("item-guidance-unlink", args=[item.pk, piece.pk])


def a_trust_rule(people: People) -> tuple[User, str]:
    rule = rule_trust(
        actor=actor_of(people.system_admin),
        system=people.system,
        name="Scans",
        issuer="https://gitlab.com",
        repository="alderhaven/payments",
        stages=["code", "build"],
    )
    return people.system_admin, f"/systems/payments/trust/{rule.pk}/delete/"


def an_effect(people: People) -> tuple[User, str]:
    control, statement = make_control(people.system), make_statement(make_item(people.system))
    make_effect(control, statement, loss="0.5", frequency="0.1 0.2 0.333333")
    return people.security, f"/controls/C-{control.pk}/risks/RS-{statement.pk}/remove/"


def an_exception(people: People) -> tuple[User, str]:
    row = exception_set(
        actor=actor_of(people.security),
        system=people.system,
        stage="test",
        kind="dynamic",
        max_age_days=None,
        reason="Nothing answers there.",
    )
    return people.security, f"/systems/payments/coverage/exceptions/{row.pk}/remove/"


def a_profile(people: People) -> tuple[User, str]:
    piece = make_guidance(published=True)
    lines = [
        Line(Stage.CODE, EvidenceKind.STATIC_ANALYSIS, 30, piece),
        Line(Stage.TEST, EvidenceKind.DYNAMIC, 90, None),
    ]
    profile_set(actor=actor_of(people.chief), criticality=3, lines=lines, version=0)
    return people.chief, "/coverage/high/reset/"


def an_evidence_rule(people: People) -> tuple[User, str]:
    statement = make_statement(make_item(people.system))
    make_finding(people.system, cwes=[89])
    rule = rule_create(actor=TESTS, statement=statement, cwes=[89])
    assert EvidenceLink.objects.get().rule == rule
    return people.security, f"/evidence/rules/{rule.pk}/delete/"


def a_credential(people: People) -> tuple[User, str]:
    credential = make_credential(people.system)
    return people.security, f"/credentials/{credential.pk}/delete/"


def a_source(people: People) -> tuple[User, str]:
    source = make_source(people.system, credential=make_credential(people.system))
    run = source_run_now(actor=TESTS, source=source)
    report = make_report(people.system)
    source.pulled.create(run=run, report=report, name="a.json", key_hash=b"\x00\xff" * 16)
    return people.security, f"/sources/{source.pk}/delete/"


def a_webhook(people: People) -> tuple[User, str]:
    hook = webhook_create(
        actor=actor_of(people.admin),
        name="Hook",
        url="https://hooks.example.org/",
        events=["report.failed"],
        system=people.system,
    ).webhook
    webhook_ping(actor=TESTS, webhook=hook)
    webhook_ping(actor=TESTS, webhook=hook)
    return people.admin, f"/webhooks/{hook.pk}/delete/"


def a_tracker(people: People) -> tuple[User, str]:
    tracker = Tracker.objects.create(
        name="Issues", kind="github", sealed=b"\x01sealed", hook_sealed=b"x", labels=["a", "b"]
    )
    first, more = make_finding(people.system), make_finding(people.system)
    ticket = Ticket.objects.create(
        tracker=tracker, system=people.system, finding=first, title="A", body="Ünïcode\n", key="17"
    )
    TicketFinding.objects.create(ticket=ticket, tracker=tracker, finding=more)
    mirror = Mirror.objects.create(tracker=tracker, is_on=True, system=people.system)
    MirrorRoute.objects.create(mirror=mirror, label="pay", system=people.system)
    item = make_item(people.system)
    issue = MirroredIssue.objects.create(tracker=tracker, item=item, external_id="1", title="x")
    decision = item.decisions.create(option=make_option(item), reason="Because.")
    DecisionComment.objects.create(mirrored=issue, decision=decision, what="recorded", body="x")
    return people.admin, f"/trackers/{tracker.pk}/delete/"


def a_team(people: People) -> tuple[User, str]:
    return people.admin, f"/settings/teams/{make_team('Harbour').key}/remove/"


def a_provider(people: People) -> tuple[User, str]:
    provider = provider_create(
        actor=TESTS,
        secret="not-so-secret",
        name="Harbour",
        key="harbour",
        issuer="https://id.example.org",
        client_id="portal",
        domains=["example.org"],
        group_roles={"sec": "security"},
        groups_claim="groups",
    )
    PersonIdentity.objects.create(user=people.viewer, provider=provider, subject="1")
    return people.admin, "/settings/sign-in/harbour/delete/"


def an_identity(people: People) -> tuple[User, str]:
    user, _address = a_provider(people)
    identity = PersonIdentity.objects.get()
    return user, f"/settings/sign-in/harbour/people/{identity.pk}/unlink/"


MADE: dict[str, Callable[[People], tuple[User, str]]] = {
    "option": an_option,
    "saved_filter": a_filter,
    "item_guidance": guidance_of_an_item,
    "trust_rule": a_trust_rule,
    "control_effect": an_effect,
    "coverage_exception": an_exception,
    "coverage_profile": a_profile,
    "evidence_rule": an_evidence_rule,
    "credential": a_credential,
    "source": a_source,
    "webhook": a_webhook,
    "tracker": a_tracker,
    "team": a_team,
    "provider": a_provider,
    "identity": an_identity,
}
# What valuing a risk anew leaves: the statement's version and what it was valued with.
MOVES = {"control_effect": {"risks.RiskStatement", "risks.Valuation", "common.OutboxEvent"}}


def test_every_kind_is_tried() -> None:
    assert MADE.keys() == kinds().keys()


@pytest.mark.parametrize("kind", MADE)
def test_all_of_it_is_back(people: People, kind: str) -> None:
    user, address = MADE[kind](people)
    client = browser(user)
    before = everything()
    gone = client.post(address)
    removal = Removal.objects.get()
    undo = f"{REMOVED}{removal.uid}/undo/"
    assert everything() != before
    assert f'action="{undo}"' in client.get(gone["Location"]).content.decode()
    listed = unescape(client.get(REMOVED).content.decode())
    assert removal.label in listed
    assert undo in listed

    back = client.post(undo)
    assert "is back as it was" in client.get(back["Location"]).content.decode()
    after = everything()
    assert {name for name in before if before[name] != after[name]} <= MOVES.get(kind, set())
    assert AuditEntry.objects.filter(action=f"{kind}.restore", user_id=user.pk).count() == 1
    assert not RemovedRow.objects.exists()
    assert undo not in client.get(REMOVED).content.decode()


@pytest.mark.parametrize("kind", MADE)
def test_by_those_who_may_take_it_away_alone(people: People, kind: str) -> None:
    """Everybody else is told that there is nothing, however far their own rights go elsewhere."""
    user, address = MADE[kind](people)
    browser(user).post(address)
    removal = Removal.objects.get()
    may = {
        "option": {"architect", "security", "system_admin", "chief", "admin"},
        "saved_filter": {"viewer"},
        "item_guidance": {"architect", "security", "system_admin", "chief", "admin"},
        "trust_rule": {"system_admin", "admin"},
        "webhook": {"admin"},
        "tracker": {"admin"},
        "team": {"admin"},
        "provider": {"admin"},
        "identity": {"admin"},
        "coverage_profile": {"chief", "admin"},
    }.get(kind, {"security", "system_admin", "chief", "admin"})
    everybody = {"viewer", "architect", "security", "system_admin", "outsider", "nobody", "chief"}
    for name in everybody | {"admin"}:
        client = browser(getattr(people, name))
        assert (str(removal.uid) in client.get(REMOVED).content.decode()) == (name in may), name
        if name not in may:
            for verb in ("undo", "forget"):
                assert client.post(f"{REMOVED}{removal.uid}/{verb}/").status_code == 404, name
    assert RemovedRow.objects.exists()


def test_once_and_within_a_week(people: People) -> None:
    user, address = a_webhook(people)
    client = browser(user)
    client.post(address)
    removal = Removal.objects.get()
    path = f"{REMOVED}{removal.uid}/undo/"
    almost = timezone.now() - dt.timedelta(days=6, hours=23)
    Removal.objects.update(removed_at=almost)
    client.post(path)
    assert "It was put back already." in client.post(path, follow=True).content.decode()
    assert Webhook.objects.count() == 1

    client.post(address)
    late = Removal.objects.get(restored_at=None)
    Removal.objects.filter(pk=late.pk).update(removed_at=timezone.now() - dt.timedelta(days=7))
    said = client.post(f"{REMOVED}{late.uid}/undo/", follow=True).content.decode()
    assert "This is undone within 7 days only; it is gone for good." in said
    assert not Webhook.objects.exists()
    assert removals_forget_old() == 1
    assert not RemovedRow.objects.exists()


Removing = tuple[Callable[[People], object], Any, Callable[[Any], object]]
OF_PAGES_READ_BEFORE: dict[str, Removing] = {
    "webhook": (a_webhook, Webhook, lambda row: webhook_delete(actor=TESTS, webhook=row)),
    "source": (a_source, Source, lambda row: source_delete(actor=TESTS, source=row)),
    "evidence_rule": (
        an_evidence_rule,
        EvidenceRule,
        lambda row: rule_delete(actor=TESTS, rule=row),
    ),
}


@pytest.mark.parametrize("kind", OF_PAGES_READ_BEFORE)
def test_two_who_take_it_away_at_once_leave_one_to_put_back(people: People, kind: str) -> None:
    """The second has read the row before the first was done, as two presses of one button do."""
    make, model, delete = OF_PAGES_READ_BEFORE[kind]
    make(people)
    row = model.objects.get()
    delete(model.objects.get())
    with pytest.raises(Missing):
        delete(row)
    removal_put_back(actor=TESTS, removal=Removal.objects.get())
    assert model.objects.get().pk == row.pk


def test_nobody_puts_it_back_twice_and_what_is_gone_for_good_stays_so(people: People) -> None:
    user, address = a_credential(people)
    client = browser(user)
    client.post(address)
    removal = Removal.objects.get()
    said = client.post(f"{REMOVED}{removal.uid}/forget/", follow=True).content.decode()
    assert "is gone for good" in said
    assert not RemovedRow.objects.exists()
    assert client.post(f"{REMOVED}{removal.uid}/undo/").status_code == 404
    assert AuditEntry.objects.filter(action="removal.forget").count() == 1


def test_another_has_its_place(people: People) -> None:
    """Said, and nothing lost: it comes back once there is room for it."""
    user, address = a_webhook(people)
    client = browser(user)
    client.post(address)
    path = f"{REMOVED}{Removal.objects.get().uid}/undo/"
    other = webhook_create(
        actor=TESTS, name="Hook", url="https://b.example.org/", events=["report.failed"]
    ).webhook
    said = client.post(path, follow=True).content.decode()
    assert "There is another webhook of that name by now; give that one another name first." in said
    assert Webhook.objects.count() == 1
    Webhook.objects.filter(pk=other.pk).update(name="Another")
    client.post(path)
    assert set(Webhook.objects.values_list("name", flat=True)) == {"Hook", "Another"}
    assert Webhook.objects.get(name="Hook").deliveries.count() == 2


@pytest.mark.parametrize(
    ("kind", "meanwhile", "told"),
    [
        ("team", lambda: Team.objects.create(key="h", name="HARBOUR"), "another team of that name"),
        (
            "coverage_exception",
            lambda: SystemExpectation.objects.create(
                system=System.objects.get(key="payments"), stage="test", kind="dynamic", reason="x"
            ),
            "take that away first",
        ),
        (
            "saved_filter",
            lambda: SavedFilter.objects.bulk_create(
                SavedFilter(user=User.objects.get(name="Vera Viewer"), name=f"{n}", query="")
                for n in range(MAX_SAVED)
            ),
            f"You keep {MAX_SAVED} filters. Remove one first.",
        ),
    ],
)
def test_what_else_stands_in_its_way(
    people: People, kind: str, meanwhile: Callable[[], object], told: str
) -> None:
    user, address = MADE[kind](people)
    client = browser(user)
    client.post(address)
    meanwhile()
    undo = f"{REMOVED}{Removal.objects.get().uid}/undo/"
    assert told in unescape(client.post(undo, follow=True).content.decode())
    assert RemovedRow.objects.exists()


def test_a_statement_that_ended_meanwhile_is_covered_by_nothing_new(people: People) -> None:
    user, address = an_effect(people)
    client = browser(user)
    client.post(address)
    statement = make_statement_of(Removal.objects.get())
    statement_withdraw(actor=TESTS, statement=statement, reason="It was wrong.")
    undo = f"{REMOVED}{Removal.objects.get().uid}/undo/"
    said = client.post(undo, follow=True).content.decode()
    assert "What was withdrawn or superseded is kept as it was." in said
    assert not ControlEffect.objects.exists()


def make_statement_of(removal: Removal) -> RiskStatement:
    return RiskStatement.objects.get(pk=removal.rows.get().content["statement_id"])


def test_a_source_needs_its_credential_first(people: People) -> None:
    user, address = a_source(people)
    client = browser(user)
    client.post(address)
    source = Removal.objects.get()
    client.post(f"/credentials/{Credential.objects.get().pk}/delete/")
    credential = Removal.objects.exclude(pk=source.pk).get()
    said = client.post(f"{REMOVED}{source.uid}/undo/", follow=True).content.decode()
    assert "What it belongs to, or needs, is gone. Put that back first." in said
    client.post(f"{REMOVED}{credential.uid}/undo/")
    client.post(f"{REMOVED}{source.uid}/undo/")
    assert Source.objects.get().credential == Credential.objects.get()


def test_what_hung_on_it_and_is_gone_meanwhile_stays_away(people: People) -> None:
    """A person who left is let go of; an item that another tracker has by now stays with that one."""
    user, address = a_tracker(people)
    leaver = make_user("Leaver")
    Tracker.objects.update(made_by=leaver)
    client = browser(user)
    client.post(address)
    leaver.delete()
    other = Tracker.objects.create(name="Other", kind="github", sealed=b"x")
    item = item_of(Removal.objects.get())
    MirroredIssue.objects.create(tracker=other, item_id=item, external_id="9", title="y")
    client.post(f"{REMOVED}{Removal.objects.get().uid}/undo/")
    back = Tracker.objects.get(name="Issues")
    assert back.made_by is None
    assert back.tickets.get().more.count() == 1
    assert back.mirror.routes.count() == 1
    assert not back.mirrored.exists()
    assert not DecisionComment.objects.exists()


def item_of(removal: Removal) -> int:
    found: int = removal.rows.get(model="trackers.MirroredIssue").content["item_id"]
    return found


def test_secrets_stay_sealed_and_follow_the_keys(people: People, settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECOPS_CREDENTIAL_KEYS = [old]
    credential = make_credential(people.system, secret="hunter2-hunter2")
    removal = credential_delete(actor=TESTS, credential=credential)
    kept = RemovedRow.objects.get()
    assert "hunter2" not in json.dumps(kept.content)

    settings.SECOPS_CREDENTIAL_KEYS = [new, old]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = [new]
    signed_in(people.security).post(f"{REMOVED}{removal.uid}/undo/")
    back = Credential.objects.get()
    assert back.uid == credential.uid
    assert unseal(back.uid, bytes(back.sealed)) == "hunter2-hunter2"


def test_a_secret_that_no_key_opens_is_told_of(people: People, settings: Any) -> None:
    credential_delete(actor=TESTS, credential=make_credential(people.system))
    settings.SECOPS_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SystemExit):
        call_command("rotate_credentials")


def test_a_provider_asks_again_who_wants_it_back(people: People) -> None:
    user, address = a_provider(people)
    browser(user).post(address)
    undo = f"{REMOVED}{Removal.objects.get().uid}/undo/"
    answer = signed_in(user).post(undo)
    assert answer["Location"].startswith("/settings/security/confirm/")
    assert RemovedRow.objects.exists()


def test_a_release_in_between_adds_a_column(people: People) -> None:
    """What was kept before knows nothing of it; the database's default holds."""
    user, address = a_trust_rule(people)
    browser(user).post(address)
    with connection.cursor() as cursor:
        connection.check_constraints()  # what waits for the end of this test's transaction
        cursor.execute("ALTER TABLE trust_trustrule ADD COLUMN newer integer NOT NULL DEFAULT 7")
        browser(user).post(f"{REMOVED}{Removal.objects.get().uid}/undo/")
        cursor.execute("SELECT newer FROM trust_trustrule")
        assert cursor.fetchall() == [(7,)]


def test_a_log_of_thousands_costs_no_more_queries(people: People) -> None:
    counts = []
    for size in (2, 2000):
        hook = webhook_create(
            actor=TESTS, name=f"{size}", url="https://b.example.org/", events=["report.failed"]
        ).webhook
        hook.deliveries.bulk_create(
            hook.deliveries.model(webhook=hook, event="report.failed", body="{}")
            for _ in range(size)
        )
        with CaptureQueriesContext(connection) as taken:
            removal = webhook_delete(actor=TESTS, webhook=Webhook.objects.get(pk=hook.pk))
        with CaptureQueriesContext(connection) as back:
            removal_put_back(actor=TESTS, removal=removal)
        assert hook.deliveries.count() == size
        counts.append((len(taken), len(back)))
    assert counts[0] == counts[1]


# --- ends that are a state of the thing itself ------------------------------------------------------


def test_guidance_is_taken_back_into_the_library(people: People) -> None:
    piece, client = make_guidance(published=True), signed_in(people.chief)
    page = f"/guidance/G-{piece.pk}/"
    told = client.post(f"{page}retire/", follow=True).content.decode()
    assert f'action="{page}return/"' in told
    client.post(f"{page}return/")
    piece.refresh_from_db()
    assert piece.state == "published"
    shown = client.get(page).content.decode()
    assert "guidance-return" not in shown
    assert f"{page}publish/" not in shown  # nothing that readers do not have
    assert AuditEntry.objects.filter(action="guidance.return").count() == 1
    again = client.post(f"{page}return/", follow=True).content.decode()
    assert "It is not retired; there is nothing to undo." in again
    assert signed_in(people.security).post(f"{page}return/").status_code == 403


def test_a_dismissed_finding_counts_again(people: People) -> None:
    statement = make_statement(make_item(people.system))
    make_finding(people.system, cwes=[89], title="Query from a string")
    rule = rule_create(actor=TESTS, statement=statement, cwes=[89])
    link, client = EvidenceLink.objects.get(), signed_in(people.security)
    told = client.post(f"/evidence/links/{link.pk}/dismiss/", follow=True).content.decode()
    back = f"/evidence/links/{link.pk}/return/"
    assert f'action="{back}"' in told
    rules = f"/risks/RS-{statement.pk}/evidence/"
    assert f'action="{back}"' in client.get(rules).content.decode()
    client.post(back)
    link.refresh_from_db()
    assert link.dismissed_at is None
    assert link.rule == rule  # not by hand, as linking anew would say
    assert back not in client.get(rules).content.decode()
    assert "nothing to undo" in client.post(back, follow=True).content.decode()
    assert AuditEntry.objects.filter(action="evidence.return").count() == 1
    assert signed_in(people.viewer).post(back).status_code == 403
    assert signed_in(people.outsider).post(back).status_code == 404


def test_dismissed_news_of_a_value_is_taken_up_again(people: People) -> None:
    statement = make_statement(make_item(people.system))
    update = update_record(
        actor=TESTS,
        statement=statement,
        kind="events",
        data={"events": 0, "years": 1.0, "relevance": 1.0},
        key="quiet",
    )
    client, back = signed_in(people.security), f"/evidence/updates/{update.pk}/return/"
    told = client.post(f"/evidence/updates/{update.pk}/dismiss/", follow=True).content.decode()
    assert told.count(f'action="{back}"') == 2  # beside the news that it is done, and on the page
    client.post(back)
    update.refresh_from_db()
    assert update.state == "proposed"
    assert "Only what was dismissed" in client.post(back, follow=True).content.decode()


def test_what_is_taken_up_again_says_what_it_would_do_now(people: People) -> None:
    """Dismissed at 10 000 a year; meanwhile the statement was valued at ten times that."""
    statement = make_statement(make_item(people.system), published=True)
    update = update_record(
        actor=TESTS,
        statement=statement,
        kind="events",
        data={"events": 0, "years": 1.0, "relevance": 1.0},
        key="quiet",
    )
    before = update.loss_before
    update_dismiss(actor=TESTS, update=update)
    RiskStatement.objects.filter(pk=statement.pk).update(
        magnitude_low=statement.magnitude_low * 10, magnitude_high=statement.magnitude_high * 10
    )
    again = update_return(actor=TESTS, update=update)
    assert float(again.loss_before) == pytest.approx(float(before) * 10, rel=0.02)
