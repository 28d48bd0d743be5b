"""Filters of the audit trail, and what is imported."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.backstage import LARGEST
from apps.catalog.models import System
from apps.catalog.selectors import AuditFilter
from apps.common.forms import FilterForm, with_any
from apps.common.forms_files import FileOrTextForm

KINDS = [("user", _("People")), ("token", _("Tokens")), ("portal", _("The portal itself"))]


class AuditFilterForm(FilterForm):
    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Who or what")}),
    )
    system = forms.ChoiceField(label=_("System"), required=False)
    kind = forms.ChoiceField(label=_("By"), required=False, choices=with_any(KINDS, _("Anyone")))
    object_type = forms.CharField(label=_("Kind"), required=False, max_length=40)
    object_id = forms.CharField(label=_("Number"), required=False, max_length=64)

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(system.pk), system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def shown(self) -> list[forms.BoundField]:
        """The fields of the bar; the other ones come from links."""
        return [self[name] for name in ("q", "system", "kind")]

    def wanted(self) -> AuditFilter:
        system = self.given("system")
        return AuditFilter(
            system_id=int(system) if system else None,
            text=self.given("q"),
            kind=self.given("kind"),
            object_type=self.given("object_type"),
            object_id=self.given("object_id"),
        )


class BackstageForm(FileOrTextForm):
    largest = LARGEST
    file = forms.FileField(
        label=_("Catalog file"),
        required=False,
        help_text=_("catalog-info.yaml of Backstage, one or more documents."),
    )
