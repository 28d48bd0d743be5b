"""Second factors: apps, recovery codes, who must have one, and sessions ended from elsewhere."""

import base64
import datetime as dt
import hashlib
import hmac
import html
import re
import struct
import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import PersonSession, RecoveryCode, SecondFactor, User
from apps.accounts.services.factors import (
    app_add,
    code_taken,
    factor_due,
    factor_remove,
    factors_reset,
    recovery_make,
)
from apps.audit.models import AuditEntry
from apps.common.errors import Invalid, NotPermitted
from tests.conftest import People
from tests.factories import actor_of, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough passphrase"  # of every person of the tests
SECURITY = "/settings/security/"
# RFC 6238 appendix B: the shared secret of the SHA-1 vectors, and what it gives at these seconds.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = (
    (59, "287082"),
    (1111111109, "081804"),
    (1234567890, "005924"),
    (20000000000, "353130"),
)


def totp(secret: str, at: float) -> str:
    """RFC 6238 by hand, apart from the library that the portal uses."""
    counter = struct.pack(">Q", int(at) // 30)
    mac = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until a test moves it."""
    now = [time.time()]
    monkeypatch.setattr("apps.accounts.services.factors.time.time", lambda: now[0])
    return now


@pytest.fixture
def user() -> User:
    return make_user()


def with_app(user: User, clock: list[float]) -> list[str]:
    """Set an app up a minute ago; the recovery codes."""
    clock[0] -= 60
    codes = app_add(
        actor=actor_of(user), secret=RFC_SECRET, code=totp(RFC_SECRET, clock[0]), name=""
    )
    clock[0] += 60
    return codes


def shown_password(user: User) -> Client:
    client = Client()
    answer = client.post(
        "/sign-in/", {"username": user.email, "password": PASSWORD, "next": "/planning/"}
    )
    assert answer["Location"] == reverse("sign-in-second")
    return client


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_the_published_codes_are_taken_once(
    user: User, clock: list[float], seconds: int, code: str
) -> None:
    assert totp(RFC_SECRET, seconds) == code
    clock[0] = float(seconds)
    app_add(actor=actor_of(user), secret=RFC_SECRET, code=code, name="Telephone")
    assert not code_taken(user, code)  # it was taken when the app was set up
    clock[0] += 30
    assert not code_taken(user, code)
    assert code_taken(user, totp(RFC_SECRET, clock[0]))
    assert not code_taken(user, totp(RFC_SECRET, clock[0]))


def test_a_clock_may_differ_by_half_a_minute_and_no_more(user: User, clock: list[float]) -> None:
    with_app(user, clock)
    assert not code_taken(user, totp(RFC_SECRET, clock[0] + 60))
    assert not code_taken(user, totp(RFC_SECRET, clock[0] - 90))
    assert code_taken(user, totp(RFC_SECRET, clock[0] + 30))
    assert not code_taken(user, totp(RFC_SECRET, clock[0]))  # an older one than was taken


def test_the_password_alone_opens_nothing(user: User, clock: list[float]) -> None:
    with_app(user, clock)
    client = shown_password(user)
    for path in ("/", "/planning/", SECURITY, "/api/v1/me"):
        assert client.get(path).status_code in {302, 401}
    wrong = client.post(reverse("sign-in-second"), {"code": "000000"})
    assert wrong.status_code == 422
    assert "Each code works once" in wrong.content.decode()
    answer = client.post(reverse("sign-in-second"), {"code": totp(RFC_SECRET, clock[0])})
    assert answer["Location"] == "/planning/"
    assert client.get(SECURITY).status_code == 200
    # Somebody who saw both typed has nothing.
    again = shown_password(user)
    replay = again.post(reverse("sign-in-second"), {"code": totp(RFC_SECRET, clock[0])})
    assert replay.status_code == 422


def test_the_session_has_another_key_after_each_step(user: User, clock: list[float]) -> None:
    """Who had put a key of theirs into the browser, or saw one before the second step, has nothing (ASVS 7.2.4)."""
    with_app(user, clock)
    client, keys = Client(), []

    def key() -> str:
        return client.cookies["sessionid"].value

    planted = client.session
    planted["theirs"] = 1
    planted.save()
    keys.append(key())
    client.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    keys.append(key())
    client.post(reverse("sign-in-second"), {"code": totp(RFC_SECRET, clock[0])})
    assert client.get(SECURITY).status_code == 200
    keys.append(key())
    assert len(set(keys)) == 3
    assert not Session.objects.filter(session_key__in=keys[:2]).exists()
    for old in keys[:2]:
        other = Client()
        other.cookies["sessionid"] = old
        assert other.get(SECURITY).status_code == 302


def test_a_recovery_code_works_once_and_is_no_text_anywhere(user: User, clock: list[float]) -> None:
    codes = with_app(user, clock)
    assert len(codes) == len(set(codes)) == 10
    typed = f" {codes[0].upper()} "
    assert shown_password(user).post(reverse("sign-in-second"), {"code": typed}).status_code == 302
    assert shown_password(user).post(reverse("sign-in-second"), {"code": typed}).status_code == 422
    kept = b"".join(bytes(row.digest) for row in RecoveryCode.objects.all())
    sealed = b"".join(bytes(row.sealed or b"") for row in SecondFactor.objects.all())
    assert codes[1].replace("-", "").encode() not in kept
    assert RFC_SECRET.encode() not in sealed
    fresh = recovery_make(actor=actor_of(user))
    assert not code_taken(user, codes[1])
    assert code_taken(user, fresh[0])


def test_who_waits_too_long_begins_again(user: User, clock: list[float], monkeypatch: Any) -> None:
    with_app(user, clock)
    client = shown_password(user)
    later = time.time() + 11 * 60
    monkeypatch.setattr("apps.accounts.signing_in.time.time", lambda: later)
    answer = client.post(reverse("sign-in-second"), {"code": totp(RFC_SECRET, clock[0])})
    assert answer["Location"] == "/sign-in/"
    assert Client().get(reverse("sign-in-second"))["Location"] == "/sign-in/"


def test_guessing_the_code_ends_for_the_guesser_alone(
    user: User, clock: list[float], settings: Any
) -> None:
    settings.SECOPS_RATE_SIGN_IN = "3/5minute"
    settings.SECOPS_RATE_SIGN_IN_ADDRESS = "1000/hour"
    settings.SECOPS_PROXIES = 1
    with_app(user, clock)
    guesser = shown_password(user)
    said = [
        guesser.post(
            reverse("sign-in-second"), {"code": "000000"}, headers={"x-forwarded-for": "192.0.2.7"}
        )
        for _ in range(4)
    ]
    assert [each.status_code for each in said] == [422, 422, 422, 429]
    assert int(said[-1]["Retry-After"]) > 0
    good = {"code": totp(RFC_SECRET, clock[0])}
    from_there = {"x-forwarded-for": "192.0.2.7"}
    assert guesser.post(reverse("sign-in-second"), good, headers=from_there).status_code == 429
    elsewhere = {"x-forwarded-for": "198.51.100.9"}
    answer = shown_password(user).post(reverse("sign-in-second"), good, headers=elsewhere)
    assert answer.status_code == 302


# --- setting up ----------------------------------------------------------------------------------


def signed_in_with_password(user: User, agent: str = "") -> Client:
    client = Client(headers={"user-agent": agent})
    assert (
        client.post("/sign-in/", {"username": user.email, "password": PASSWORD}).status_code == 302
    )
    return client


def test_setting_an_app_up_and_taking_it_away(user: User) -> None:
    client = signed_in_with_password(user)
    page = client.get(reverse("factor-app")).content.decode()
    found = re.search(r"<code[^>]*>([A-Z2-7]{32})</code>", html.unescape(page))
    assert found
    secret = found[1]
    wrong = client.post(reverse("factor-app"), {"code": "123"})
    assert wrong.status_code == 422
    assert secret in wrong.content.decode()  # the same one, so that the scan is not lost
    typed = {"code": totp(secret, time.time()), "name": "Telephone"}
    codes = client.post(reverse("factor-app"), typed)
    shown = codes.content.decode().partition('id="codes">')[2].partition("<")[0]
    assert len(re.findall(r"^[a-z2-9]{5}-[a-z2-9]{5}$", shown, re.MULTILINE)) == 10
    assert "no-store" in codes["Cache-Control"]
    factor = SecondFactor.objects.get()
    assert (factor.user, factor.name) == (user, "Telephone")
    assert "Telephone" in client.get(SECURITY).content.decode()
    client.post(reverse("factor-remove", args=[factor.pk]))
    assert not SecondFactor.objects.exists()
    assert not RecoveryCode.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"factor.add", "factor.recovery", "factor.remove"} <= actions


def test_an_open_browser_is_not_enough(user: User, monkeypatch: Any) -> None:
    client = signed_in_with_password(user)
    later = time.time() + 16 * 60
    monkeypatch.setattr("apps.accounts.signing_in.time.time", lambda: later)
    for name in ("factor-app", "factor-codes", "passkey-new-options", "factor-passkey"):
        answer = client.post(reverse(name))
        assert answer["Location"].startswith(reverse("settings-confirm")), name
    asked = client.get(reverse("factor-app"))["Location"]
    assert client.post(asked, {"password": "wrong"}).status_code == 422
    assert client.post(asked, {"password": PASSWORD})["Location"] == reverse("factor-app")
    assert client.get(reverse("factor-app")).status_code == 200
    outside = f"{reverse('settings-confirm')}?next=https://evil.example"
    assert client.post(outside, {"password": PASSWORD})["Location"] == SECURITY


def test_nobody_touches_the_factors_of_another(people: People, clock: list[float]) -> None:
    with_app(people.security, clock)
    factor = SecondFactor.objects.get()
    client = signed_in_with_password(make_user())
    assert client.post(reverse("factor-remove", args=[factor.pk])).status_code == 404
    with pytest.raises(NotPermitted):
        factors_reset(actor=actor_of(people.security), user=people.viewer)
    assert factors_reset(actor=actor_of(people.admin), user=people.security) == 1
    assert not RecoveryCode.objects.exists()
    with pytest.raises(Invalid):
        recovery_make(actor=actor_of(people.security))


def test_a_superuser_is_out_of_reach_of_other_staff(people: People, clock: list[float]) -> None:
    """Whoever took the factors away, or changed the address, would have won over the account."""
    root = make_user("Root", is_superuser=True, is_staff=True)
    with_app(root, clock)
    User.objects.filter(pk=people.admin.pk).update(is_staff=True)
    people.admin.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    with pytest.raises(NotPermitted):
        factors_reset(actor=actor_of(people.admin), user=root)
    client = Client()
    client.force_login(people.admin)
    listed = reverse("admin:accounts_user_changelist")
    chosen = {"action": "take_factors_away", "_selected_action": [root.pk, people.viewer.pk]}
    assert client.post(listed, chosen).status_code == 302
    page = reverse("admin:accounts_user_change", args=[root.pk])
    said = {"email": "mine@example.org", "name": "Root", "teams": []}
    assert client.post(page, said).status_code == 403
    root.refresh_from_db()
    assert root.email != "mine@example.org"
    assert root.factors.count() == 1
    assert (
        client.get(reverse("admin:accounts_user_change", args=[people.viewer.pk])).status_code
        == 200
    )


def test_keys_turn_over(user: User, clock: list[float], settings: Any) -> None:
    with_app(user, clock)
    old = settings.SECOPS_CREDENTIAL_KEYS
    new = base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.SECOPS_CREDENTIAL_KEYS = [new, *old]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = [new]
    assert code_taken(user, totp(RFC_SECRET, clock[0]))


# --- who must ------------------------------------------------------------------------------------


def test_privileged_people_are_led_to_a_second_factor(
    people: People, clock: list[float], settings: Any
) -> None:
    settings.SECOPS_SECOND_FACTOR = "privileged"
    client = Client()
    client.force_login(people.chief)
    assert client.get("/planning/")["Location"] == SECURITY
    refused = client.get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
    assert client.get(SECURITY).status_code == 200
    assert client.post("/sign-out/").status_code == 302
    viewer = Client()
    viewer.force_login(people.viewer)
    assert viewer.get("/planning/").status_code == 200
    with_app(people.chief, clock)
    client.force_login(people.chief)
    assert client.get("/planning/").status_code == 200
    settings.SECOPS_SECOND_FACTOR = "everyone"
    assert viewer.get("/planning/")["Location"] == SECURITY


def test_people_are_told_in_time_and_led_there_in_the_end(
    people: People, clock: list[float], settings: Any
) -> None:
    settings.SECOPS_SECOND_FACTOR, settings.SECOPS_SECOND_FACTOR_DAYS = "everyone", 14
    viewer, told = people.viewer, "on you need a second factor here"
    client = Client()
    client.force_login(viewer)
    assert client.get("/api/v1/me").status_code == 200
    assert told in client.get("/planning/").content.decode()
    assert told not in client.get("/planning/").content.decode()  # once a session
    assert "You need one from" in client.get(SECURITY).content.decode()
    assert AuditEntry.objects.filter(action="factor.ask", object_label=str(viewer)).count() == 1
    later = Client()
    later.force_login(viewer)
    assert told in later.get("/planning/").content.decode()
    User.objects.filter(pk=viewer.pk).update(factor_asked_at=timezone.now() - dt.timedelta(days=14))
    assert client.get("/planning/")["Location"] == SECURITY
    assert client.get("/api/v1/me").json()["code"] == "second-factor-needed"
    with_app(viewer, clock)
    assert client.get("/planning/").status_code == 200


def test_who_takes_a_factor_away_gets_no_new_patience(
    people: People, clock: list[float], settings: Any
) -> None:
    with_app(people.viewer, clock)
    asked = User.objects.get(pk=people.viewer.pk).factor_asked_at
    assert asked is not None
    settings.SECOPS_SECOND_FACTOR, settings.SECOPS_SECOND_FACTOR_DAYS = "everyone", 14
    factor_remove(actor=actor_of(people.viewer), pk=SecondFactor.objects.get().pk)
    due = factor_due(User.objects.get(pk=people.viewer.pk))
    assert due == asked + dt.timedelta(days=14)


def test_the_admin_site_has_no_door_of_its_own(people: People) -> None:
    answer = Client().get("/admin/login/?next=/admin/accounts/user/")
    assert answer["Location"] == "/sign-in/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    client = Client()
    client.force_login(people.viewer)
    assert client.get("/admin/login/").status_code == 403


# --- sessions ------------------------------------------------------------------------------------


def test_sessions_are_seen_and_ended(user: User) -> None:
    here, there, third = (
        signed_in_with_password(user, agent) for agent in ("Here/1", "There/1", "Third/1")
    )
    page = here.get(SECURITY).content.decode()
    assert all(agent in page for agent in ("Here/1", "There/1", "Third/1"))
    row = PersonSession.objects.get(agent="There/1")
    assert signed_in_with_password(make_user()).post(
        reverse("session-end", args=[row.pk])
    ).status_code == 404  # fmt: skip
    here.post(reverse("session-end", args=[row.pk]))
    assert there.get("/planning/")["Location"].startswith("/sign-in/")
    assert third.get("/planning/").status_code == 200
    here.post(reverse("sessions-end"))
    assert third.get("/planning/").status_code == 302
    assert here.get("/planning/").status_code == 200


def test_another_password_ends_the_other_sessions(user: User) -> None:
    here, there = signed_in_with_password(user), signed_in_with_password(user)
    address, new = reverse("settings-password"), "a different harbour 7"
    typed = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post(address, typed | {"old_password": "wrong"}).status_code == 422
    weak = here.post(
        address, typed | {"new_password1": "password123", "new_password2": "password123"}
    )
    assert weak.status_code == 422
    assert here.post(address, typed).status_code == 302
    assert here.get("/planning/").status_code == 200
    assert there.get("/planning/").status_code == 302
    assert AuditEntry.objects.filter(action="password.change").count() == 1
