"""Reading controls and what they do to risks."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.common.closeness import MOST_TEXTS, close_to
from apps.common.errors import Missing
from apps.controls.models import Control, ControlEffect, ControlStatus
from apps.risks.models import ENDED


@dataclass(frozen=True)
class ControlFilter:
    """What a reader asked for; empty fields ask for nothing."""

    system: str = ""
    status: str = ""


def controls_visible(viewer: Actor) -> QuerySet[Control]:
    rows: QuerySet[Control] = Control.objects.visible_to(viewer)
    return rows.select_related("system", "owner", "guidance__current", "created_by")


def controls_list(viewer: Actor, wanted: ControlFilter = ControlFilter()) -> QuerySet[Control]:
    """In place first, then planned, waived and retired; each by name."""
    exact = {"system__key": wanted.system, "status": wanted.status}
    rows = in_use(controls_visible(viewer), viewer, named=wanted.system)
    rows = rows.filter(**{name: one for name, one in exact.items() if one})
    return rows.annotate(rank=_rank("status")).order_by("rank", "name", "pk")


def controls_matching(viewer: Actor, text: str) -> QuerySet[Control]:
    """Those that say a text, in place first."""
    says = Q(name__icontains=text) | Q(description__icontains=text)
    return controls_list(viewer).filter(says)


def names_close_to(viewer: Actor, words: Sequence[str]) -> QuerySet[Control, str]:
    """Names of controls that the viewer sees, with half of one of the words; some of them."""
    found = controls_visible(viewer).filter(close_to("name", words)).order_by("-pk")
    return found.values_list("name", flat=True)[:MOST_TEXTS]


def control_get(viewer: Actor, pk: int) -> Control:
    """Raises: Missing, also for a control of a system that the viewer may not see."""
    row = controls_visible(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing(f"There is no control C-{pk} that you may see.")
    return row


def effects_of_control(viewer: Actor, control: Control) -> QuerySet[ControlEffect]:
    """What it does to each risk, those that have ended left out."""
    rows: QuerySet[ControlEffect] = ControlEffect.objects.visible_to(viewer)
    return _told(rows.filter(control=control)).order_by("statement")


def effects_on_statement(viewer: Actor, statement_id: int) -> QuerySet[ControlEffect]:
    """All that is named against a risk: in place first, then planned, waived and retired."""
    rows: QuerySet[ControlEffect] = ControlEffect.objects.visible_to(viewer)
    ranked = _told(rows.filter(statement=statement_id)).annotate(rank=_rank("control__status"))
    return ranked.order_by("rank", "control__name", "control")


def effects_of_controls(viewer: Actor, controls: set[int]) -> QuerySet[ControlEffect]:
    """All that these controls do, for valuing them whole."""
    rows: QuerySet[ControlEffect] = ControlEffect.objects.visible_to(viewer)
    return _told(rows.filter(control__in=controls)).order_by("control", "statement")


def effects_on_statements(viewer: Actor, statements: set[int]) -> QuerySet[ControlEffect]:
    """All that is named against any of these risks."""
    rows: QuerySet[ControlEffect] = ControlEffect.objects.visible_to(viewer)
    return _told(rows.filter(statement__in=statements)).order_by("control", "statement")


def effect_get(viewer: Actor, control: Control, statement_id: int) -> ControlEffect | None:
    rows: QuerySet[ControlEffect] = ControlEffect.objects.visible_to(viewer)
    return _told(rows.filter(control=control, statement=statement_id)).first()


def _told(rows: QuerySet[ControlEffect]) -> QuerySet[ControlEffect]:
    return rows.exclude(statement__state__in=ENDED).select_related(
        "control__system",
        "control__owner",
        "statement__published__valuation",
        "statement__valuation",
    )


def _rank(path: str) -> Case:
    whens = [When(**{path: status}, then=Value(n)) for n, status in enumerate(ControlStatus.values)]
    return Case(*whens, output_field=IntegerField())
