"""Who it is that a provider speaks of: known by link, by address the first time, or new."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import FactorKind, PersonIdentity, SignInProvider, User
from apps.accounts.policy import require
from apps.accounts.roles import Permission, Role
from apps.accounts.services.openid import Claims, SignInRefused
from apps.audit.services import record
from apps.common.errors import Conflict, Missing, NotPermitted
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

PORTAL = portal_actor("sign-in")
_RANK = [Role.VIEWER, Role.ARCHITECT, Role.SECURITY, Role.ADMIN]


def person_of(provider: SignInProvider, claims: Claims) -> User:
    """Whose sign-in this is; linked or made where the provider may. Raises: SignInRefused."""
    try:
        return _person_of(provider, claims)
    except IntegrityError as error:  # made at the same moment in another way
        raise SignInRefused(
            _("Somebody was faster by a moment. Begin again."), why="Two sign-ins met."
        ) from error


@transaction.atomic
def _person_of(provider: SignInProvider, claims: Claims) -> User:
    email = _address(provider, claims)
    identity = _linked(provider, claims) or _link_first(provider, claims, email)
    if not identity.user.is_active:
        raise _switched_off(email)
    _note_use(identity, email)
    _follow_groups(provider, identity.user, claims)
    return identity.user


def identity_shown(provider: SignInProvider, claims: Claims, user_id: int | None) -> None:
    """That it is this person, who is linked already. Raises: SignInRefused."""
    email = _address(provider, claims)
    identity = _linked(provider, claims)
    if identity is None or identity.user_id != user_id:
        raise SignInRefused(
            _("That is not the account that you are linked with."),
            why=f"{email} is not who is signed in here.",
        )
    _note_use(identity, email)


@transaction.atomic
def identity_connect(*, actor: Actor, provider: SignInProvider, claims: Claims) -> PersonIdentity:
    """Link the person who is signed in. Raises: NotPermitted, SignInRefused."""
    user = _person(actor)
    email = _address(provider, claims)
    _lock(provider)
    identity = _linked(provider, claims)
    if identity is not None and identity.user != user:
        raise SignInRefused(
            _("Somebody else is linked with that account already."),
            why=f"{user.email} tried to link what belongs to {identity.user.email}.",
        )
    if identity is None:
        user.identities.filter(provider=provider).delete()
        identity = _link(actor, provider, user, claims, email)
    _note_use(identity, email)
    return identity


@transaction.atomic
def identity_disconnect(*, actor: Actor, pk: int) -> PersonIdentity:
    """One's own. Raises: NotPermitted, Missing, Conflict where it is the only way in."""
    user = _person(actor)
    identity = PersonIdentity.objects.select_related("provider").filter(pk=pk, user=user).first()
    if identity is None:
        raise Missing("You are not linked so.")
    ways = user.identities.count() + user.factors.filter(kind=FactorKind.PASSKEY).count()
    if ways == 1 and not user.has_usable_password():
        raise Conflict(_("It is your only way in. Add a passkey first."))
    _write_down_unlink(actor, identity)
    identity.delete()
    return identity


@transaction.atomic
def identity_remove(*, actor: Actor, provider: SignInProvider, pk: int) -> Removal:
    """Anybody's, such as when an address was given to somebody new; that can be put back, since a person
    cannot always link anew. One's own, which one can, is not kept (identity_disconnect).

    Raises: NotPermitted, Missing.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    rows = PersonIdentity.objects.select_related("provider", "user")
    identity = rows.filter(pk=pk, provider=provider).first()
    if identity is None:
        raise Missing("Nobody is linked so.")
    _write_down_unlink(actor, identity)
    return removal_make(
        actor=actor,
        kind=IDENTITY.name,
        row=identity,
        label=f"{provider.name}: {identity.user.email}",
    )


def refusal_note(provider: SignInProvider, why: str) -> None:
    """Keep why somebody did not come in, for those who manage the provider."""
    SignInProvider.objects.filter(pk=provider.pk).update(
        last_refused_at=timezone.now(), last_refusal=why[:500]
    )


def _address(provider: SignInProvider, claims: Claims) -> str:
    """The verified address of an allowed domain. SECURITY: asked for at every sign-in, linked or not."""
    email = claims.email
    try:
        validate_email(email)
    except ValidationError:
        raise SignInRefused(
            _("%(name)s does not say what your e-mail address is.") % {"name": provider.name},
            why="It gives no e-mail address (email).",
        ) from None
    if not (
        claims.email_verified or (claims.email_verified is None and provider.vouches_for_email)
    ):
        raise SignInRefused(
            _("%(name)s does not say that your e-mail address is verified.")
            % {"name": provider.name},
            why=f"It does not say that {email} is verified (email_verified).",
        )
    if email.rpartition("@")[2] not in provider.domains:
        raise SignInRefused(
            _("Addresses such as %(email)s do not come in this way.") % {"email": email},
            why=f"{email} is of no allowed domain.",
        )
    if claims.is_guest:
        raise SignInRefused(
            _("%(email)s is not an account of your organisation there.") % {"email": email},
            why=f"{email} is not managed by its domain there (hd).",
        )
    return email


def _linked(provider: SignInProvider, claims: Claims) -> PersonIdentity | None:
    rows = PersonIdentity.objects.select_related("user")
    return rows.filter(provider=provider, subject=claims.subject).first()


def _link_first(provider: SignInProvider, claims: Claims, email: str) -> PersonIdentity:
    """Who comes for the first time. SECURITY: see docs/decisions/0006 for why each is refused."""
    _lock(provider)
    if (identity := _linked(provider, claims)) is not None:  # another window was faster
        return identity
    user = User.objects.select_for_update().filter(email=email).first()
    if user is None:
        user = _make(provider, claims, email)
    elif not user.is_active:
        raise _switched_off(email)
    elif user.is_staff or user.is_superuser:
        raise SignInRefused(
            _(
                "Your account runs this portal, so it is not linked by its address alone. Sign in "
                "as before, then connect it under Sign-in and sessions."
            ),
            why=f"{email} is staff, who connect their account themselves.",
        )
    elif user.identities.filter(provider=provider).exists():
        raise SignInRefused(
            _("Your account is linked with another one there. Ask whoever runs this portal."),
            why=f"{email} is linked already, with another number (sub). Unlink the old one if the "
            "address belongs to the same person.",
        )
    return _link(PORTAL, provider, user, claims, email)


def _make(provider: SignInProvider, claims: Claims, email: str) -> User:
    if not provider.makes_people:
        raise SignInRefused(
            _("There is no account for %(email)s here. Ask whoever runs this portal.")
            % {"email": email},
            why=f"{email} is not known here, and the provider makes no accounts.",
        )
    user = User.objects.create_user(
        email,
        name=claims.name or email.partition("@")[0][:120],
        role=_role_by_groups(provider, claims.groups or ()),
    )
    told = {"email": email, "role": user.role, "provider": provider.key}
    record(actor=PORTAL, action="person.provision", target=user, changes=told)
    return user


def _link(
    actor: Actor, provider: SignInProvider, user: User, claims: Claims, email: str
) -> PersonIdentity:
    identity = PersonIdentity.objects.create(
        provider=provider, user=user, subject=claims.subject, email=email
    )
    told = {"provider": provider.key, "person": user.email, "subject": claims.subject}
    record(actor=actor, action="identity.link", target=identity, changes=told)
    return identity


def _write_down_unlink(actor: Actor, identity: PersonIdentity) -> None:
    told = {"provider": identity.provider.key, "person": identity.user.email}
    record(actor=actor, action="identity.unlink", target=identity, changes=told)


def _note_use(identity: PersonIdentity, email: str) -> None:
    now = timezone.now()
    PersonIdentity.objects.filter(pk=identity.pk).update(last_used_at=now, email=email)
    SignInProvider.objects.filter(pk=identity.provider_id).update(last_used_at=now)


def _follow_groups(provider: SignInProvider, user: User, claims: Claims) -> None:
    """Where groups are mapped, they say the role at each sign-in; a provider that names no groups
    at all changes nothing. SECURITY: never for staff, whose role only superusers give."""
    if not provider.group_roles or claims.groups is None or user.is_staff or user.is_superuser:
        return
    role = _role_by_groups(provider, claims.groups)
    if role != user.role:
        told = {"role": [user.role, role], "provider": provider.key}
        user.role = role
        user.version += 1  # a form that was read before does not give it back
        user.save(update_fields=["role", "version"])
        record(actor=PORTAL, action="person.role", target=user, changes=told)


def _role_by_groups(provider: SignInProvider, groups: frozenset[str] | tuple[str, ...]) -> str:
    """The highest role of the person's groups, else the default one."""
    mapping: Mapping[str, str] = provider.group_roles
    given = {mapping[group] for group in groups if group in mapping}
    best = [role.value for role in _RANK if role.value in given]
    return best[-1] if best else str(provider.default_role)


def _lock(provider: SignInProvider) -> None:
    """One after the other, so that two windows make one account."""
    SignInProvider.objects.select_for_update().get(pk=provider.pk)


def _switched_off(email: str) -> SignInRefused:
    return SignInRefused(
        _("Your account here is switched off. Ask whoever runs this portal."),
        why=f"The account of {email} is switched off.",
    )


def _person(actor: Actor) -> User:
    if actor.user is None or actor.token is not None or not actor.user.is_active:
        raise NotPermitted("People change their own way to sign in, when they are signed in.")
    return actor.user


IDENTITY = Kind(
    name="identity",
    label=lazy("Link of a person with an account elsewhere"),
    icon="log-in",
    permission=Permission.PEOPLE_MANAGE,
    asks_again=True,
    taken="That account, or the person, is linked anew by now; that holds.",
    page=lambda identity: reverse("provider-detail", args=[identity.provider.key]),
)
