"""Second factors: authenticator apps and recovery codes. Passkeys are in passkeys.py.

Sources: RFC 6238 (TOTP), RFC 4226 (HOTP); NIST SP 800-63B-4 sections 3.1.4 and 4.2.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import time
import uuid
from dataclasses import dataclass

import pyotp
import segno
from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import FactorKind, RecoveryCode, SecondFactor, User
from apps.accounts.policy import require
from apps.accounts.reach import require_reach
from apps.accounts.roles import Permission, Role
from apps.audit.services import record
from apps.common import sealing
from apps.common.errors import Invalid, Missing, NotPermitted
from apps.common.resealing import rows_reseal

PORTAL = portal_actor("sign-in")
ISSUER = "SecOps Portal"
STEP = 30  # seconds that a code is shown
DRIFT = (0, -1, 1)  # steps that clocks may differ
RECOVERY_CODES = 10
MOST_FACTORS = 10
# No letter or digit that is easily taken for another one; ten of them are 49 bits.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def is_asked(user: User) -> bool:
    """Whether SECOPS_SECOND_FACTOR says that this person must have a second factor."""
    wanted = settings.SECOPS_SECOND_FACTOR
    privileged = user.is_staff or user.role in {Role.SECURITY, Role.ADMIN}
    return wanted == "everyone" or (wanted == "privileged" and privileged)


def factor_due(user: User) -> dt.datetime | None:
    """When the patience ends with which a person is asked for a second factor; None for who has one, or needs none.

    It begins when the person is first asked: with this question, unless it was before.
    """
    if not is_asked(user) or user.factors.exists():
        return None
    since = user.factor_asked_at or _ask(user)
    return since + dt.timedelta(days=settings.SECOPS_SECOND_FACTOR_DAYS)


@transaction.atomic
def _ask(user: User) -> dt.datetime:
    now = timezone.now()
    if asked_note(user, now):
        record(actor=PORTAL, action="factor.ask", target=user, changes={"asked_at": [None, now]})
    return now


def asked_note(user: User, now: dt.datetime) -> bool:
    """Begin the days of patience, once a person. SECURITY: who takes a factor away gets no new ones."""
    return User.objects.filter(pk=user.pk, factor_asked_at=None).update(factor_asked_at=now) == 1


@dataclass(frozen=True)
class NewApp:
    """What an authenticator app is set up with.

    secret: Base32; address: otpauth:// URI; qr: SVG path of its code, one unit a module; side: of
    the code, in modules.
    """

    secret: str
    address: str
    qr: str
    side: int


def app_new(user: User) -> NewApp:
    """A secret of 160 bits, which nobody holds until it is added."""
    return app_shown(user, pyotp.random_base32(32))


def app_shown(user: User, secret: str) -> NewApp:
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)
    rows = list(segno.make(address, error="m").matrix_iter(border=4))
    dark = [(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module]
    return NewApp(secret, address, "".join(f"M{x} {y}h1v1h-1z" for x, y in dark), len(rows))


def secret_hidden(user: User, secret: str) -> str:
    """A secret that is not confirmed yet, sealed, for the session."""
    return sealing.seal(_mark(user), secret).decode()


def secret_found(user: User, hidden: str) -> str:
    """Raises: Conflict."""
    return sealing.unseal(_mark(user), hidden.encode())


@transaction.atomic
def app_add(*, actor: Actor, secret: str, code: str, name: str) -> list[str]:
    """Keep an app whose code shows that it was set up; recovery codes with the first factor.

    Returns the recovery codes, which are told once; none where there are some already.
    Raises: NotPermitted, Invalid.
    """
    user = _person(actor)
    step = _step_of(secret, code, after=0)
    if step is None:
        raise Invalid({"code": "This is not the code that the app shows now. Try the next one."})
    check_room(user)
    factor = SecondFactor.objects.create(
        user=user,
        kind=FactorKind.APP,
        name=name.strip()[:80] or "Authenticator app",
        sealed=sealing.seal(_mark(user), secret),
        last_step=step,
    )
    record(actor=actor, action="factor.add", target=factor, changes={"kind": factor.kind})
    return recovery_ensure(actor)


def check_room(user: User) -> None:
    """Raises: Invalid."""
    if user.factors.count() >= MOST_FACTORS:
        raise Invalid({"name": f"At most {MOST_FACTORS}; remove one that is no longer used."})


@transaction.atomic
def factor_remove(*, actor: Actor, pk: int) -> None:
    """One's own. With the last one the recovery codes go, too. Raises: NotPermitted, Missing."""
    user = _person(actor)
    factor = SecondFactor.objects.select_for_update().filter(user=user, pk=pk).first()
    if factor is None:
        raise Missing("You have no such factor.")
    record(actor=actor, action="factor.remove", target=factor, changes={"kind": factor.kind})
    factor.delete()
    if not user.factors.exists():
        user.recovery_codes.all().delete()


@transaction.atomic
def factors_reset(*, actor: Actor, user: User) -> int:
    """Take all factors of somebody away who has lost them; for administrators. Returns how many.

    SECURITY: those of admins and staff only by a superuser. Raises: NotPermitted.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    require_reach(actor, user)
    number, _each = SecondFactor.objects.filter(user=user).delete()
    user.recovery_codes.all().delete()
    record(actor=actor, action="factor.reset", target=user, changes={"factors": number})
    return number


@transaction.atomic
def recovery_make(*, actor: Actor) -> list[str]:
    """Ten new codes in place of all before. Raises: NotPermitted, Invalid without another factor."""
    user = _person(actor)
    if not user.factors.exists():
        raise Invalid({"": "Recovery codes stand in for another factor; add one first."})
    before, _each = user.recovery_codes.all().delete()
    codes = ["".join(secrets.choice(_READABLE) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    salt = secrets.token_bytes(16)
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, salt=salt, digest=_digest(code, salt)) for code in codes
    )
    told = {"codes": [before, len(codes)]}
    record(actor=actor, action="factor.recovery", target=user, changes=told)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def recovery_ensure(actor: Actor) -> list[str]:
    """What follows on every new factor. Returns the recovery codes with the first one."""
    user = _person(actor)
    asked_note(user, timezone.now())
    return [] if user.recovery_codes.exists() else recovery_make(actor=actor)


def code_taken(user: User, text: str) -> bool:
    """Whether a code is one of the person's; it is used up by that, whoever else sends it at once."""
    code = "".join(text.split()).replace("-", "").lower()
    if code.isascii() and code.isdigit():
        return any(_app_takes(each, code) for each in user.factors.filter(kind=FactorKind.APP))
    fresh = RecoveryCode.objects.filter(user=user, used_at=None)
    salt = fresh.values_list("salt", flat=True).first()  # made together, they have the same
    digest = _digest(code, bytes(salt) if salt else None)
    return fresh.filter(digest=digest).update(used_at=timezone.now()) == 1


def _app_takes(factor: SecondFactor, code: str) -> bool:
    assert factor.sealed is not None  # noqa: S101  # a constraint says so
    secret = sealing.unseal(_mark(factor.user), bytes(factor.sealed))
    step = _step_of(secret, code, after=factor.last_step)
    if step is None:
        return False
    newer = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
    return newer.update(last_step=step, last_used_at=timezone.now()) == 1


def _step_of(secret: str, code: str, *, after: int) -> int | None:
    """The step of time that a code belongs to, if it is a later one than `after`."""
    digits, now, app = "".join(code.split()), int(time.time()) // STEP, pyotp.TOTP(secret)
    for step in (now + drift for drift in DRIFT):
        if step > after and hmac.compare_digest(app.generate_otp(step), digits):
            return step
    return None


def factors_reseal() -> tuple[int, int]:
    """Every app's secret under the newest key. Returns how many were, and how many no key opens."""
    return rows_reseal(SecondFactor.objects.filter(kind=FactorKind.APP), "sealed")


def _person(actor: Actor) -> User:
    """SECURITY: a token changes nobody's way to sign in."""
    if actor.user is None or actor.token is not None or not actor.user.is_active:
        raise NotPermitted("People change their own way to sign in, when they are signed in.")
    return actor.user


def _mark(user: User) -> uuid.UUID:
    """Whose a secret is: put into another person's row, it does not open."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"second factor of {user.pk}")


def _digest(code: str, salt: bytes | None) -> bytes:
    """HMAC-SHA256, under a key that is not in the database, of a code's Argon2id hash.

    One salt for the codes of a person, so that a try costs one slow hash and not ten. Parameters: OWASP's
    Password Storage Cheat Sheet, "Argon2id" (19 MiB, two passes). Without a salt: codes of before.
    """
    slow = code.encode()
    if salt is not None:
        slow = hash_secret_raw(
            *(slow, salt), time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, type=Type.ID
        )
    text = b"recovery " + slow
    return hmac.new(settings.SECOPS_SECRET_SALT.encode(), text, hashlib.sha256).digest()
