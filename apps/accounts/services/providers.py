"""The only writer of sign-in providers."""

import re
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import ROLE_CHOICES, SecondStep, SignInProvider
from apps.accounts.policy import require
from apps.accounts.roles import Permission, Role
from apps.audit.services import record
from apps.common import sealing
from apps.common.editing import lock_for_edit
from apps.common.errors import Invalid
from apps.common.outgoing import OutgoingFailed, Policy
from apps.common.resealing import rows_reseal
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

MOST_DOMAINS, MOST_RULES = 100, 200
ROLES = frozenset(role for role, _label in ROLE_CHOICES)


@transaction.atomic
def provider_create(*, actor: Actor, secret: str, **said: object) -> SignInProvider:
    """Take a provider in, switched off. said: as `_fill` takes it.

    Raises: NotPermitted, Invalid, Conflict (no key to seal with).
    """
    require(actor, Permission.PEOPLE_MANAGE)
    row = SignInProvider(made_by=actor.user)
    _fill(actor, row, secret=secret, **said)  # type: ignore[arg-type]
    row.save()
    record(actor=actor, action="provider.create", target=row, changes=_told(row))
    return row


@transaction.atomic
def provider_edit(
    *,
    actor: Actor,
    provider: SignInProvider,
    version: int | None,
    secret: str = "",
    **said: object,
) -> SignInProvider:
    """An empty secret keeps the one there is. Raises: NotPermitted, Invalid, EditConflict, Conflict."""
    require(actor, Permission.PEOPLE_MANAGE)
    row = lock_for_edit(SignInProvider, provider.pk, version)
    before = _told(row)
    _fill(actor, row, secret=secret, **said)  # type: ignore[arg-type]
    row.save()
    after = _told(row)
    changes = {each: [before[each], after[each]] for each in after if before[each] != after[each]}
    if secret:
        changes["secret"] = ["", "replaced"]
    record(actor=actor, action="provider.edit", target=row, changes=changes)
    return row


@transaction.atomic
def provider_switch(*, actor: Actor, provider: SignInProvider, is_on: bool) -> SignInProvider:
    """Off, nobody comes in by it any more; who is signed in stays so."""
    require(actor, Permission.PEOPLE_MANAGE)
    row = lock_for_edit(SignInProvider, provider.pk, None)
    told = {"is_on": [row.is_on, is_on]}
    row.is_on = is_on
    row.save()
    action = "provider.on" if is_on else "provider.off"
    record(actor=actor, action=action, target=row, changes=told)
    return row


@transaction.atomic
def provider_delete(*, actor: Actor, provider: SignInProvider) -> Removal:
    """With who is linked by it; the accounts stay. It can be put back with them."""
    require(actor, Permission.PEOPLE_MANAGE)
    row = lock_for_edit(SignInProvider, provider.pk, None)
    changes = {**_told(row), "linked": row.identities.count()}
    record(actor=actor, action="provider.delete", target=row, changes=changes)
    return removal_make(actor=actor, kind=PROVIDER.name, row=row)


def providers_reseal() -> tuple[int, int]:
    """How many secrets were sealed anew, and how many no key opens."""
    return rows_reseal(SignInProvider.objects.all(), "sealed")


def _fill(
    actor: Actor,
    row: SignInProvider,
    *,
    secret: str,
    name: str,
    key: str,
    issuer: str,
    client_id: str,
    domains: Sequence[str],
    vouches_for_email: bool = False,
    makes_people: bool = False,
    default_role: str = "",
    groups_claim: str = "",
    group_roles: Mapping[str, str] | None = None,
    extra_scopes: str = "",
    second_step: str = SecondStep.OURS,
    acr_values: str = "",
    is_only_way: bool = False,
    takes_plain_logouts: bool = False,
) -> None:
    """Raises: Invalid, with each field that cannot be; Conflict where there is no key to seal with."""
    name, key, issuer, secret = name.strip(), key.strip(), issuer.strip(), secret.strip()
    rules = dict(group_roles or {})
    domains = list(dict.fromkeys(each.strip().lower().removeprefix("@") for each in domains))
    problems = _problems_of_name(row, name, key) | _problems_of_issuer(row, issuer)
    problems |= _problems_of_client(client_id, secret, is_needed=row.issuer != issuer)
    problems |= _problems_of_domains(domains)
    problems |= _problems_of_roles(actor, row, default_role, groups_claim, rules)
    problems |= _problems_of_requests(extra_scopes, acr_values, second_step)
    if problems:
        raise Invalid(problems)
    row.name, row.key, row.issuer, row.client_id = name, key, issuer, client_id.strip()
    row.domains, row.vouches_for_email, row.makes_people = domains, vouches_for_email, makes_people
    row.default_role, row.groups_claim, row.group_roles = default_role, groups_claim.strip(), rules
    row.extra_scopes, row.acr_values = " ".join(extra_scopes.split()), " ".join(acr_values.split())
    row.second_step, row.is_only_way = second_step, is_only_way
    row.takes_plain_logouts = takes_plain_logouts
    if secret:
        row.sealed = sealing.seal(row.uid, secret)


def _problems_of_name(row: SignInProvider, name: str, key: str) -> dict[str, str]:
    problems = dict[str, str]()
    others = SignInProvider.objects.exclude(pk=row.pk)
    if not name or len(name) > 80 or not name.isprintable():
        problems["name"] = "Give a name of at most 80 characters."
    elif others.filter(name=name).exists():
        problems["name"] = "There is a provider of this name already."
    try:
        validate_slug(key)
    except ValidationError:
        problems["key"] = "Letters, digits, - and _ only."
    if key == "new":
        problems["key"] = "That is the page for one more."
    if len(key) > 40:
        problems["key"] = "At most 40 characters."
    elif row.pk and key != row.key:
        problems["key"] = "It stays, since the provider knows the address that it is part of."
    elif others.filter(key=key).exists():
        problems["key"] = "There is a provider of this short name already."
    return problems


def _problems_of_issuer(row: SignInProvider, issuer: str) -> dict[str, str]:
    """SECURITY: numbers of people mean something at one issuer only."""
    if len(issuer) > 300 or "?" in issuer or "#" in issuer:
        return {"issuer": "Give an address without ? and #, of at most 300 characters."}
    try:
        Policy.from_settings().check_url(issuer)
    except OutgoingFailed as error:
        return {"issuer": error.message}
    if row.pk and issuer != row.issuer and row.identities.exists():
        return {"issuer": "People are linked with it. Add the other one besides this."}
    if SignInProvider.objects.exclude(pk=row.pk).filter(issuer=issuer).exists():
        return {"issuer": "There is a provider with this issuer already."}
    return {}


def _problems_of_client(client_id: str, secret: str, *, is_needed: bool) -> dict[str, str]:
    """SECURITY: a secret is for the issuer that it was given for; another one does not get it."""
    problems = dict[str, str]()
    if not client_id.strip() or len(client_id) > 300 or not client_id.isprintable():
        problems["client_id"] = "Give the number that the provider has for this portal."
    if is_needed and not secret:
        problems["secret"] = "Give the secret; it is bound to this issuer."  # noqa: S105  # a sentence
    elif len(secret) > 1000 or not (secret.isprintable() and secret.isascii()):
        problems["secret"] = "This does not look like a secret."  # noqa: S105  # a sentence
    return problems


def _problems_of_domains(domains: Sequence[str]) -> dict[str, str]:
    if not domains or len(domains) > MOST_DOMAINS:
        return {"domains": f"Name 1 to {MOST_DOMAINS} domains whose addresses may come in."}
    for domain in domains:
        try:
            validate_email(f"somebody@{domain}")
        except ValidationError:
            return {"domains": f"{domain[:100] or 'Nothing'} is no domain. Write example.org."}
        if not domain.isascii() or len(domain) > 253:
            return {"domains": f"Write {domain[:100]} in ASCII (xn--…)."}
    return {}


def _problems_of_roles(
    actor: Actor, row: SignInProvider, default_role: str, claim: str, rules: Mapping[str, str]
) -> dict[str, str]:
    """SECURITY: only superusers give the role of admin, here as on the administration's pages."""
    problems = dict[str, str]()
    if default_role and default_role not in ROLES:
        problems["default_role"] = f"Choose one of {', '.join(sorted(ROLES))}."
    if len(claim) > 120 or not claim.isprintable():
        problems["groups_claim"] = "At most 120 printable characters."
    elif rules and not claim.strip():
        problems["groups_claim"] = "Name the claim that holds the groups."
    if len(rules) > MOST_RULES:
        problems["group_roles"] = f"At most {MOST_RULES} groups."
    for group, role in rules.items():
        if role not in ROLES:
            problems["group_roles"] = f"{role[:40]!r} is none of {', '.join(sorted(ROLES))}."
        if not group or len(group) > 300 or not group.isprintable():
            problems["group_roles"] = "A group's name has 1 to 300 printable characters."
    trusted = actor.portal or actor.is_superuser
    if not trusted and default_role == Role.ADMIN != row.default_role:
        problems["default_role"] = "Only a superuser lets a provider make admins."
    if not trusted and _admins(rules) - _admins(row.group_roles):
        problems["group_roles"] = "Only a superuser lets a provider make admins."
    return problems


def _admins(rules: Mapping[str, str]) -> set[str]:
    return {group for group, role in rules.items() if role == Role.ADMIN}


def _problems_of_requests(scopes: str, classes: str, second_step: str) -> dict[str, str]:
    """RFC 6749 appendix A.4: what a scope may hold."""
    problems = dict[str, str]()
    for name, text, longest in (("extra_scopes", scopes, 200), ("acr_values", classes, 300)):
        if len(text) > longest or not re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", text):
            problems[name] = f"At most {longest} characters, parted by blanks, without quotes."
    if second_step not in SecondStep.values:
        problems["second_step"] = f"Choose one of {', '.join(SecondStep.values)}."
    return problems


def _told(row: SignInProvider) -> dict[str, object]:
    names = (
        *("name", "key", "issuer", "client_id", "domains", "vouches_for_email", "makes_people"),
        *("default_role", "groups_claim", "group_roles", "extra_scopes", "second_step"),
        *("acr_values", "is_only_way", "takes_plain_logouts"),
    )
    return {name: getattr(row, name) for name in names}


PROVIDER = Kind(
    name="provider",
    label=_("Sign-in provider"),
    icon="log-in",
    permission=Permission.PEOPLE_MANAGE,
    asks_again=True,
    taken="There is another provider of that name, short name or issuer by now; take that away first.",
    page=lambda provider: reverse("provider-detail", args=[provider.key]),
    note=_("Who is linked with another account by now stays so."),
)
