"""Messages of trackers: signed as each signs, believed in nothing, and good for one look."""

import datetime as dt
import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.common.errors import NotPermitted
from apps.common.events import deliver_due
from apps.common.outgoing import OutgoingFailed
from apps.notices.models import Notice
from apps.trackers.models import TicketState, Tracker
from apps.trackers.services import hooks
from apps.trackers.services.following import follow_due
from apps.trackers.services.hooks import hook_end, hook_make
from apps.trackers.services.lines import went_well, went_wrong
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_finding
from tests.pages import signed_in, text_of
from tests.servers import Server
from tests.trackers.standins import KINDS, StandIn
from tests.trackers.test_trackers import connect, filed

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
BODY = json.dumps({"action": "closed", "issue": {"number": 1, "state": "closed"}}).encode()


@pytest.fixture(params=sorted(KINDS))
def each(request: Any, server: Server) -> StandIn:
    return KINDS[request.param](server)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were sent."""
    names: list[str] = []

    def send(name: str) -> bool:
        names.append(name)
        return True

    monkeypatch.setattr("apps.trackers.dispatch.send", send)
    return names


def signature(secret: str, body: bytes) -> str:
    """As GitHub's documentation computes it, and Jira's: HMAC-SHA256 in hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(kind: str, secret: str, body: bytes = BODY) -> dict[str, str]:
    if kind == "gitlab":
        return {"X-Gitlab-Token": secret}
    name = "X-Hub-Signature-256" if kind == "github" else "X-Hub-Signature"
    return {name: signature(secret, body)}


def tell(tracker: Tracker, given: dict[str, str], body: bytes = BODY) -> int:
    address = f"/hooks/trackers/{tracker.uid}/"
    client = Client(enforce_csrf_checks=True)
    answer = client.post(address, body, content_type="application/json", headers=given)
    return answer.status_code


def test_a_secret_over_the_api(people: People, github: StandIn) -> None:
    admin, tracker = as_user(people.admin), connect(github)
    path = f"/trackers/{tracker.pk}"
    assert admin.get(path).json()["hook_set"] is False
    made = admin.post(f"{path}/hook", {}, idempotency_key="once")
    assert made.status_code == 201
    said = made.json()
    assert said["address"] == f"https://portal.example.org/hooks/trackers/{tracker.uid}/"
    assert tell(tracker, headers("github", said["secret"])) == 204
    again = admin.post(f"{path}/hook", {}, idempotency_key="once")
    assert said["secret"] not in again.content.decode()  # shown once, whatever is repeated
    newer = admin.post(f"{path}/hook", {}).json()["secret"]
    assert tell(tracker, headers("github", said["secret"])) == 404
    assert tell(tracker, headers("github", newer)) == 204
    shown = admin.get(path)
    assert shown.json()["hook_set"] is True
    assert newer not in shown.content.decode()
    assert as_user(people.security).post(f"{path}/hook", {}).status_code == 403
    assert admin.delete(f"{path}/hook").status_code == 204
    assert tell(tracker, headers("github", newer)) == 404
    assert admin.get(path).json()["hook_set"] is False


def test_the_vector_of_githubs_documentation() -> None:
    """ "Validating webhook deliveries", "Testing the webhook payload validation"."""
    made = signature("It's a Secret to Everybody", b"Hello, World!")
    assert made == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_message_makes_the_change_show(
    people: People, each: StandIn, django_capture_on_commit_callbacks: Any, sent: list[str]
) -> None:
    ticket = filed(each, make_finding(people.system))
    assert ticket.state == TicketState.OPEN
    follow_due()
    each.close(1)
    assert follow_due() == 0  # not for five minutes
    secret = hook_make(actor=TESTS, tracker=ticket.tracker)
    given = headers(ticket.tracker.kind, secret)
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(ticket.tracker, given) == 204
    assert sent == ["trackers.follow"]
    assert follow_due() == 1
    ticket.refresh_from_db()
    assert ticket.state == TicketState.CLOSED


def test_a_message_is_not_believed(people: People, each: StandIn) -> None:
    """It says closed; the tracker says open."""
    ticket = filed(each, make_finding(people.system))
    secret = hook_make(actor=TESTS, tracker=ticket.tracker)
    assert tell(ticket.tracker, headers(ticket.tracker.kind, secret)) == 204
    follow_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.OPEN


def test_what_nobody_signed_does_nothing(people: People, each: StandIn) -> None:
    tracker = connect(each)
    secret = hook_make(actor=TESTS, tracker=tracker)
    tracker.refresh_from_db()
    kind, before = tracker.kind, tracker.follow_at
    for given in (
        {},
        headers(kind, "another"),
        headers(kind, secret, b"another body") if kind != "gitlab" else {"X-Gitlab-Token": ""},
        {name: value + "0" for name, value in headers(kind, secret).items()},
        dict.fromkeys(headers(kind, secret), "sha256=é"),
    ):
        assert tell(tracker, given) == 404
    other = Tracker(uid=uuid.uuid4())
    assert tell(other, headers(kind, secret)) == 404
    tracker.refresh_from_db()
    assert (tracker.follow_at, tracker.hook_at) == (before, None)


def test_the_same_again_brings_no_second_look_at_once(
    people: People,
    each: StandIn,
    django_capture_on_commit_callbacks: Any,
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        hooks, "SOONEST", dt.timedelta(hours=1)
    )  # longer than the slowest machine takes
    ticket = filed(each, make_finding(people.system))
    secret = hook_make(actor=TESTS, tracker=ticket.tracker)
    given = headers(ticket.tracker.kind, secret)
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert [tell(ticket.tracker, given) for _each in range(20)] == [204] * 20
    assert sent == ["trackers.follow"]
    assert follow_due() == 1
    assert tell(ticket.tracker, given) == 204
    assert follow_due() == 0  # the hour is not over
    follow_at = Tracker.objects.get().follow_at
    assert timezone.now() < follow_at < timezone.now() + dt.timedelta(hours=1)


def test_secrets_end(people: People, each: StandIn, settings: Any) -> None:
    tracker = connect(each)
    old = hook_make(actor=TESTS, tracker=tracker)
    new = hook_make(actor=TESTS, tracker=tracker)
    assert tell(tracker, headers(tracker.kind, old)) == 404
    assert tell(tracker, headers(tracker.kind, new)) == 204
    key = Fernet.generate_key().decode()
    settings.SECOPS_CREDENTIAL_KEYS = [key, *settings.SECOPS_CREDENTIAL_KEYS]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = [key]
    assert tell(tracker, headers(tracker.kind, new)) == 204
    hook_end(actor=TESTS, tracker=tracker)
    assert tell(tracker, headers(tracker.kind, new)) == 404
    actions = AuditEntry.objects.filter(action__startswith="tracker.hook")
    assert list(actions.order_by("id").values_list("action", flat=True)) == [
        "tracker.hook",
        "tracker.hook",
        "tracker.hook_end",
    ]


def test_large_bodies_and_many_strangers(people: People, server: Server, settings: Any) -> None:
    tracker = connect(KINDS["github"](server))
    secret = hook_make(actor=TESTS, tracker=tracker)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    large = b"{" + b" " * 1000 + b"}"
    assert tell(tracker, headers("github", secret, large), large) == 413
    settings.SECOPS_RATE_STRANGERS = "3/minute"
    address = {"X-Forwarded-For": "198.51.100.7"}
    settings.SECOPS_PROXIES = 1
    assert [tell(tracker, address) for _each in range(5)] == [404, 404, 404, 429, 429]
    assert tell(tracker, headers("github", secret)) == 204  # from elsewhere
    assert Client().get(f"/hooks/trackers/{tracker.uid}/").status_code == 405


def test_who_sets_it_up(people: People, server: Server) -> None:
    tracker = connect(KINDS["github"](server))
    with pytest.raises(NotPermitted):
        hook_make(actor=actor_of(people.chief), tracker=tracker)
    client = signed_in(people.admin)
    page = text_of(client, f"/trackers/{tracker.pk}/")
    assert f"https://portal.example.org/hooks/trackers/{tracker.uid}/" in page
    made = client.post(f"/trackers/{tracker.pk}/hook/")
    assert made.status_code == 200
    secret = made.content.decode().partition('<code class="break">')[2].partition("<")[0]
    assert tell(tracker, headers("github", secret)) == 204
    assert secret not in text_of(client, f"/trackers/{tracker.pk}/")
    assert client.post(f"/trackers/{tracker.pk}/hook/", {"end": "1"}).status_code == 302
    assert tell(tracker, headers("github", secret)) == 404
    assert signed_in(people.chief).post(f"/trackers/{tracker.pk}/hook/").status_code == 403


def test_admins_are_told_once_when_it_fails_for_a_day(people: People, server: Server) -> None:
    tracker = connect(KINDS["github"](server))
    error = OutgoingFailed("status", "It answers 401.")
    went_wrong(tracker.pk, error)
    deliver_due()
    assert not Notice.objects.exists()
    long_ago = timezone.now() - dt.timedelta(hours=25)
    Tracker.objects.update(failing_since=long_ago)
    for _each in range(3):
        went_wrong(tracker.pk, error)
    deliver_due()
    (notice,) = Notice.objects.filter(user=people.admin)
    assert notice.path == f"/trackers/{tracker.pk}/"
    assert not Notice.objects.filter(user=people.viewer).exists()
    assert "has not answered for a day" in text_of(signed_in(people.admin), "/notices/")
    went_well(tracker.pk)
    assert Tracker.objects.get().told_at is None
