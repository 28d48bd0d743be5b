"""Reading the register, with how each entry stands against its declaration."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    ExpressionWrapper,
    F,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.accounts.roles import Permission
from apps.automation.kinds import AutomationKind, Drift, Outcome
from apps.automation.models import Automation, AutomationRun
from apps.common.errors import Missing
from apps.risks.models import RiskStatement

_COMMIT = r"^[0-9a-fA-F]{7,64}$"


@dataclass(frozen=True)
class AutomationFilter:
    """What a reader asked for; empty fields ask for nothing."""

    system: str = ""
    stage: str = ""
    kind: str = ""
    drift: str = ""  # "trouble": whatever is not as declared
    statement: int | None = None


def automations_visible(viewer: Actor) -> QuerySet[Any]:  # of Automation; the stubs know no `drift`
    """With `drift`, the word of kinds.Drift, worked out by the database so that lists filter by it."""
    rows: QuerySet[Automation] = Automation.objects.visible_to(viewer)
    return rows.select_related("system", "owner", "last_run").annotate(drift=_drift())


def automations_list(viewer: Actor, wanted: AutomationFilter = AutomationFilter()) -> QuerySet[Any]:
    """Trouble first, then by name; what is retired only where it is asked for."""
    rows = in_use(automations_visible(viewer), viewer, named=wanted.system or wanted.statement)
    exact = {
        "system__key": wanted.system,
        "stage": wanted.stage,
        "kind": wanted.kind,
        "statements": wanted.statement,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.drift == "trouble":
        rows = rows.exclude(drift__in=[Drift.GOOD, Drift.RETIRED])
    elif wanted.drift:
        rows = rows.filter(drift=wanted.drift)
    else:
        rows = rows.exclude(drift=Drift.RETIRED)
    is_good = ExpressionWrapper(Q(drift=Drift.GOOD), output_field=BooleanField())
    ordered: QuerySet[Any] = rows.annotate(is_good=is_good).order_by("is_good", "name", "pk")
    return ordered


def _drift() -> Case:
    """The first of kinds.Drift that holds. Another revision: both are commits, and neither begins as
    the other one does; a tag or a branch cannot be compared with what ran."""
    both = Q(revision__regex=_COMMIT, last_run__revision__regex=_COMMIT)
    return Case(
        When(is_retired=True, then=Value(Drift.RETIRED.value)),
        When(last_run=None, then=Value(Drift.NEVER.value)),
        When(~Q(last_run__outcome=Outcome.PASSED), then=Value(Drift.FAILING.value)),
        When(due_on__lt=timezone.localdate(), then=Value(Drift.OVERDUE.value)),
        When(
            both
            & ~Q(last_run__revision__istartswith=F("revision"))
            & ~Q(revision__istartswith=F("last_run__revision")),
            then=Value(Drift.REVISION.value),
        ),
        default=Value(Drift.GOOD.value),
        output_field=CharField(),
    )


def automation_get(viewer: Actor, pk: int) -> Automation:
    """Raises: Missing."""
    row: Automation | None = (
        automations_visible(viewer)
        .select_related("created_by")
        .prefetch_related("statements__published", "guidance__current")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Missing(f"There is no automation AU-{pk} that you may see.")
    return row


def runs_of(viewer: Actor, automation: Automation) -> QuerySet[AutomationRun]:
    """The newest first."""
    rows: QuerySet[AutomationRun] = AutomationRun.objects.visible_to(viewer)
    return rows.filter(automation=automation).select_related("report")


def automations_guarding(viewer: Actor, guidance_id: int) -> QuerySet[Automation]:
    """What is in use to carry out a piece of guidance, by name."""
    rows: QuerySet[Automation] = Automation.objects.visible_to(viewer)
    named = rows.filter(guidance=guidance_id, is_retired=False)
    return named.select_related("system").order_by("name", "pk")


def guards_of(viewer: Actor, statement_id: int) -> QuerySet[Any]:
    """What guards a statement, and what warns of it; trouble first."""
    return automations_list(viewer, AutomationFilter(statement=statement_id))


def guards_of_all(
    viewer: Actor, statements: Collection[int], guidance_id: int | None, since: dt.datetime | None
) -> QuerySet[Any]:
    """What guards any of these statements, or carries out that guidance; trouble first.

    Each with `guarded`, those of the statements that it guards, and with `passed` and `not_passed`,
    the runs since then (None: all of them).
    """
    named = Q(
        pk__in=Automation.statements.through.objects.filter(riskstatement__in=statements).values(
            "automation"
        )
    )
    if guidance_id is not None:
        named |= Q(guidance=guidance_id)
    recent = Q(runs__ran_at__gte=since) if since else Q()
    passed = Q(runs__outcome=Outcome.PASSED)
    guarded = RiskStatement.objects.filter(pk__in=statements).order_by("pk")
    found: QuerySet[Any] = (
        automations_list(viewer)
        .filter(named)
        .annotate(
            passed=Count("runs", filter=recent & passed, distinct=True),
            not_passed=Count(
                "runs", filter=recent & ~passed & Q(runs__isnull=False), distinct=True
            ),
        )
        .prefetch_related(Prefetch("statements", queryset=guarded, to_attr="guarded"))
    )
    return found


def changes_due(viewer: Actor, within_days: int) -> QuerySet[Any]:
    """Scripted changes and experiments that are due soon, the longest overdue first."""
    last = timezone.localdate() + dt.timedelta(days=within_days)
    return (
        in_use(automations_visible(viewer), viewer)
        .filter(is_retired=False, due_on__lte=last)
        .filter(kind__in=[AutomationKind.CHANGE, AutomationKind.EXPERIMENT])
        .order_by("due_on", "pk")
    )


def drift_counts(viewer: Actor) -> dict[str, int]:
    """{drift: how many}, of everything that is not retired."""
    rows = in_use(automations_visible(viewer), viewer).filter(is_retired=False).order_by()
    return dict(rows.values_list("drift").annotate(number=Count("pk")))


def automation_of_pipeline(teller: Actor, pk: int) -> Automation:
    """For whoever may post reports of its system, or see it. Raises: Missing."""
    for permission in (Permission.SYSTEM_VIEW, Permission.REPORT_UPLOAD):
        row = Automation.objects.visible_to(teller, permission).filter(pk=pk).first()
        if isinstance(row, Automation):
            return row
    raise Missing(f"There is no automation AU-{pk} that you may tell of.")
