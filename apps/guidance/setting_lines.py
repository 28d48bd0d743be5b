"""What the settings page says of the library."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Facts, Group, Line, One, Stand
from apps.guidance.models import OwnVocabulary
from apps.guidance.selectors import writes


def lines(viewer: Actor) -> Iterable[Line]:
    if not writes(viewer):
        return
    yield Line(
        Group.VALUES,
        _("Words that mean the same"),
        _(
            "What search and suggestions of guidance take for one thing: your names beside the field's."
        ),
        "book-open",
        reverse("guidance-words"),
        _own,
        {"lines": One(OwnVocabulary.objects.all(), "lines")},
        words=_("synonyms vocabulary search suggestions"),
    )


def _own(facts: Facts) -> Stand:
    number = len(facts["lines"] or ())
    if not number:
        return Stand(_("The portal's own words"))
    told = ngettext("%(n)d line of your own", "%(n)d lines of your own", number)
    return Stand(told % {"n": number})
