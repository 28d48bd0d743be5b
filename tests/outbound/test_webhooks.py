"""Messages to the outside: received by a real server, checked by the specification's own library."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.catalog.services import system_archive, system_restore
from apps.common import events
from apps.common.events import deliver_due as outbox_deliver
from apps.common.models import OutboxDelivery
from apps.notices.models import Notice
from apps.outbound import facts, signing
from apps.outbound.kinds import EventName
from apps.outbound.models import DeliveryState, Webhook, WebhookDelivery
from apps.outbound.services.deliver import BACK_OFF, deliver_due
from apps.outbound.services.webhooks import (
    MadeWebhook,
    delivery_again,
    webhook_create,
    webhook_ping,
    webhook_rotate,
)
from apps.scans.models import Report
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_item, make_question, make_report, make_source
from tests.pages import signed_in
from tests.servers import Asked, Says, Server, serving

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Server]:
    with serving({"/hook": Says(b"", 204)}) as server:
        settings.SECOPS_OUTGOING_SCHEMES = ["http", "https"]
        settings.SECOPS_OUTGOING_PORTS = [443, server.port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        settings.BASE_URL = "https://portal.example.org"
        yield server


def make(receiver: Server, **said: Any) -> MadeWebhook:
    given = {"name": "Hook", "url": f"{receiver.url}/hook", "events": ["report.failed"]} | said
    return webhook_create(actor=TESTS, **given)


def happens(name: str, **payload: Any) -> None:
    with transaction.atomic():
        events.append(name, payload)
    outbox_deliver()


def report_fails(people: People) -> None:
    report = make_report(people.system)
    Report.objects.filter(pk=report.pk).update(error_reason="unknown-format", state="failed")
    happens("report.failed", report_id=report.pk, reason="unknown-format")


def verified(asked: Asked, secret: str) -> dict[str, Any]:
    """Raises WebhookVerificationError."""
    told = standardwebhooks.Webhook(secret).verify(asked.body, asked.headers)
    return dict(told)


def soon(row: WebhookDelivery) -> None:
    """As if the pause were over."""
    WebhookDelivery.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())


def test_a_message_is_signed_as_the_specification_says(people: People, receiver: Server) -> None:
    made = make(receiver)
    report_fails(people)
    assert deliver_due() == 1
    (asked,) = receiver.asked
    told = verified(asked, made.secret)
    assert told["type"] == "report.failed"
    assert told["data"]["system"] == "payments"
    assert told["data"]["summary"] == "A report of Payments could not be read."
    assert told["data"]["url"].startswith("https://portal.example.org/reports/")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(asked, signing.new_secret())
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.status) == (DeliveryState.DELIVERED, 1, 204)
    assert asked.headers["webhook-id"] == row.message_id
    assert made.secret not in str(bytes(made.webhook.sealed))
    assert deliver_due() == 0


def test_the_specifications_example() -> None:
    """Source: "spec/standard-webhooks.md" and the test vectors of its libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_after_a_rotation_both_keys_sign_for_a_day(people: People, receiver: Server) -> None:
    made = make(receiver)
    new = webhook_rotate(actor=TESTS, webhook=made.webhook)
    report_fails(people)
    deliver_due()
    assert verified(receiver.asked[0], made.secret) == verified(receiver.asked[0], new.secret)
    Webhook.objects.update(previous_until=timezone.now())
    report_fails(people)
    deliver_due()
    assert verified(receiver.asked[1], new.secret)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(receiver.asked[1], made.secret)


def test_who_is_told_of_what(people: People, receiver: Server) -> None:
    wanted: dict[str, dict[str, Any]] = {
        "all": {},
        "here": {"system": people.system},
        "there": {"system": people.other_system},
        "other": {"events": ["guidance.published"]},
    }
    for name, said in wanted.items():
        make(receiver, name=name, **said)
    paused = make(receiver, name="paused").webhook
    Webhook.objects.filter(pk=paused.pk).update(is_paused=True)
    report_fails(people)
    assert {row.webhook.name for row in WebhookDelivery.objects.all()} == {"all", "here"}


def test_a_second_delivery_by_the_outbox_makes_no_second_message(
    people: People, receiver: Server
) -> None:
    make(receiver)
    report_fails(people)
    OutboxDelivery.objects.update(delivered_at=None, next_attempt_at=timezone.now())
    outbox_deliver()
    assert WebhookDelivery.objects.count() == 1


def test_what_fails_is_tried_again_under_the_same_id(people: People, receiver: Server) -> None:
    made = make(receiver)
    receiver.routes["/hook"] = Says(b"", 503, {"Retry-After": "900"})
    report_fails(people)
    deliver_due()
    row = WebhookDelivery.objects.get()
    assert (row.state, row.status, row.error) == (DeliveryState.QUEUED, 503, "It answered 503.")
    assert row.next_attempt_at - timezone.now() > dt.timedelta(seconds=880)
    assert deliver_due() == 0
    receiver.routes["/hook"] = Says(b"", 302, {"Location": "http://127.0.0.1/else"})
    soon(row)
    deliver_due()
    row.refresh_from_db()
    assert "redirects" in row.error
    receiver.routes["/hook"] = Says(b"ok")
    soon(row)
    deliver_due()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 3)
    assert len({each.headers["webhook-id"] for each in receiver.asked}) == 1
    for asked in receiver.asked:
        assert verified(asked, made.secret)
    again = delivery_again(actor=TESTS, delivery=row)
    deliver_due()
    assert receiver.asked[-1].headers["webhook-id"] == again.message_id == row.message_id


def test_after_long_failure_it_is_switched_off_and_its_owner_told(
    people: People, receiver: Server
) -> None:
    hook = webhook_create(
        actor=actor_of(people.admin),
        name="Hook",
        url=f"{receiver.url}/hook",
        events=["report.failed"],
    ).webhook
    receiver.routes["/hook"] = Says(b"", 500)
    report_fails(people)
    deliver_due()
    Webhook.objects.update(failing_since=timezone.now() - dt.timedelta(days=5))
    soon(WebhookDelivery.objects.get())
    deliver_due()
    hook.refresh_from_db()
    assert (hook.health, hook.last_error) == ("disabled", "It answered 500.")
    outbox_deliver()
    assert [each.user for each in Notice.objects.filter(kind="webhook")] == [people.admin]
    page = signed_in(people.admin).get("/notices/").content.decode()
    assert "The webhook Hook was switched off" in page
    report_fails(people)  # nothing is kept for one that is off
    assert WebhookDelivery.objects.count() == 1

    receiver.routes["/hook"] = Says(b"")
    client = signed_in(people.admin)
    client.post(f"/webhooks/{hook.pk}/pause/", {"paused": "0"})
    soon(WebhookDelivery.objects.get())
    deliver_due()
    hook.refresh_from_db()
    assert hook.health == "good"


def test_it_gives_up_at_last_and_obeys_who_wants_no_more(people: People, receiver: Server) -> None:
    hook = make(receiver).webhook
    receiver.routes["/hook"] = Says(b"", 500)
    report_fails(people)
    WebhookDelivery.objects.update(attempts=len(BACK_OFF))
    deliver_due()
    assert WebhookDelivery.objects.get().state == DeliveryState.FAILED
    receiver.routes["/hook"] = Says(b"", 410)
    webhook_ping(actor=TESTS, webhook=hook)
    deliver_due()
    hook.refresh_from_db()
    assert hook.health == "disabled"


def test_it_goes_nowhere_else(people: People, receiver: Server, settings: Any) -> None:
    """SECURITY: the guard looks when it is made and at each attempt."""
    api = as_user(people.admin)
    body = {"name": "x", "url": "http://169.254.169.254/latest", "events": ["report.failed"]}
    assert problem_fields(api.post("/webhooks", body)) == {"url"}  # its port is not allowed
    make(receiver)
    settings.SECOPS_OUTGOING_NETWORKS = []
    report_fails(people)
    deliver_due()
    assert receiver.asked == []
    assert "no address of the public Internet" in WebhookDelivery.objects.get().error


def test_chats_get_a_sentence(people: People, receiver: Server) -> None:
    make(receiver, kind="slack", events=["decision.recorded", "report.failed"])
    make(receiver, name="Teams", kind="teams")
    report_fails(people)
    deliver_due()
    slack, teams = sorted((json.loads(each.body) for each in receiver.asked), key=len)
    assert slack["text"].startswith("A report of Payments could not be read. <https://portal")
    (card,) = teams["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["body"][0]["text"] == "A report of Payments could not be read."


def test_every_event_has_its_words(people: People) -> None:
    assert set(facts.TELLERS) == set(EventName)
    source, question = make_source(people.system), make_question(make_item(people.system))
    for name, payload in {
        "source.broken": {"source_id": source.pk},
        "question.asked": {"question_id": question.pk},
    }.items():
        told = facts.facts_of(name, payload)
        assert told is not None
        assert told.system == people.system
        assert told.told()["url"].startswith("http")
    assert facts.facts_of("decision.recorded", {"decision_id": 1}) is None


def test_archiving_a_system_and_bringing_it_back_is_told_without_the_reason(
    people: People, receiver: Server
) -> None:
    names = ["system.archived", "system.restored"]
    made = make(receiver, name="here", events=names, system=people.system)
    make(receiver, name="there", events=names, system=people.other_system)
    who = actor_of(people.system_admin)
    system_archive(actor=who, system=people.system, because="Nobody pays by fax any more")
    system_restore(actor=who, system=people.system)
    while outbox_deliver():
        pass
    assert deliver_due() == 2
    told = sorted(
        (verified(asked, made.secret) for asked in receiver.asked), key=lambda each: each["type"]
    )
    assert [(each["type"], each["data"]["summary"]) for each in told] == [
        ("system.archived", "Payments was archived."),
        ("system.restored", "Payments is back from the archive."),
    ]
    assert {each["data"]["url"] for each in told} == {
        "https://portal.example.org/systems/payments/"
    }
    assert "fax" not in str([asked.body for asked in receiver.asked])


def test_only_admins_of_the_organisation(people: People, receiver: Server) -> None:
    body = {"name": "x", "url": f"{receiver.url}/hook", "events": ["report.failed"]}
    hook = make(receiver).webhook
    for api in (as_user(people.chief), as_user(people.system_admin), as_pipeline(people.system)):
        assert api.post("/webhooks", body).status_code == 403
        assert api.get(f"/webhooks/{hook.pk}").status_code == 403
    for person in (people.chief, people.system_admin):
        assert signed_in(person).get("/webhooks/").status_code == 403
        assert signed_in(person).post(f"/webhooks/{hook.pk}/test/").status_code == 403


def test_over_the_api(people: People, receiver: Server) -> None:
    api = as_user(people.admin)
    body = {"name": "x", "url": f"{receiver.url}/hook", "events": ["report.failed"]}
    answer = api.post("/webhooks", body, idempotency_key="one")
    assert answer.status_code == 201, answer.content
    assert "secret" not in api.post("/webhooks", body, idempotency_key="one").json()
    secret, hook = answer.json()["secret"], answer.json()["webhook"]
    assert secret.startswith("whsec_")
    path = f"/webhooks/{hook['id']}"
    assert secret not in api.get(path).content.decode()
    wrong = {"name": "", "url": "ftp://x", "events": ["no.such"], "kind": "fax", "system": None}
    assert problem_fields(api.post("/webhooks", wrong)) == {"name"}
    assert problem_fields(api.post("/webhooks", {**wrong, "name": "y"})) == {
        "url",
        "events",
        "kind",
    }

    edited = api.edit(path, {"events": ["question.asked"], "system": "payroll"})
    assert (edited.json()["events"], edited.json()["system"]["key"]) == (
        ["question.asked"],
        "payroll",
    )
    assert api.post(f"{path}/test").status_code == 202
    deliver_due()
    assert verified(receiver.asked[0], secret)["type"] == "webhook.test"
    (told,) = api.get(f"{path}/deliveries").json()["results"]
    assert (told["state"], told["status"]) == ("delivered", 204)
    assert api.post(f"{path}/deliveries/{told['uid']}/again").status_code == 202
    assert api.post(f"{path}/pause", {"paused": True}).json()["health"] == "paused"
    assert api.post(f"{path}/test").status_code == 409
    assert api.post(f"{path}/secret").json()["secret"] != secret
    assert api.delete(path).status_code == 204
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {
        f"webhook.{each}"
        for each in ("create", "edit", "ping", "redeliver", "pause", "rotate", "delete")
    } <= actions
    assert secret not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_on_the_pages(people: People, receiver: Server) -> None:
    client = signed_in(people.admin)
    assert 'href="/webhooks/"' in client.get("/").content.decode()
    said = {"name": "Chat", "url": f"{receiver.url}/hook/T0/secret", "kind": "slack"}
    refused = client.post("/webhooks/", said)
    assert refused.status_code == 422
    assert "id_events" in refused.content.decode()
    made = client.post("/webhooks/", said | {"events": ["report.failed"], "system": "payments"})
    hook = Webhook.objects.get()
    assert "whsec_" in made.content.decode()
    client.post(f"/webhooks/{hook.pk}/test/")
    deliver_due()
    page = client.get(f"/webhooks/{hook.pk}/").content.decode()
    assert "It answered 404." in page
    assert "/T0/secret" not in page
    assert "whsec_" not in page
    form = {**said, "name": "Chat 2", "events": ["report.failed"], "version": hook.version}
    assert client.post(f"/webhooks/{hook.pk}/edit/", form).status_code == 302
    assert client.post(f"/webhooks/{hook.pk}/edit/", form).status_code == 409  # an older version
    row = WebhookDelivery.objects.get()
    assert client.post(f"/webhooks/{hook.pk}/again/{row.uid}/").status_code == 302
    assert "whsec_" in client.post(f"/webhooks/{hook.pk}/rotate/").content.decode()
    assert client.post(f"/webhooks/{hook.pk}/delete/").status_code == 302
    assert "Nothing outside is told yet" in client.get("/webhooks/").content.decode()


def test_one_box_means_every_event(people: People, receiver: Server) -> None:
    said = {"name": "Chat", "url": f"{receiver.url}/hook", "kind": "slack", "every": "on"}
    answer = signed_in(people.admin).post("/webhooks/", said | {"events": ["report.failed"]})
    assert "whsec_" in answer.content.decode()
    assert Webhook.objects.get().events == EventName.values


def test_keys_follow_the_newest_key_of_the_environment(
    receiver: Server, settings: Any, people: People
) -> None:
    made = make(receiver)
    old = settings.SECOPS_CREDENTIAL_KEYS
    settings.SECOPS_CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *old]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = settings.SECOPS_CREDENTIAL_KEYS[:1]
    webhook_ping(actor=TESTS, webhook=made.webhook)
    deliver_due()
    assert verified(receiver.asked[0], made.secret)
