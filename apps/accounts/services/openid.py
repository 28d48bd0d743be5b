"""Signing in at an OpenID provider: where the browser is sent, and what its answer says who it is.

The authorization-code flow with PKCE. Sources: OpenID Connect Core 1.0 section 3.1; RFC 7636; RFC 9207;
RFC 9700 section 4. Who that is here: services/identities.py.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.utils.translation import gettext as _

from apps.accounts.models import SignInProvider
from apps.common import sealing
from apps.common.errors import Conflict, DomainError
from apps.common.openid import ALGORITHMS, IssuerUnreachable, discover, signing_key
from apps.common.openid.discovery import LIMITS, read_object
from apps.common.outgoing import Client, OutgoingFailed
from apps.common.outgoing.policy import split

logger = logging.getLogger(__name__)

SCOPES = ("openid", "email", "profile")
LEEWAY = 30  # seconds by which clocks may differ
OLDEST = 10 * 60  # seconds since an ID token was made
# Seconds for which it is enough that the provider knows the browser. Asked for, since a provider that is told it must
# say when the person showed who it is (auth_time; OpenID Connect Core 1.0 section 3.1.2.1).
KNOWN_FOR = 30 * 24 * 3600
LONGEST = 32_000  # characters of an ID token
MOST_GROUPS = 2000
GOOGLE = "https://accounts.google.com"
_NEEDED = ["iss", "sub", "aud", "exp", "iat"]


class SignInRefused(DomainError):
    """Somebody does not come in. message: for that person; why: for those who manage the provider."""

    code = "sign-in-refused"

    def __init__(self, message: str, *, why: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True)
class Begun:
    """address: where the browser goes; the rest stays in its session until it comes back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Claims:
    """What a provider says of a person, its signature checked.

    is_guest: the account is not the domain's own, although its address is.
    email_verified, groups, at (when the person showed who it is, seconds since 1970): None where it
    does not say.
    """

    subject: str
    email: str
    email_verified: bool | None
    name: str
    groups: frozenset[str] | None
    with_factor: bool
    at: float | None
    is_guest: bool
    sid: str  # the provider's name of its session, "" where it tells none


def sign_in_begin(provider: SignInProvider, *, back: str, again: bool = False) -> Begun:
    """back: the address that the provider sends the browser to; again: although it knows the browser.

    Raises: IssuerUnreachable.
    """
    document = discover(provider.issuer)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": " ".join(dict.fromkeys([*SCOPES, *provider.extra_scopes.split()])),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "max_age": str(KNOWN_FOR),
    }
    if provider.acr_values:
        asked["acr_values"] = provider.acr_values
    if again:
        asked |= {"prompt": "login", "max_age": "0"}
    door = endpoint_of(document, "authorization_endpoint")
    return Begun(with_query(door, asked), state, nonce, verifier)


def with_query(address: str, asked: Mapping[str, str]) -> str:
    """A provider's address, which may have a query of its own, with what it is asked for."""
    sep = "&" if urlsplit(address).query else "?"
    return f"{address}{sep}{urlencode(asked)}"


def endpoint_of(document: Mapping[str, Any], name: str) -> str:
    """An address out of a provider's document. SECURITY: never less than its issuer has, https.

    Raises: IssuerUnreachable.
    """
    url = str(document.get(name, ""))
    try:
        if split(url).scheme == split(str(document["issuer"])).scheme or url.startswith("https:"):
            return url
    except OutgoingFailed:
        pass
    raise IssuerUnreachable(f"{document['issuer']} names no usable {name}.")


def check_sender(provider: SignInProvider, iss: str | None) -> None:
    """That an answer is the provider's, where it says whose it is (RFC 9207 section 2.4).

    SECURITY: against mixing up providers. Raises: SignInRefused, IssuerUnreachable.
    """
    promised = discover(provider.issuer).get("authorization_response_iss_parameter_supported")
    if iss == provider.issuer or (iss is None and promised is not True):
        return
    raise SignInRefused(
        _("This answer is of another provider than the one that was asked. Begin again."),
        why=f"The answer was sent by {iss or 'nobody'!r}.",
    )


def sign_in_end(
    provider: SignInProvider, *, code: str, verifier: str, nonce: str, back: str
) -> Claims:
    """Change the code for the provider's word on who it is. Raises: SignInRefused, IssuerUnreachable."""
    document = discover(provider.issuer)
    got = _tokens(provider, document, code=code, verifier=verifier, back=back)
    claims = _checked(provider, str(got.get("id_token", "")), nonce)
    if _lacks(provider, claims):
        told = _userinfo(document, str(got.get("access_token", "")), claims["sub"])
        # SECURITY: whether an address is verified is said by whoever says the address.
        silent = "email_verified" if "email" not in claims else ""
        claims = told | {name: value for name, value in claims.items() if name != silent}
    return _read(provider, claims)


@dataclass(frozen=True)
class TokenAnswer:
    """What the token endpoint said. error: OAuth's code, "" where it gave none."""

    status: int
    found: Mapping[str, Any]
    error: str


def _tokens(
    provider: SignInProvider, document: Mapping[str, Any], *, code: str, verifier: str, back: str
) -> Mapping[str, Any]:
    answer = tokens_ask(provider, document, code=code, verifier=verifier, back=back)
    if answer.status != 200 or "id_token" not in answer.found:
        said = answer.error or "without one"
        raise refused(provider, f"Asked for tokens, it answered {answer.status} {said}.")
    return answer.found


def tokens_ask(
    provider: SignInProvider, document: Mapping[str, Any], *, code: str, verifier: str, back: str
) -> TokenAnswer:
    """OpenID Connect Core 1.0 section 3.1.3; the client shows its secret as RFC 6749 2.3.1 says.

    Raises: SignInRefused (no key opens the secret), IssuerUnreachable.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = _secret(provider)
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in methods:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": provider.client_id, "client_secret": secret}
    url = endpoint_of(document, "token_endpoint")
    try:
        client = Client(limits=LIMITS)
        body = urlencode(form).encode()
        with client.send("POST", url, headers=headers, body=body) as answer:
            status, found = answer.status, answer.json()
    except OutgoingFailed as error:
        logger.warning("the provider %s gives no tokens: %s", provider.key, error)
        raise IssuerUnreachable(
            _("%(name)s does not answer now. Try again in a minute.") % {"name": provider.name}
        ) from error
    said = found if isinstance(found, dict) else {}
    return TokenAnswer(status, said, _word(said.get("error")))


def _secret(provider: SignInProvider) -> str:
    try:
        return sealing.unseal(provider.uid, bytes(provider.sealed))
    except Conflict as error:
        raise refused(provider, error.message) from error


def _checked(provider: SignInProvider, text: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token, all that section 3.1.3.7 asks for checked."""
    claims = signed_claims(provider, text, needed=_NEEDED, what="ID token")
    _check_meant_for_us(provider, claims, nonce)
    return claims


def signed_claims(
    provider: SignInProvider, text: str, *, needed: Sequence[str], what: str
) -> dict[str, Any]:
    """What a token of the provider says, made for this client: signature, iss, aud, exp, iat and nbf are checked.

    what: "ID token", for the reason. Raises: SignInRefused, IssuerUnreachable.
    """
    try:
        if len(text) > LONGEST:
            raise refused(provider, f"Its {what} is too long.")
        header = jwt.get_unverified_header(text)
        algorithm = str(header.get("alg", ""))
        if algorithm not in ALGORITHMS:
            raise refused(provider, f"Its {what} must be signed with a public key, such as RS256.")
        key = signing_key(provider.issuer, str(header.get("kid", "")), algorithm)
        if key is None:
            raise refused(provider, f"Its {what} is signed with a key that it does not publish.")
        claims: dict[str, Any] = jwt.decode(
            text,
            key=key,
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=LEEWAY,
            options={"require": list(needed)},
        )
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
        raise refused(
            provider, f"Its {what} is not good: {type(error).__name__}, {error}."
        ) from error
    if time.time() - float(claims["iat"]) > OLDEST:
        raise refused(provider, f"Its {what} was made too long ago (iat).")
    return claims


def _check_meant_for_us(provider: SignInProvider, claims: Mapping[str, Any], nonce: str) -> None:
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if (len(audiences) > 1 or party is not None) and party != provider.client_id:
        raise refused(provider, "Its ID token was made for another client (azp).")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise refused(provider, "Its ID token answers another question (nonce).")


def _lacks(provider: SignInProvider, claims: Mapping[str, Any]) -> bool:
    """Whether the userinfo endpoint has to be asked, too: many keep the ID token short."""
    wanted = provider.groups_claim
    return "email" not in claims or bool(wanted and _found(claims, wanted) is None)


def _userinfo(document: Mapping[str, Any], token: str, subject: str) -> dict[str, Any]:
    """OpenID Connect Core 1.0 section 5.3. SECURITY: what it says of somebody else is not used.

    Raises: IssuerUnreachable.
    """
    if not document.get("userinfo_endpoint") or not token.isprintable():
        return {}
    url = endpoint_of(document, "userinfo_endpoint")
    try:
        found = read_object(url, {"Authorization": f"Bearer {token}"})
    except OutgoingFailed as error:
        logger.warning("%s cannot be read: %s", url, error)
        raise IssuerUnreachable(_("The provider does not answer now. Try again.")) from error
    return found if found.get("sub") == subject else {}


def _read(provider: SignInProvider, claims: Mapping[str, Any]) -> Claims:
    subject = claims["sub"]
    if not (0 < len(subject) <= 255 and subject.isprintable()):
        raise refused(provider, "Its number of the person (sub) is not one.")
    verified = claims.get("email_verified")
    if isinstance(verified, str):  # some write it so
        verified = verified.lower() == "true"
    email = _text(claims.get("email"), 254).lower()
    methods = claims.get("amr")
    at = claims.get("auth_time")
    return Claims(
        subject=subject,
        email=email,
        email_verified=verified if isinstance(verified, bool) else None,
        name=_text(claims.get("name"), 120),
        groups=_groups(claims, provider.groups_claim),
        # RFC 8176 section 2: "mfa"; or one of the classes that were asked for.
        with_factor=(isinstance(methods, list) and "mfa" in methods)
        or claims.get("acr") in provider.acr_values.split(),
        at=float(at) if isinstance(at, int | float) else None,
        # SECURITY: at Google anybody keeps an account under an address that was verified once, also
        # who left; `hd` names the domain whose administrators manage it (Google Identity, "OpenID
        # Connect", an ID token's payload).
        sid=_text(claims.get("sid"), 255),
        is_guest=provider.issuer == GOOGLE and claims.get("hd") != email.rpartition("@")[2],
    )


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    found = _found(claims, name) if name else None
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        return None
    return frozenset(each for each in found[:MOST_GROUPS] if isinstance(each, str))


def _found(claims: Mapping[str, Any], name: str) -> Any:
    """By its name, or by a path: realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: Any, longest: int) -> str:
    return value.strip()[:longest] if isinstance(value, str) and value.isprintable() else ""


def _word(value: Any) -> str:
    """An error's code of OAuth; nothing else of what a stranger wrote."""
    text = value if isinstance(value, str) else ""
    return text[:60] if text.isascii() and text.replace("_", "").isalnum() else ""


def refused(provider: SignInProvider, why: str) -> SignInRefused:
    said: str = _(
        "What %(name)s answered cannot be trusted. Begin again; if it stays so, tell whoever runs "
        "this portal."
    )
    return SignInRefused(said % {"name": provider.name}, why=why)
