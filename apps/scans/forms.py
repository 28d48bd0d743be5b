"""Finding findings and reports, and sending a report by hand."""

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Team
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.days import start_of
from apps.common.forms import FilterForm, with_any
from apps.scans.models import SEVERITIES, FindingState, ReportState
from apps.scans.newness import NEW_IN, new_since
from apps.scans.registry import registry
from apps.scans.selectors import NOBODY, FindingFilter, ReportChange, ReportFilter
from apps.scans.selectors_counts import Counts
from apps.scans.services.receive import LONGEST, Claim

_CWE = re.compile(r"(?:CWE-?)?(\d{1,6})", re.IGNORECASE)
# What a report did to findings, and which: "new-" and the report's number.
_CHANGE = re.compile(
    r"(?:new|back|gone|severity|unchanged)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
CHANGES = {
    ReportChange.NEW: _("new"),
    ReportChange.BACK: _("back again"),
    ReportChange.GONE: _("gone"),
    ReportChange.SEVERITY: _("severity changed"),
    ReportChange.UNCHANGED: _("unchanged"),
}


class PlaceFilterForm(FilterForm):
    """Where something is: the system, the stage."""

    system = forms.ChoiceField(label=_("System"), required=False)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]


class CweField(forms.CharField):
    """ "CWE-79" or "79" as a number, None for nothing."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        match = _CWE.fullmatch(text.strip())
        if text and match is None:
            raise forms.ValidationError(_("Write it like CWE-79."))
        return int(match.group(1)) if match else None


class FindingFilterForm(PlaceFilterForm):
    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Title, path, CVE, CWE")}),
    )
    severity = forms.ChoiceField(
        label=_("At least"),
        required=False,
        choices=with_any(
            [(str(level), name) for level, name in reversed(SEVERITIES)], _("Any severity")
        ),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=with_any(
            [
                *((s.value, s.label) for s in FindingState if s != FindingState.OPEN),
                ("any", _("Any state")),
            ],
            _("Open"),
        ),
    )
    cwe = CweField(
        label=_("Weakness"),
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"placeholder": "CWE-79"}),
    )
    exploit = forms.ChoiceField(
        label=_("Exploitation"),
        required=False,
        choices=with_any(
            [
                ("kev", _("Known to be exploited")),
                ("0.5", _("EPSS from 50\u00a0%")),
                ("0.1", _("EPSS from 10\u00a0%")),
                ("0.01", _("EPSS from 1\u00a0%")),
            ],
            _("Any"),
        ),
    )
    stake = forms.ChoiceField(
        label=_("Money"),
        required=False,
        choices=with_any([("known", _("At stake, dearest first"))], _("Whatever is at stake")),
    )
    age = forms.ChoiceField(
        label=_("Age"),
        required=False,
        choices=with_any(
            [
                ("today", _("New today")),
                ("7d", _("New in 7 days")),
                ("30d", _("New in 30 days")),
                ("overdue", _("Past its time")),
            ],
            _("Any age"),
        ),
    )
    since = forms.DateField(
        label=_("New since"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    team = forms.ChoiceField(label=_("Owner"), required=False)
    # Whichever it is: which tools there are is put in where the field is shown.
    tool = forms.CharField(
        label=_("Tool"), required=False, max_length=LONGEST["tool"], widget=forms.Select
    )
    # Of addresses that other pages make.
    tag = forms.CharField(label=_("Tag"), required=False, max_length=40)
    change = forms.RegexField(_CHANGE, label=_("By a report"), required=False)
    field_order = [
        *("q", "system", "stage", "tool", "severity", "state", "team"),
        *("stake", "exploit", "age", "since", "cwe"),
    ]
    unseen = ("cwe", "tag", "change")
    counted = ("system", "stage", "tool", "severity", "state")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = [(team.key, team.name) for team in Team.objects.order_by("name")]
        choices = with_any([*self.teams, (NOBODY, _("Nobody yet"))], _("Anybody"))
        self.fields["team"].choices = choices  # type: ignore[attr-defined]

    def put_counts(self, counts: Counts | None, tools: Iterable[str]) -> None:
        """Offer the tools, and say beside each choice how many findings it would show.

        counts None: they are not kept for this filter, and nothing is said. Only what the lists show
        changes; what is chosen has its plain name elsewhere.
        """
        chosen = self.given("tool")
        offered = sorted({*tools, chosen} - {""}, key=str.casefold)
        self.fields["tool"].widget.choices = with_any(
            ((tool, tool) for tool in offered), _("Any tool")
        )
        if counts is None:
            return
        for name in self.counted:
            widget: Any = self.fields[name].widget
            widget.choices = [
                (choice, f"{label} ({intcomma(counts.of_choice(name, choice))})")
                if choice or name == "state"  # of "Any stage" the number stands above the list
                else (choice, label)
                for choice, label in widget.choices
            ]

    def recounted(self) -> str:
        """For htmx: the lists that it puts in anew; it gives the focus back to the one that had it."""
        return ",".join(f"#{self[name].id_for_label}" for name in self.counted)

    def shown(self) -> list[forms.BoundField]:
        """The fields beside the search."""
        return [self[name] for name in self.fields if name not in {"q", *self.unseen}]

    def kept(self) -> list[forms.BoundField]:
        """What the address asks for and no field shows."""
        return [self[name] for name in self.unseen if self[name].value()]

    def active(self) -> list[tuple[str, str, str]]:
        return [
            (
                name,
                label,
                str(CHANGES[ReportChange(words.partition("-")[0])]) if name == "change" else words,
            )
            for name, label, words in super().active()
        ]

    def wanted(self) -> FindingFilter:
        change, _dash, report = self.given("change").partition("-")
        severity, text = self.given("severity"), self.given("q").strip()
        exploit = self.given("exploit")
        is_cwe = text.upper().startswith("CWE-") and _CWE.fullmatch(text)
        return FindingFilter(
            system=self.given("system"),
            stage=self.given("stage"),
            tool=self.given("tool"),
            state=self.given("state") or "open",
            severity=int(severity) if severity else None,
            text="" if is_cwe else text,
            cwe=int(is_cwe.group(1)) if is_cwe else self.given("cwe") or None,
            kev=exploit == "kev",
            epss=float(exploit) if exploit not in {"", "kev"} else None,
            overdue=self.given("age") == "overdue",
            since=self._since(),
            at_stake=self.given("stake") == "known",
            team=self.given("team"),
            tag=self.given("tag"),
            report=report,
            change=change,
        )

    def _since(self) -> str:
        """The later of the two, where both are given: each narrows."""
        age, day = self.given("age"), self.given("since")
        given = [new_since(NEW_IN[age])] if age in NEW_IN else []
        moments = [*given, start_of(day)] if day else given
        return max(moments).isoformat() if moments else ""


class ReportFilterForm(PlaceFilterForm):
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=with_any(ReportState.choices, _("Any state"))
    )

    def wanted(self) -> ReportFilter:
        return ReportFilter(
            system=self.given("system"), stage=self.given("stage"), state=self.given("state")
        )


def _claimed(name: str, label: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=LONGEST[name], **kwargs)


class UploadForm(forms.Form):
    """A report sent by hand; what is left empty is found out from the report."""

    file = forms.FileField(
        label=_("Report"),
        allow_empty_file=True,  # the service says why an empty one is no clean scan
        help_text=_("As the tool wrote it: JSON, XML or text; .gz is unpacked."),
    )
    system = forms.ModelChoiceField(
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a system"),
    )
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("From the format"))
    )
    format = forms.ChoiceField(label=_("Format"), required=False)
    tool = _claimed("tool", _("Tool"), help_text=_("Where the report does not name it."))
    category = _claimed(
        "category", _("Category"), help_text=_("Keeps two runs of one tool apart, e.g. backend.")
    )
    branch = _claimed(
        "branch",
        _("Branch"),
        help_text=_("Empty for the default branch; another one is a preview."),
    )
    environment = _claimed("environment", _("Environment"))
    commit = _claimed("commit", _("Commit"))
    is_partial = forms.BooleanField(
        label=_("Only a part was scanned"),
        required=False,
        help_text=_("Then nothing is closed because it is missing from the report."),
    )
    once = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]
        formats = [(slug, fmt.name) for slug, fmt in sorted(registry().formats.items())]
        self.fields["format"].choices = with_any(formats, _("Found out by content"))  # type: ignore[attr-defined]
        self.fields["once"].initial = uuid.uuid4

    def claim(self) -> Claim:
        given = self.cleaned_data
        return Claim(
            **{name: given[name] for name in ("stage", "format", "tool", "category", "branch")},
            environment=given["environment"],
            commit=given["commit"],
            filename=given["file"].name[: LONGEST["filename"]],
            is_full=not given["is_partial"],
        )

    def idempotency_key(self) -> str:
        """The same each time that this page is sent: a double click sends one report."""
        return f"page-{self.cleaned_data['once'] or uuid.uuid4()}"


class RawCopiesForm(forms.Form):
    masked = forms.ChoiceField(
        label=_("What is kept of a report once it has been read"),
        choices=[
            ("no", _("Its bytes as they were sent")),
            ("yes", _("A copy in which secrets are masked")),
        ],
        widget=forms.RadioSelect,
    )
