"""Forms of sources, made from what a connector declares, and of credentials."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.forms import VersionedForm, with_any
from apps.common.said import said
from apps.scans.registry import registry as formats
from apps.sources.connectors.fields import Field
from apps.sources.connectors.types import Connector
from apps.sources.models import Credential, CredentialKind, Source
from apps.sources.services.sources import CLAIMED, LONGEST, SHORTEST, SourceInput

HEALTH = [
    ("broken", _("Broken")),
    ("failing", _("Failing")),
    ("good", _("Working")),
    ("paused", _("Paused")),
]


class SourceFilterForm(forms.Form):
    """Filters in the address; a value that cannot be asks for nothing."""

    system = forms.ChoiceField(label=_("System"), required=False)
    health = forms.ChoiceField(
        label=_("State"), required=False, choices=with_any(HEALTH, _("Any state"))
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, str]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


class CredentialChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """Says of each for which system and server it is, since names repeat."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.system}, {obj.origin})"


class SourceForm(VersionedForm):
    """What every source has; the connector's own fields are added as config.NAME."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As people here would call it.")
    )
    system = forms.ModelChoiceField(
        label=_("System"), queryset=System.objects.none(), to_field_name="key"
    )
    credential = CredentialChoice(
        label=_("Credential"),
        queryset=Credential.objects.none(),
        required=False,
        empty_label=_("None"),
        help_text=_("Only those made for the same server will do."),
    )
    interval_minutes = forms.IntegerField(
        label=_("Every ... minutes"),
        required=False,
        min_value=SHORTEST,
        max_value=LONGEST,
        help_text=_("60 is hourly, 1440 daily."),
    )
    crontab = forms.CharField(
        label=_("or by crontab (UTC)"),
        required=False,
        max_length=120,
        help_text=_("30 4 * * mon-fri; empty both: only by hand."),
    )
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("As the format says"))
    )
    format = forms.ChoiceField(label=_("Format"), required=False)
    tool = forms.CharField(label=_("Tool"), required=False, max_length=120)
    category = forms.CharField(label=_("Category"), required=False, max_length=120)
    branch = forms.CharField(label=_("Branch"), required=False, max_length=200)
    environment = forms.CharField(label=_("Environment"), required=False, max_length=60)

    def __init__(
        self,
        *args: Any,
        connector: Connector,
        systems: QuerySet[System],
        credentials: QuerySet[Credential],
        is_new: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.connector = connector
        self.fields["version"].required = not is_new
        if is_new:
            self.fields["system"].queryset = systems  # type: ignore[attr-defined]
        else:
            del self.fields["system"]
        if connector.credentials:
            usable = credentials.filter(kind__in=connector.credentials)
            self.fields["credential"].queryset = usable  # type: ignore[attr-defined]
            self.fields["credential"].required = connector.needs_credential
        else:
            del self.fields["credential"]
        known = sorted((each.slug, each.name) for each in formats().formats.values())
        self.fields["format"].choices = with_any(known, _("Find out from the content"))  # type: ignore[attr-defined]
        for field in connector.fields:
            self.fields[f"config.{field.name}"] = form_field(field)

    def config_fields(self) -> list[forms.BoundField]:
        """The connector's own, in its order."""
        return [self[f"config.{field.name}"] for field in self.connector.fields]

    def content(self) -> SourceInput:
        """What was typed. Only on a valid form."""
        given = self.cleaned_data
        config = {
            field.name: _typed(field, given.get(f"config.{field.name}"))
            for field in self.connector.fields
        }
        return SourceInput(
            name=given["name"],
            connector=self.connector.slug,
            config=config,
            credential=given.get("credential"),
            interval_minutes=given["interval_minutes"],
            crontab=given["crontab"],
            **{name: given[name] for name in CLAIMED},
        )


def form_field(field: Field) -> forms.Field:
    """The form's field for one of a connector."""
    common: dict[str, Any] = {
        "label": said(field.label),
        "help_text": said(field.help),
        "required": field.required and field.kind != "flag",
        "initial": field.default,
    }
    if field.kind == "flag":
        return forms.BooleanField(**common)
    if field.kind == "number":
        return forms.IntegerField(min_value=field.low, max_value=field.high, **common)
    if field.kind == "choice":
        return forms.ChoiceField(choices=field.choices, **common)
    return forms.CharField(max_length=1000, **common)


def _typed(field: Field, value: Any) -> Any:
    """What a form gives in the kind that the connector reads; an empty number is the default."""
    if field.kind == "number":
        return field.default if value is None else value
    return bool(value) if field.kind == "flag" else (value or "")


def initial_of(source: Source) -> dict[str, Any]:
    """A source as the form shows it."""
    names = ("version", "name", "credential", "interval_minutes", "crontab", *CLAIMED)
    shown = {name: getattr(source, name) for name in names}
    return shown | {f"config.{name}": value for name, value in source.config.items()}


def interval_words(minutes: int) -> str:
    """An interval as people say it: in whole days, hours or minutes."""
    days, hours = minutes // 1440, minutes // 60
    if minutes and minutes % 1440 == 0:
        return ngettext("every day", "every %(count)d days", days) % {"count": days}
    if minutes and minutes % 60 == 0:
        return ngettext("every hour", "every %(count)d hours", hours) % {"count": hours}
    return ngettext("every minute", "every %(count)d minutes", minutes) % {"count": minutes}


class CredentialForm(forms.Form):
    system = forms.ModelChoiceField(
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a system"),
    )
    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=CredentialKind.choices)
    url = forms.CharField(
        label=_("For the server"),
        max_length=1000,
        help_text=_("Such as https://api.github.com. The secret is told to no other."),
    )
    username = forms.CharField(
        label=_("User name, header or access key"), required=False, max_length=200
    )
    secret = forms.CharField(
        label=_("Secret"),
        max_length=8000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Sealed at once; nobody can read it here again."),
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]


class SecretForm(VersionedForm):
    secret = forms.CharField(
        label=_("New secret"),
        max_length=8000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
