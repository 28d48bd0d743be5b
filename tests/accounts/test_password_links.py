"""A password that nobody but its owner has seen; and sessions that administrators end."""

import datetime as dt
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import PasswordLink, PersonSession, RecoveryCode, User
from apps.accounts.roles import Role
from apps.accounts.services.factors import code_taken, recovery_make
from apps.accounts.services.passwords import password_link_make
from apps.accounts.services.sessions import sessions_end_everybody, sessions_end_of
from apps.accounts.tasks import sweep
from apps.audit.models import AuditEntry
from apps.common.errors import NotPermitted
from tests.accounts.test_second_factor import signed_in_with_password
from tests.factories import actor_of, make_user
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "four words of a harbour"
PAGE = "/sign-in/password/"


@pytest.fixture
def chief() -> User:
    return make_user("Chief", role=Role.ADMIN, is_staff=True, is_superuser=True)


def followed(text: str, client: Client | None = None) -> Any:
    return (client or Client()).get(f"{PAGE}?link={text}", follow=True)


def typed(client: Client, password: str = NEW) -> Any:
    return client.post(PAGE, {"new_password1": password, "new_password2": password})


def test_a_new_person_gets_a_link_and_no_password(chief: User) -> None:
    admin = signed_in_with_password(chief)
    assert "password1" not in admin.get("/admin/accounts/user/add/").content.decode()
    made = admin.post(
        "/admin/accounts/user/add/", {"email": "New@Example.org", "name": "New", "role": "viewer"}
    )
    assert made.status_code == 200
    person = User.objects.get(email="new@example.org")
    assert not person.has_usable_password()
    (address,) = re.findall(r'id="link"><code>([^<]+)<', made.content.decode())
    (text,) = parse_qs(urlsplit(address).query)["link"]
    client = Client()
    page = followed(text, client)
    assert page.redirect_chain == [(PAGE, 302)]  # what opens is not in the address any more
    assert "new@example.org" in page.content.decode()
    assert typed(client, "password1234").status_code == 422
    assert typed(client)["Location"] == reverse("sign-in")
    assert (
        client.post("/sign-in/", {"username": "new@example.org", "password": NEW}).status_code
        == 302
    )
    assert "_auth_user_id" in client.session
    assert {"password.link", "password.set"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )
    # Once.
    assert followed(text).status_code == 404


def test_a_link_of_an_account_signs_it_out_and_lets_its_old_password_go(chief: User) -> None:
    user = make_user("Vera")
    there = signed_in_with_password(user)
    link = password_link_make(actor=actor_of(chief), user=user)
    assert there.get("/planning/").status_code == 200
    client = Client()
    followed(link.text, client)
    typed(client)
    assert there.get("/planning/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not user.check_password(PASSWORD)


def test_what_opens_nothing(chief: User) -> None:
    user = make_user("Vera")
    first = password_link_make(actor=actor_of(chief), user=user)
    second = password_link_make(actor=actor_of(chief), user=user)
    assert followed(first.text).status_code == 404  # a newer one took its place
    assert Client().get(PAGE).status_code == 404
    for nonsense in ("x", "%00", "a" * 5000):
        assert followed(nonsense).status_code == 404
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert followed(second.text).status_code == 404
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert followed(second.text).status_code == 200
    PasswordLink.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert followed(second.text).status_code == 404
    sweep()
    assert not PasswordLink.objects.exists()


def test_a_link_that_ends_between_page_and_password(chief: User) -> None:
    user, client = make_user("Vera"), Client()
    followed(password_link_make(actor=actor_of(chief), user=user).text, client)
    PasswordLink.objects.all().delete()
    assert typed(client).status_code == 404
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_password_of_ones_own_ends_a_link(chief: User) -> None:
    user = make_user("Vera")
    link = password_link_make(actor=actor_of(chief), user=user)
    words = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    signed_in_with_password(user).post(reverse("settings-password"), words)
    assert followed(link.text).status_code == 404


def test_who_makes_links(chief: User) -> None:
    admin, security = make_user("A", role=Role.ADMIN), make_user("S", role=Role.SECURITY)
    with pytest.raises(NotPermitted):
        password_link_make(actor=actor_of(security), user=make_user())
    assert password_link_make(actor=actor_of(admin), user=make_user()).text
    # Who holds the link becomes that person: an admin does not become a superuser by it.
    for above in (chief, make_user("Staff", is_staff=True)):
        with pytest.raises(NotPermitted):
            password_link_make(actor=actor_of(admin), user=above)
    assert password_link_make(actor=actor_of(chief), user=make_user("Staff", is_staff=True)).text


def test_a_link_from_before_somebody_rose_opens_nothing(chief: User) -> None:
    """Else an admin would keep a way to become a superuser."""
    admin, user = make_user("A", role=Role.ADMIN), make_user("Rising")
    link = password_link_make(actor=actor_of(admin), user=user)
    client = Client()
    followed(link.text, client)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    assert typed(client).status_code == 404
    assert followed(link.text).status_code == 404
    user.refresh_from_db()
    assert not user.check_password(NEW)
    assert followed(password_link_make(actor=actor_of(chief), user=user).text).status_code == 200


@pytest.mark.parametrize("left", [{"is_active": False}, {"role": Role.VIEWER}])
def test_a_link_of_an_admin_who_left_opens_nothing(chief: User, left: dict[str, Any]) -> None:
    """They may have kept it, and would be that person for days after they went."""
    admin, user = make_user("Leaver", role=Role.ADMIN), make_user("Vera", role=Role.VIEWER)
    link = password_link_make(actor=actor_of(admin), user=user)
    client = Client()
    followed(link.text, client)
    User.objects.filter(pk=admin.pk).update(**left)
    assert typed(client).status_code == 404
    assert followed(link.text).status_code == 404
    user.refresh_from_db()
    assert not user.check_password(NEW)
    assert followed(password_link_make(actor=actor_of(chief), user=user).text).status_code == 200


def test_nobody_sets_the_password_of_another(chief: User) -> None:
    user = make_user("Vera")
    client = signed_in_with_password(chief)
    address = f"/admin/accounts/user/{user.pk}/password/"
    for answer in (client.get(address), client.post(address, {"password1": NEW, "password2": NEW})):
        assert answer["Location"] == "/admin/accounts/user/"
    page = client.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert "argon2" not in page
    assert "md5" not in page
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_list_of_people_makes_links_and_ends_sessions(chief: User) -> None:
    user, other = make_user("Vera"), make_user("Olaf")
    there, elsewhere, others = (signed_in_with_password(each) for each in (user, user, other))
    admin = signed_in_with_password(chief)
    chosen = {"_selected_action": [user.pk]}
    made = admin.post("/admin/accounts/user/", {"action": "make_password_link", **chosen})
    assert PAGE in made.content.decode()
    admin.post("/admin/accounts/user/", {"action": "end_sessions", **chosen})
    assert there.get("/planning/").status_code == elsewhere.get("/planning/").status_code == 302
    assert others.get("/planning/").status_code == 200
    entry = AuditEntry.objects.get(action="session.end_person")
    assert (entry.object_id, entry.changes) == (str(user.pk), {"sessions": 2})


def test_everybody_is_signed_out_but_who_asks(chief: User) -> None:
    there = signed_in_with_password(make_user("Vera"))
    here = signed_in_with_password(make_user("Admin", role=Role.ADMIN))
    page = here.get("/settings/sign-in/").content.decode()
    assert "2 people are signed in now" in page
    assert here.post(reverse("sessions-end-everybody")).status_code == 302
    assert there.get("/planning/").status_code == 302
    assert here.get("/planning/").status_code == 200
    assert Session.objects.count() == PersonSession.objects.count() == 1
    assert AuditEntry.objects.get(action="session.end_everybody").changes == {"sessions": 1}


def test_who_ends_sessions_of_others() -> None:
    security, user = make_user("S", role=Role.SECURITY), make_user("Vera")
    there = signed_in_with_password(user)
    with pytest.raises(NotPermitted):
        sessions_end_of(actor=actor_of(security), user=user)
    with pytest.raises(NotPermitted):
        sessions_end_everybody(actor=actor_of(security), keep="")
    posted = signed_in_with_password(security).post(reverse("sessions-end-everybody"))
    assert posted.status_code == 403
    assert there.get("/planning/").status_code == 200


def test_recovery_codes_are_kept_as_password_hashes(monkeypatch: Any) -> None:
    """By another implementation of Argon2 than the one that keeps them, over its own encoding."""
    import hashlib
    import hmac

    from argon2 import PasswordHasher, extract_parameters
    from django.conf import settings

    from apps.accounts.models import FactorKind, SecondFactor

    user = make_user()
    SecondFactor.objects.create(user=user, kind=FactorKind.APP, name="app", sealed=b"x")
    codes = [code.replace("-", "") for code in recovery_make(actor=actor_of(user))]
    salts = {bytes(row.salt) for row in RecoveryCode.objects.all() if row.salt}
    assert len(salts) == 1
    (salt,) = salts
    assert len(salt) == 16
    hasher = PasswordHasher(
        time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16
    )
    encoded = hasher.hash(codes[0], salt=salt)
    assert extract_parameters(encoded).memory_cost == 19_456
    raw = encoded.rpartition("$")[2]
    import base64

    slow = base64.b64decode(raw + "=" * (-len(raw) % 4))
    key = settings.SECOPS_SECRET_SALT.encode()
    kept = hmac.new(key, b"recovery " + slow, hashlib.sha256).digest()
    assert kept in {bytes(row.digest) for row in RecoveryCode.objects.all()}
    assert code_taken(user, codes[0])
    assert not code_taken(user, codes[0])
    # Codes of before there was a salt still open, once.
    RecoveryCode.objects.all().delete()
    old = hmac.new(key, b"recovery abcdefghjk", hashlib.sha256).digest()
    RecoveryCode.objects.create(user=user, digest=old)
    assert code_taken(user, "abcde-fghjk")
    assert not code_taken(user, "abcde-fghjk")
