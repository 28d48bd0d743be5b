from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.forms import VersionedForm
from apps.planning.models import ItemKind
from apps.trackers.models import Mirror, Tracker, TrackerKind


class TrackerForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=TrackerKind.choices)
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("https://api.github.com, https://gitlab.com, https://example.atlassian.net"),
    )
    project = forms.CharField(
        label=_("Project"), max_length=200, help_text=_("owner/repository, group/project, or PAY")
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=200,
        required=False,
        help_text=_("Jira Cloud only: the mail address that the token belongs to."),
    )
    token = forms.CharField(
        label=_("Token"),
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Kept sealed and never shown."),
    )
    labels = forms.CharField(
        label=_("Labels"), max_length=500, required=False, help_text=_("Parted by commas.")
    )
    issue_type = forms.CharField(
        label=_("Issue type"),
        max_length=60,
        required=False,
        help_text=_("Jira only; Bug if empty."),
    )
    closes_fixed = forms.BooleanField(
        label=_("Close tickets of what is fixed"),
        required=False,
        help_text=_("With a comment, once for each fix. Whoever opens it again is not overruled."),
    )
    system = forms.ModelChoiceField(
        label=_("Only of the system"),
        queryset=System.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("All systems"),
    )

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def clean_labels(self) -> list[str]:
        return [word for part in self.cleaned_data["labels"].split(",") if (word := part.strip())]


class TrackerEditForm(TrackerForm, VersionedForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].required = False
        self.fields["token"].help_text = _("Empty keeps the one there is, at the same address.")


class TicketForm(forms.Form):
    tracker = forms.ModelChoiceField(
        label=_("Where"), queryset=Tracker.objects.none(), empty_label=None
    )
    link_only = forms.BooleanField(
        label=_("Send a link only"),
        required=False,
        help_text=_("Then the title and the weakness stay here; who follows the link signs in."),
    )
    whole_weakness = forms.BooleanField(
        label=_("With what other tools see of the same weakness"),
        required=False,
        initial=True,
        help_text=_("One ticket for all of them; where one has a ticket, the others join it."),
    )

    def __init__(
        self, *args: Any, trackers: Any, has_sightings: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not has_sightings:
            del self.fields["whole_weakness"]
        self.fields["tracker"].queryset = trackers  # type: ignore[attr-defined]


class MirrorForm(VersionedForm):
    is_on = forms.BooleanField(
        label=_("Make planning items of issues"),
        required=False,
        help_text=_("Read every five minutes, and at once where the tracker tells of changes."),
    )
    rule = forms.CharField(label=_("Which issues"), max_length=1000, required=False)
    system = forms.ModelChoiceField(
        label=_("Of the system"),
        queryset=System.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("None: only as the labels below say"),
    )
    kind = forms.ChoiceField(label=_("Kind of item"), choices=ItemKind.choices)
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices)
    routes = forms.CharField(
        label=_("Systems by label"),
        required=False,
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    tells_decisions = forms.BooleanField(
        label=_("Write decisions as comments on their issues"),
        required=False,
        help_text=_(
            "The option, the reason and a link leave the portal; whoever reads the project reads them."
        ),
    )

    def __init__(self, *args: Any, mirror: Mirror, systems: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _said_before(mirror))
        super().__init__(*args, **kwargs)
        self._systems = {each.key: each for each in systems}
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]
        is_jira = mirror.tracker.kind.startswith("jira")
        self.fields["rule"].help_text = (
            _("JQL within the project, such as labels = planning AND issuetype = Epic.")
            if is_jira
            else _("A label; several, parted by commas, must all be there.")
        )
        self.fields["routes"].help_text = (
            _("A line each: a label or component, =, the system's key. The first that fits holds.")
            if is_jira
            else _("A line each: a label, =, the system's key. The first that fits holds.")
        )

    def clean_routes(self) -> dict[str, System]:
        found = dict[str, System]()
        for line in self.cleaned_data["routes"].splitlines():
            label, _mark, key = (part.strip() for part in line.rpartition("="))
            if not (line := line.strip()):
                continue
            if not label or key not in self._systems:
                text = _("“%(line)s” names no system that you see. Write: label = key.")
                raise forms.ValidationError(text % {"line": line[:80]})
            if label in found:
                raise forms.ValidationError(
                    _("“%(line)s” stands there twice.") % {"line": label[:80]}
                )
            found[label] = self._systems[key]
        return found


def _said_before(mirror: Mirror) -> dict[str, Any]:
    names = ("is_on", "rule", "kind", "stage", "tells_decisions", "version")
    return {name: getattr(mirror, name) for name in names} | {
        "system": mirror.system.key if mirror.system else "",
        "routes": "\n".join(f"{each.label} = {each.system.key}" for each in mirror.routes_said),
    }
