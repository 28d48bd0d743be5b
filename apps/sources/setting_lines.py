"""What the settings page says of sources and credentials."""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.setting_lines import Facts, Group, Line, Many, One, Stand, listed, running, some
from apps.sources.models import Credential, Source


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.systems_with(Permission.SOURCE_MANAGE) == frozenset():
        return
    sources = Source.objects.visible_to(viewer, Permission.SOURCE_MANAGE)
    kept = Credential.objects.visible_to(viewer, Permission.SOURCE_MANAGE)
    yield Line(
        Group.EVIDENCE,
        _("Sources"),
        _("Where workers fetch results themselves, how often, and how the last run went."),
        "plug",
        reverse("source-list"),
        _sources,
        {
            "all": Many(sources),
            "paused": Many(sources.filter(is_paused=True)),
            "failing": Many(
                sources.filter(is_paused=False).filter(Q(failures__gt=0) | ~Q(broken_since=None))
            ),
        },
        words=_("pull connectors import schedule"),
    )
    yield Line(
        Group.EVIDENCE,
        _("Credentials"),
        _("What sources sign in with: sealed, bound to one server, never shown again."),
        "key-round",
        reverse("credential-list"),
        _credentials,
        {"all": Many(kept), "oldest": One(kept.order_by("secret_changed_at"), "secret_changed_at")},
        words=_("secrets passwords keys"),
    )


def _sources(facts: Facts) -> Stand:
    if not facts["all"]:
        return Stand(_("None: reports are posted"))
    return running(ngettext("%(n)d source", "%(n)d sources", facts["all"]), facts)


def _credentials(facts: Facts) -> Stand:
    if not settings.SECOPS_CREDENTIAL_KEYS:
        return Stand(_("None can be kept: the operator has set no key"), "warn")
    if not facts["all"]:
        return Stand(_("None"))
    number = facts["all"]
    day = date_format(timezone.localtime(facts["oldest"]), "DATE_FORMAT")
    return Stand(
        listed(
            some(number, ngettext("%(n)d kept", "%(n)d kept", number)),
            _("the oldest secret is of %(day)s") % {"day": day},
        )
    )
