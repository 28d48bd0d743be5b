"""Reading a pipeline's proof: an OpenID Connect ID token that the code host signed for one job."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings

from apps.common.errors import NotAuthentic
from apps.common.openid import ALGORITHMS, WeakKey, signing_key

LEEWAY = 30  # seconds by which clocks may differ
LONGEST = 16_000  # characters
_NEEDED = ["iss", "sub", "aud", "exp", "iat"]


class ProofRefused(NotAuthentic):
    """The proof is not one, or no rule fits it; says what to do."""


@dataclass(frozen=True)
class Proof:
    """What a code host says of a job. Empty: it does not say."""

    issuer: str
    subject: str
    repository: str  # owner/name; a GitLab project's path
    repository_id: str
    ref: str  # refs/heads/main, refs/tags/v1
    environment: str
    workflow: str  # the file that defines the job
    digest: bytes  # of issuer and number: the same proof has the same
    expires_at: dt.datetime


def read_proof(text: str) -> Proof:
    """Check signature, issuer, audience and times (OpenID Connect Core 1.0, section 3.1.3.7).

    Raises: ProofRefused, IssuerUnreachable.
    """
    header, unsure = _outline(text)
    issuer = str(unsure.get("iss", ""))
    if issuer not in settings.SECOPS_OIDC_ISSUERS:
        raise ProofRefused(
            f"{issuer[:200] or 'Nobody'} is not trusted here. The operator lists issuers in "
            "SECOPS_OIDC_ISSUERS."
        )
    algorithm = str(header.get("alg", ""))
    if algorithm not in ALGORITHMS:
        raise ProofRefused("It must be signed with a public key, such as RS256.")
    try:
        key = signing_key(issuer, str(header.get("kid", "")), algorithm)
    except WeakKey as error:
        raise ProofRefused(f"It is signed with a key that is too short: {error}.") from error
    if key is None:
        raise ProofRefused("It is signed with a key that its issuer does not publish.")
    return _proof(text, _claims(text, key, issuer))


def _outline(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, nothing of them checked: they only say whom to ask for a key."""
    try:
        if len(text) > LONGEST:
            raise ProofRefused("It is too long to be such a token.")
        return jwt.get_unverified_header(text), jwt.decode(
            text, options={"verify_signature": False}
        )
    except jwt.PyJWTError:
        raise ProofRefused(
            "Send the ID token that your code host made for this job, as it is."
        ) from None


def _claims(text: str, key: jwt.PyJWK, issuer: str) -> dict[str, Any]:
    try:
        return dict(
            jwt.decode(
                text,
                key=key,
                algorithms=list(ALGORITHMS),
                audience=settings.BASE_URL,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": _NEEDED},
            )
        )
    except jwt.InvalidAudienceError:
        raise ProofRefused(
            f"It was made for another audience. Ask for one whose audience is {settings.BASE_URL}."
        ) from None
    except jwt.ExpiredSignatureError:
        raise ProofRefused("It has expired. Ask for a new one right before the call.") from None
    except jwt.ImmatureSignatureError:
        raise ProofRefused("It is not valid yet: the clocks differ.") from None
    except jwt.MissingRequiredClaimError as error:
        raise ProofRefused(f"It lacks the claim {error.claim}.") from None
    except (jwt.PyJWTError, TypeError, ValueError):
        raise ProofRefused("Its signature does not fit.") from None


def _proof(text: str, claims: dict[str, Any]) -> Proof:
    """GitHub Docs, "OpenID Connect reference"; GitLab Docs, "OpenID Connect (OIDC) Authentication
    Using ID Tokens"."""
    number = _text(claims, "jti") or hashlib.sha256(text.encode()).hexdigest()
    issuer = str(claims["iss"])
    return Proof(
        issuer=issuer,
        subject=_text(claims, "sub"),
        repository=_text(claims, "repository") or _text(claims, "project_path"),
        repository_id=_text(claims, "repository_id") or _text(claims, "project_id"),
        ref=_ref(claims),
        environment=_text(claims, "environment"),
        workflow=_workflow(claims),
        digest=hashlib.sha256(f"{issuer}\n{number}".encode()).digest(),
        expires_at=dt.datetime.fromtimestamp(float(claims["exp"]), dt.UTC),
    )


def _ref(claims: dict[str, Any]) -> str:
    """GitHub gives refs/heads/main; GitLab gives `ref_path` so, and `ref` as main."""
    return _text(claims, "ref_path") or _text(claims, "ref")


def _workflow(claims: dict[str, Any]) -> str:
    """GitHub: owner/name/.github/workflows/scan.yml@refs/heads/main; GitLab: //path@ref."""
    said = _text(claims, "job_workflow_ref") or _text(claims, "ci_config_ref_uri")
    path = said.rpartition("@")[0] or said
    found = re.search(r"(\.github/workflows/.+|//[^/].*)$", path)
    return found[1].removeprefix("//") if found else ""


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return str(value)[:500] if isinstance(value, str | int) else ""
