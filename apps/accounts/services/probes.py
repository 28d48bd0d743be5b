"""The connection test of a provider: what it publishes, and whether it knows this portal."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.models import SignInProvider
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.accounts.services.openid import SignInRefused, endpoint_of, tokens_ask
from apps.audit.services import record
from apps.common.errors import DomainError
from apps.common.openid import ALGORITHMS, IssuerUnreachable, read_document
from apps.common.openid.keys import is_usable, read_keys

METHODS = {"client_secret_basic", "client_secret_post"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. is_good: None where it cannot be told from here."""

    is_good: bool | None
    text: str

    @property
    def state(self) -> str:
        if self.is_good is None:
            return "unsure"
        return "good" if self.is_good else "bad"


def _good(text: str) -> Check:
    return Check(is_good=True, text=text)


def _bad(text: str) -> Check:
    return Check(is_good=False, text=text)


def _unsure(text: str) -> Check:
    return Check(is_good=None, text=text)


def provider_test(*, actor: Actor, provider: SignInProvider, back: str) -> list[Check]:
    """What fits and what does not, in words. Nobody is signed in. Raises: NotPermitted."""
    require(actor, Permission.PEOPLE_MANAGE)
    record(actor=actor, action="provider.test", target=provider)
    try:
        document = read_document(provider.issuer)
    except DomainError as error:  # OutgoingFailed says why a request did not get through
        return [_bad(error.message), *_hint(provider)]
    read = _("Its discovery document can be read, and is of this issuer.")
    return [
        _good(read),
        *_of_endpoints(document),
        _of_keys(document),
        *_of_ways(document),
        _of_client(provider, document, back),
    ]


def _hint(provider: SignInProvider) -> Iterator[Check]:
    """The commonest slip: with or without the last slash."""
    other = provider.issuer.rstrip("/") if provider.issuer.endswith("/") else f"{provider.issuer}/"
    try:
        read_document(other)
    except DomainError:
        return
    yield _unsure(_("It calls itself %(other)s: write the issuer so.") % {"other": other})


def _of_endpoints(document: Mapping[str, Any]) -> Iterator[Check]:
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        try:
            endpoint_of(document, name)
        except IssuerUnreachable as error:
            yield _bad(error.message)


def _of_keys(document: Mapping[str, Any]) -> Check:
    try:
        keys = read_keys(document)
    except DomainError as error:
        return _bad(error.message)
    usable = [each for each in keys if is_usable(each)]
    if not usable:
        return _bad(_("It publishes no key with a number (kid) that can be used."))
    return _good(
        ngettext("It publishes %(n)d usable key.", "It publishes %(n)d usable keys.", len(usable))
        % {"n": len(usable)}
    )


def _of_ways(document: Mapping[str, Any]) -> Iterator[Check]:
    """What it says that it speaks; what it leaves out is as the standard has it by default."""
    if not _words(document, "id_token_signing_alg_values_supported", "RS256") & set(ALGORITHMS):
        yield _bad(
            _("It signs with none of %(known)s.") % {"known": ", ".join(ALGORITHMS)},
        )
    if "code" not in _words(document, "response_types_supported", "code"):
        yield _bad(_("It does not speak the authorization-code flow."))
    if not _words(document, "token_endpoint_auth_methods_supported", *METHODS) & METHODS:
        yield _bad(_("It takes no client secret, neither as a header nor in the form."))
    if "S256" not in _words(document, "code_challenge_methods_supported", "S256"):
        yield _unsure(_("It does not say that it checks PKCE (S256); sign-ins carry it."))
    if "email" not in _words(document, "scopes_supported", "email"):
        yield _unsure(_("It does not say that it gives e-mail addresses (scope email)."))


def _of_client(provider: SignInProvider, document: Mapping[str, Any], back: str) -> Check:
    """A code that cannot be: who knows the client refuses the code, who does not, the client."""
    try:
        answer = tokens_ask(
            provider, document, code=secrets.token_urlsafe(16), verifier="x" * 43, back=back
        )
    except (SignInRefused, IssuerUnreachable) as error:
        said = error.why if isinstance(error, SignInRefused) else error.message
        return _bad(said)
    if answer.error == "invalid_grant":
        return _good(_("It knows the client and its secret."))
    if answer.error in {"invalid_client", "unauthorized_client"} or answer.status == 401:
        return _bad(
            _("It does not know this client and secret together (%(error)s).")
            % {"error": answer.error or answer.status},
        )
    return _unsure(
        _("Whether it knows the client cannot be told: it answered %(status)s %(error)s.")
        % {"status": answer.status, "error": answer.error},
    )


def _words(document: Mapping[str, Any], name: str, *default: str) -> set[str]:
    found = document.get(name)
    if not isinstance(found, list):
        return set(default)
    return {each for each in found if isinstance(each, str)}
