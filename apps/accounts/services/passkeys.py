"""Passkeys: Web Authentication Level 2, by the library `webauthn`.

User verification is always asked for, so a passkey stands for both factors. The relying party is the
host that the browser asked: ALLOWED_HOSTS says which these may be.
"""

import json
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from apps.accounts.actors import Actor
from apps.accounts.models import FactorKind, SecondFactor, User
from apps.accounts.services.factors import ISSUER, check_room, recovery_ensure
from apps.audit.services import record
from apps.common.errors import Invalid, NotPermitted

LONGEST = 20_000  # characters of an answer of a browser
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Site:
    """host: without port; origin: as the browser writes it."""

    host: str
    origin: str


@dataclass(frozen=True)
class Asked:
    """What a browser is asked. options: JSON for the script; challenge: base64url, for the session."""

    options: str
    challenge: str


def passkey_ask_new(user: User, site: Site) -> Asked:
    known = [_described(each) for each in _passkeys(user)]
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=ISSUER,
        user_id=str(user.pk).encode(),
        user_name=user.email,
        user_display_name=user.name or user.email,
        exclude_credentials=known,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return Asked(options_to_json(options), bytes_to_base64url(options.challenge))


@transaction.atomic
def passkey_add(*, actor: Actor, site: Site, challenge: str, answer: str, name: str) -> list[str]:
    """Keep a passkey; recovery codes with the first factor, told once. Raises: NotPermitted, Invalid."""
    if actor.user is None or actor.token is not None:
        raise NotPermitted("People change their own way to sign in, when they are signed in.")
    check_room(actor.user)
    try:
        made = verify_registration_response(
            credential=_parsed(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise Invalid(
            {"": "The browser's answer does not fit what was asked. Try again."}
        ) from error
    if SecondFactor.objects.filter(credential_id=made.credential_id).exists():
        raise Invalid({"": "This passkey is known already."})
    factor = SecondFactor.objects.create(
        user=actor.user,
        kind=FactorKind.PASSKEY,
        name=name.strip()[:80] or "Passkey",
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )
    record(actor=actor, action="factor.add", target=factor, changes={"kind": factor.kind})
    return recovery_ensure(actor)


def passkey_ask(site: Site, user: User | None = None) -> Asked:
    """For a sign-in: any passkey of this site, or one of a person's where it is known who it is."""
    options = generate_authentication_options(
        rp_id=site.host,
        allow_credentials=[_described(each) for each in _passkeys(user)] if user else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(options_to_json(options), bytes_to_base64url(options.challenge))


@transaction.atomic
def passkey_taken(*, site: Site, challenge: str, answer: str) -> User | None:
    """Whose passkey answered the challenge; None for nobody's, or a person who may not sign in."""
    try:
        given = _parsed(answer)
        identity = base64url_to_bytes(str(given["rawId"]))
    except _BROKEN:
        return None
    factor = (
        SecondFactor.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(credential_id=identity, user__is_active=True)
        .first()
    )
    if factor is None or factor.public_key is None:
        return None
    try:
        checked = verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes(factor.public_key),
            credential_current_sign_count=factor.sign_count,
            require_user_verification=True,
        )
    except _BROKEN:
        return None
    factor.sign_count, factor.last_used_at = checked.new_sign_count, timezone.now()
    factor.save(update_fields=["sign_count", "last_used_at"])
    return factor.user


def _passkeys(user: User) -> list[SecondFactor]:
    return list(user.factors.filter(kind=FactorKind.PASSKEY))


def _described(factor: SecondFactor) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=bytes(factor.credential_id or b""))


def _parsed(answer: str) -> dict[str, object]:
    if len(answer) > LONGEST:
        raise ValueError("too long")
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
