"""Filters of the audit trail, what is imported, systems and the roles on them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import ROLE_CHOICES, Team, User
from apps.accounts.roles import Role
from apps.catalog.backstage import LARGEST
from apps.catalog.models import MOST_BECAUSE, Criticality, System
from apps.catalog.selectors import AuditFilter
from apps.common.days import start_of
from apps.common.forms import FilterForm, KeyOfName, VersionedForm, with_any
from apps.common.forms_files import FileOrTextForm

MOST_REPOSITORIES = 50
KINDS = [("user", _("People")), ("token", _("Tokens")), ("portal", _("The portal itself"))]


class AuditFilterForm(FilterForm):
    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Who or what, PI-7, RS-12")}
        ),
    )
    system = forms.ChoiceField(label=_("System"), required=False)
    kind = forms.ChoiceField(label=_("By"), required=False, choices=with_any(KINDS, _("Anyone")))
    who = forms.CharField(label=_("Who"), required=False, max_length=200)
    since = forms.DateField(
        label=pgettext_lazy("date", "From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    object_type = forms.CharField(label=_("Kind"), required=False, max_length=40)
    object_id = forms.CharField(label=_("Number"), required=False, max_length=64)

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(system.pk), system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def shown(self) -> list[forms.BoundField]:
        """The fields of the bar; the other ones come from links."""
        return [self[name] for name in ("q", "system", "kind", "who", "since", "until")]

    def wanted(self) -> AuditFilter:
        system, since, until = (self.given(name) for name in ("system", "since", "until"))
        return AuditFilter(
            system_id=int(system) if system else None,
            text=self.given("q"),
            kind=self.given("kind"),
            object_type=self.given("object_type"),
            object_id=self.given("object_id"),
            who=self.given("who"),
            since=start_of(since) if since else None,
            until=start_of(until + dt.timedelta(days=1)) if until else None,
        )


class ArchiveForm(forms.Form):
    """Why a system is archived."""

    because = forms.CharField(
        label=_("Why"),
        max_length=MOST_BECAUSE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For whoever opens it in a year: switched off, or replaced by which system."),
    )


class BackstageForm(FileOrTextForm):
    largest = LARGEST
    file = forms.FileField(
        label=_("Catalog file"),
        required=False,
        help_text=_("catalog-info.yaml of Backstage, one or more documents."),
    )


class SystemForm(KeyOfName):
    """A new system."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As people call it: Booking and tickets.")
    )
    key = forms.SlugField(
        label=_("Key"),
        max_length=60,
        required=False,
        help_text=_("Short, for addresses and pipelines: booking. Empty: made of the name."),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What it does and for whom. Markdown."),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.order_by("name"),
        required=False,
        to_field_name="key",
        empty_label=_("No team yet"),
    )
    criticality = forms.TypedChoiceField(
        label=_("Criticality"),
        choices=Criticality.choices,
        coerce=int,
        initial=Criticality.MEDIUM,
        help_text=_("It says which evidence is expected of it."),
    )
    repository = forms.URLField(
        label=_("Repository"),
        required=False,
        max_length=300,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://git.example.org/team/booking"}),
    )

    def fields_typed(self) -> dict[str, Any]:
        """The service's keywords. Only on a valid form."""
        repository = self.cleaned_data["repository"]
        told = {name: value for name, value in self.cleaned_data.items() if name != "repository"}
        return told | {"repositories": [repository] if repository else []}


class SystemEditForm(VersionedForm):
    """A system that is there."""

    name = forms.CharField(label=_("Name"), max_length=120)
    key = forms.SlugField(
        label=_("Key"),
        max_length=60,
        help_text=_("Addresses and pipelines name it by this: those that do must follow a change."),
    )
    description = SystemForm.declared_fields["description"]
    owner = SystemForm.declared_fields["owner"]
    criticality = SystemForm.declared_fields["criticality"]
    repositories = forms.CharField(
        label=_("Repositories and links"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One address a line."),
    )
    default_branch = forms.CharField(
        label=_("Main branch"),
        max_length=200,
        help_text=_("Its reports count; those of other branches are previews."),
    )

    def clean_repositories(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["repositories"].splitlines()]
        found = list(dict.fromkeys(line for line in lines if line))
        if len(found) > MOST_REPOSITORIES:
            raise forms.ValidationError(
                _("At most %(number)d of them.") % {"number": MOST_REPOSITORIES}
            )
        valid = forms.URLField(max_length=300, assume_scheme="https")
        addresses = []
        for line in found:
            try:
                addresses.append(valid.clean(line))
            except forms.ValidationError as error:
                raise forms.ValidationError(
                    _("This is no web address: %(line)s") % {"line": line[:100]}
                ) from error
        return addresses


class RoleForm(forms.Form):
    """Who gets which role on a system; an empty role takes away."""

    person = forms.EmailField(
        label=_("Person"),
        required=False,
        help_text=_("By e-mail address."),
        widget=forms.EmailInput(attrs={"list": "people-known", "autocomplete": "off"}),
    )
    team = forms.ModelChoiceField(
        label=_("or team"),
        queryset=Team.objects.order_by("name"),
        required=False,
        to_field_name="key",
        empty_label=_("No team"),
    )
    role = forms.ChoiceField(label=_("Role"), required=False)

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [choice for choice in ROLE_CHOICES if choice[0] in roles]
        self.fields["role"].choices = named  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.VIEWER.value

    def clean_person(self) -> User | None:
        address = self.cleaned_data["person"].lower()
        if not address:
            return None
        found = User.objects.filter(email=address, is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody who may sign in has this address."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        named = [cleaned.get("person"), cleaned.get("team")]
        if not self.errors and sum(each is not None for each in named) != 1:
            self.add_error("person", _("Name a person or a team, one of them."))
        return cleaned
