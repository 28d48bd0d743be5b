"""What the settings page says of systems, of the trail, and of what was removed."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.audit.models import AuditSeal
from apps.catalog.models import System
from apps.catalog.removed import removals_visible
from apps.common.setting_lines import Facts, Group, Line, Many, One, Stand, listed, some


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.systems_with(Permission.SYSTEM_MANAGE) != frozenset():
        yield _systems(viewer)
    yield Line(
        Group.RECORDS,
        _("Recently removed"),
        _("What was taken away within seven days, to be put back, or to be forgotten now."),
        "undo-2",
        reverse("removed-list"),
        lambda facts: Stand(
            some(
                facts["kept"],
                ngettext("%(n)d can be put back", "%(n)d can be put back", facts["kept"]),
            )
            or _("Nothing")
        ),
        {"kept": Many(removals_visible(viewer))},
        words=_("undo put back restore deleted trash"),
    )
    if viewer.reads_audit:
        yield Line(
            Group.RECORDS,
            _("Audit trail"),
            _("Who did what to what, before and after; entries never change, and seals show it."),
            "scroll-text",
            reverse("audit-trail"),
            _trail,
            {"sealed": One(AuditSeal.objects.order_by("-id"), "sealed_at")},
            words=_("log history who did what"),
        )


def _systems(viewer: Actor) -> Line:
    managed = System.objects.visible_to(viewer, Permission.SYSTEM_MANAGE)
    return Line(
        Group.PEOPLE,
        _("Systems"),
        _("What is advised and watched: each with owner, criticality, key, roles and tokens."),
        "box",
        reverse("system-list"),
        _managed,
        {"managed": Many(managed), "ownerless": Many(managed.filter(owner=None))},
        words=_("applications services products"),
    )


def _managed(facts: Facts) -> Stand:
    number, ownerless = facts["managed"], facts["ownerless"]
    told = ngettext("%(n)d system", "%(n)d systems", number) % {"n": number}
    without = ngettext("%(n)d without an owner", "%(n)d without an owner", ownerless)
    return Stand(listed(told, some(ownerless, without)), "warn" if ownerless else "neutral")


def _trail(facts: Facts) -> Stand:
    if facts["sealed"] is None:
        return Stand(_("Not sealed yet"), "warn")
    at = date_format(timezone.localtime(facts["sealed"]), "DATETIME_FORMAT")
    return Stand(_("Sealed %(at)s") % {"at": at}, "good")
