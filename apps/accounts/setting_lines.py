"""What the settings page says of people, of how they sign in, and of oneself."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.models import (
    ApiToken,
    FactorKind,
    Membership,
    PersonSession,
    SecondFactor,
    SignInProvider,
    Team,
    User,
)
from apps.accounts.roles import Permission
from apps.accounts.services.factors import is_asked
from apps.common.setting_lines import Facts, Group, Line, Many, One, Stand, listed, some

SOON = dt.timedelta(days=7)


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.user is not None:
        yield from _own(viewer.user)
    if viewer.manages_people:
        yield from _organisation()


def lines_of_systems(viewer: Actor) -> Iterable[Line]:
    """What is set on each system's page; it stands behind the systems."""
    systems = viewer.systems_with(Permission.SYSTEM_MANAGE)
    if systems != frozenset():
        yield _roles(systems)
    systems = viewer.systems_with(Permission.TOKEN_MANAGE)
    if systems != frozenset():
        yield _pipelines(systems)


def _own(user: User) -> Iterable[Line]:
    now = timezone.now()
    factors = SecondFactor.objects.filter(user=user)
    live = Session.objects.filter(expire_date__gt=now).values("session_key")
    tokens = ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now)
    yield Line(
        Group.MINE,
        _("Language and time zone"),
        _("In which language pages and mails reach you, and whose clock they follow."),
        "globe",
        reverse("settings-place"),
        lambda _facts: _place(user),
        words=_("English Deutsch German clock"),
    )
    yield Line(
        Group.MINE,
        _("Appearance"),
        _("Light, dark, or as your system says; kept in this browser."),
        "palette",
        "",
        lambda _facts: Stand(""),
        words=_("theme look dark mode"),
        control="theme",
    )
    yield Line(
        Group.MINE,
        _("Second factor"),
        _("An app or a passkey, so that a password that got lost opens nothing."),
        "shield-check",
        reverse("settings-security"),
        lambda facts: _factors(user, facts),
        {
            "apps": Many(factors.filter(kind=FactorKind.APP)),
            "passkeys": Many(factors.filter(kind=FactorKind.PASSKEY)),
        },
        words=_("password passkey authenticator"),
    )
    yield Line(
        Group.MINE,
        _("Sessions"),
        _("Where you are signed in, each to be ended from here."),
        "monitor",
        f"{reverse('settings-security')}#sessions",
        lambda facts: Stand(_browsers(facts["sessions"])),
        {"sessions": Many(PersonSession.objects.filter(user=user, session_key__in=live))},
        words=_("sign out devices"),
    )
    yield Line(
        Group.MINE,
        _("API tokens"),
        _("For your own programs: never more than you may do yourself, and never for ever."),
        "key-round",
        reverse("settings-tokens"),
        lambda facts: _tokens(facts["valid"], facts["next"]),
        {"valid": Many(tokens), "next": One(tokens.order_by("expires_at"), "expires_at")},
    )


def _place(user: User) -> Stand:
    language = translation.get_language_info(translation.get_language() or "en")["name_local"]
    text = f"{language}, {timezone.get_current_timezone_name()}"
    if user.language and user.time_zone:
        return Stand(text)
    return Stand(_("%(place)s, as your browser says") % {"place": text})


def _factors(user: User, facts: Facts) -> Stand:
    told = listed(
        some(facts["apps"], ngettext("%(n)d app", "%(n)d apps", facts["apps"])),
        some(facts["passkeys"], ngettext("%(n)d passkey", "%(n)d passkeys", facts["passkeys"])),
    )
    if told:
        return Stand(told, "good")
    return Stand(_("None, and one is asked of you") if is_asked(user) else _("None yet"), "warn")


def _browsers(number: int) -> str:
    return ngettext("%(n)d browser", "%(n)d browsers", number) % {"n": number}


def _tokens(valid: int, ends: dt.datetime | None) -> Stand:
    if not valid or ends is None:
        return Stand(_("None"))
    told = some(valid, ngettext("%(n)d valid", "%(n)d valid", valid))
    day = date_format(timezone.localtime(ends), "DATE_FORMAT")
    tone = "warn" if ends - timezone.now() < SOON else "neutral"
    return Stand(listed(told, _("the next ends on %(day)s") % {"day": day}), tone)


def _organisation() -> Iterable[Line]:
    active = User.objects.filter(is_active=True)
    yield Line(
        Group.PEOPLE,
        _("People"),
        _(
            "Who signs in, which role each holds in the whole organisation, and links for passwords."
        ),
        "users",
        reverse("person-list"),
        _people,
        {
            "active": Many(active),
            "off": Many(User.objects.filter(is_active=False)),
            "bare": Many(active.filter(factors=None)),
        },
        words=_("users accounts roles"),
    )
    yield Line(
        Group.PEOPLE,
        _("Teams"),
        _("Who works together: a team owns systems, and holds roles for all its people."),
        "users",
        reverse("team-list"),
        _teams,
        {"teams": Many(Team.objects.all()), "empty": Many(Team.objects.filter(people=None))},
    )
    yield Line(
        Group.PEOPLE,
        _("Sign-in providers"),
        _("The organisation's own sign-in: whom it lets in here, and with which role."),
        "log-in",
        reverse("provider-list"),
        _providers,
        {
            "on": Many(SignInProvider.objects.filter(is_on=True)),
            "off": Many(SignInProvider.objects.filter(is_on=False)),
            "only": Many(SignInProvider.objects.filter(is_on=True, is_only_way=True)),
        },
        words=_("single sign-on sso oidc openid"),
    )


def _people(facts: Facts) -> Stand:
    told = ngettext("%(n)d person", "%(n)d people", facts["active"]) % {"n": facts["active"]}
    bare = facts["bare"]
    without = ngettext("%(n)d without a second factor", "%(n)d without a second factor", bare)
    off = ngettext("%(n)d switched off", "%(n)d switched off", facts["off"])
    wanted = settings.SECOPS_SECOND_FACTOR == "everyone"
    return Stand(
        listed(
            told,
            some(bare, without),
            some(facts["off"], off),
        ),
        "warn" if bare and wanted else "neutral",
    )


def _teams(facts: Facts) -> Stand:
    number, empty = facts["teams"], facts["empty"]
    told = some(number, ngettext("%(n)d team", "%(n)d teams", number))
    without = ngettext("%(n)d without people", "%(n)d without people", empty)
    return Stand(listed(told, some(empty, without)) or _("None"))


def _providers(facts: Facts) -> Stand:
    if not facts["on"] + facts["off"]:
        return Stand(_("None: people sign in by password"))
    on = some(facts["on"], ngettext("%(n)d on", "%(n)d on", facts["on"]))
    off = some(facts["off"], ngettext("%(n)d off", "%(n)d off", facts["off"]))
    only = _("the only way in for its addresses") if facts["only"] else ""
    return Stand(listed(on, off, only), "good" if on else "neutral")


def _roles(systems: frozenset[int] | None) -> Line:
    given = Membership.objects.all()
    given = given if systems is None else given.filter(system__in=systems)
    return Line(
        Group.PEOPLE,
        _("Roles on systems"),
        _("Who may do what on one system, by person or by team: on the page of each, under Roles."),
        "shield",
        reverse("system-list"),
        lambda facts: Stand(
            ngettext("%(n)d given", "%(n)d given", facts["given"]) % {"n": facts["given"]}
        ),
        {"given": Many(given)},
        words=_("permissions access membership"),
    )


def _pipelines(systems: frozenset[int] | None) -> Line:
    now = timezone.now()
    valid = ApiToken.objects.filter(
        user=None, is_for_job=False, revoked_at=None, expires_at__gt=now
    )
    valid = valid if systems is None else valid.filter(system__in=systems)
    return Line(
        Group.PEOPLE,
        _("Tokens of pipelines"),
        _("With them pipelines post reports of one system: on the page of each, under Tokens."),
        "key-round",
        reverse("system-list"),
        lambda facts: _tokens(facts["valid"], facts["next"]),
        {"valid": Many(valid), "next": One(valid.order_by("expires_at"), "expires_at")},
        words=_("ci upload"),
    )
