"""How an entry stands, as a sentence."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.automation.kinds import AutomationKind, Drift, Outcome
from apps.automation.models import Automation, AutomationRun


def drift_sentence(row: Automation) -> str:
    """row: annotated with `drift` (selectors.automations_visible)."""
    drift = Drift(row.drift)  # type: ignore[attr-defined]  # annotated
    run, is_signal = row.last_run, row.kind == AutomationKind.SIGNAL
    if drift == Drift.RETIRED:
        return _("It is retired: nothing is expected of it.")
    if run is None:
        return (
            _("Nothing that it watches has reported yet.")
            if is_signal
            else _("It is declared and has never run, as far as anything here tells.")
        )
    day = date_format(timezone.localtime(run.ran_at))
    return _signal(drift, day) if is_signal else _ran(row, run, drift, day)


def _signal(drift: Drift, day: str) -> str:
    if drift == Drift.FAILING:
        return _("It warns, by the report of %(day)s.") % {"day": day}
    return _("Quiet in the report of %(day)s.") % {"day": day}


def _ran(row: Automation, run: AutomationRun, drift: Drift, day: str) -> str:
    late = (timezone.localdate() - row.due_on).days if row.due_on else 0
    failed = run.failed or 1
    if drift == Drift.FAILING and run.outcome == Outcome.ERRORED:
        text = _("The run of %(day)s did not finish.")
    elif drift == Drift.FAILING:
        text = ngettext(
            "The run of %(day)s failed: %(failed)d thing did not hold.",
            "The run of %(day)s failed: %(failed)d things did not hold.",
            failed,
        )
    elif drift == Drift.OVERDUE:
        text = ngettext(
            "It was due %(late)d day ago; it last ran on %(day)s.",
            "It was due %(late)d days ago; it last ran on %(day)s.",
            late,
        )
    elif drift == Drift.REVISION:
        text = _("Declared is %(said)s; on %(day)s %(ran)s ran.")
    else:
        text = _("It ran on %(day)s as it is declared.")
    return text % {
        "day": day,
        "late": late,
        "failed": failed,
        "said": row.revision[:12],
        "ran": run.revision[:12],
    }
