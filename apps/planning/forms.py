"""Finding, adding and editing planning items."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.forms import VersionedForm, with_any
from apps.planning.models import ItemKind, ItemOrigin, ItemStatus, PlanningItem, moves_from
from apps.planning.references import Reference, reference_of, split_reference
from apps.planning.selectors import ItemFilter

TITLE_LENGTH = 200


class ItemFilterForm(forms.Form):
    """The filters of the list; a value that is none of the choices asks for nothing."""

    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Title, question, PI-7, tracker key")}
        ),
    )
    system = forms.ChoiceField(label=_("System"), required=False)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=with_any(ItemStatus.choices, _("Any status"))
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=with_any(ItemKind.choices, _("Any kind"))
    )
    origin = forms.ChoiceField(
        label=_("Origin"), required=False, choices=with_any(ItemOrigin.choices, _("Any origin"))
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.has_systems = bool(named)
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> ItemFilter:
        self.is_valid()
        given = self.cleaned_data
        return ItemFilter(
            text=given.get("q", ""),
            system=given.get("system", ""),
            stage=given.get("stage", ""),
            status=given.get("status", ""),
            kind=given.get("kind", ""),
            origin=given.get("origin", ""),
        )

    def active(self) -> list[tuple[str, str, str]]:
        """(name, label, value in words) of each filter in use."""
        self.is_valid()
        used = []
        for name, field in self.fields.items():
            if value := self.cleaned_data.get(name):
                words = dict(getattr(field, "choices", [])).get(value, value)
                used.append((name, str(field.label), str(words)))
        return used


class FilterSaveForm(forms.Form):
    name = forms.CharField(label=_("Name of this filter"), max_length=60)


class ItemMoveForm(forms.Form):
    """A card of the board, moved: into which column, and which version of the item was seen."""

    status = forms.ChoiceField(choices=ItemStatus.choices)
    version = forms.IntegerField(min_value=1)


class ItemFields(forms.Form):
    """What people write of an item."""

    title = forms.CharField(
        label=_("Title"),
        max_length=TITLE_LENGTH,
        help_text=_("What is being decided, in one line."),
    )
    question = forms.CharField(
        label=_("Question"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea,
        help_text=_("What has to be known to decide, and why now. Markdown."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=ItemKind.choices, initial=ItemKind.STORY)
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices, initial=Stage.PLAN)
    tracker_key = forms.CharField(
        label=_("Tracker key"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": "PAY-142"}),
    )
    tracker_url = forms.URLField(
        label=_("Tracker address"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://tracker.example.org/PAY-142"}),
    )


class ItemCreateForm(ItemFields):
    system = forms.ModelChoiceField(
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a system"),
    )
    field_order = ["title", "system"]

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A key is read out of the address, and an address that was pasted as a key goes where it belongs."""
        given = super().clean() or self.cleaned_data
        key, url = given.get("tracker_key", ""), given.get("tracker_url", "")
        if "://" in key and not url and (pasted := split_reference(key)[1]):
            key, url = pasted.key, pasted.url
        elif url and not key:
            key = reference_of(url).key
        return given | {"tracker_key": key, "tracker_url": url}


class QuickAddForm(forms.Form):
    """One line for a new item; `reference` is what it says of a tracker."""

    text = forms.CharField(
        label=_("New item: a title, or a tracker's key or address"),
        max_length=700,
        widget=forms.TextInput(
            attrs={"placeholder": _("PAY-142, or https://…/issues/12"), "autocomplete": "off"}
        ),
    )
    system = forms.ModelChoiceField(
        label=_("System"), queryset=System.objects.none(), to_field_name="key", empty_label=None
    )
    reference = Reference()
    title = ""
    is_untitled = False  # called after what it has in the tracker

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "quick_%s")  # beside the filters, which have a system, too
        super().__init__(*args, **kwargs)
        field: Any = self.fields["system"]
        field.queryset = systems
        # The page has read them, to know whether there are any; the field would read them anew.
        field.choices = [(each.key, field.label_from_instance(each)) for each in systems]

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        title, self.reference = split_reference(text)
        self.title = title or self.reference.key or self.reference.url
        self.is_untitled = not title
        if len(self.title) > TITLE_LENGTH and title:
            raise forms.ValidationError(_("A title has at most 200 characters."))
        self.title = self.title[:TITLE_LENGTH]
        return text

    def as_typed(self) -> dict[str, str]:
        """What was typed, as the whole form takes it."""
        text, system = self.data.get("text", ""), self.data.get("system", "")
        return {"title": text, "system": system, "kind": ItemKind.STORY, "stage": Stage.PLAN}

    def values(self) -> dict[str, Any]:
        """What item_create takes."""
        return {
            "system": self.cleaned_data["system"],
            "title": self.title,
            "tracker_key": self.reference.key,
            "tracker_url": self.reference.url,
        }


class ItemEditForm(ItemFields, VersionedForm):
    status = forms.ChoiceField(
        label=_("Status"),
        choices=ItemStatus.choices,
        help_text=_("Recording a decision sets an item to decided by itself."),
    )

    def __init__(self, *args: Any, item: PlanningItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:  # the item may have moved since: a conflict, not a wrong choice
            return
        reach = {item.status, *moves_from(item.status, bound=item.has_decision_in_force())}
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            choice for choice in ItemStatus.choices if choice[0] in reach
        ]


class RevisitForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is taken up again"),
        max_length=500,
        help_text=_("Such as what is known now and was not then. It stands in the history."),
    )


class UndoForm(forms.Form):
    reason = forms.CharField(label=_("Why it is undone"), max_length=500)
