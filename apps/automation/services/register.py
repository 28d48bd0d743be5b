"""The only writers of what is declared."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.automation.kinds import AutomationKind, SignalOf
from apps.automation.models import Automation
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Invalid
from apps.guidance.models import Guidance
from apps.risks.models import RiskStatement

LONGEST_INTERVAL = 3650  # days
MOST_GUARDED = 50


@dataclass(frozen=True)
class AutomationInput:
    """What a person or a caller declares; the models say what each field means."""

    kind: str
    name: str
    stage: str
    description: str = ""
    repository: str = ""
    path: str = ""
    revision: str = ""
    owner: Team | None = None
    tool: str = ""
    category: str = ""
    environment: str = ""
    pattern: str = ""
    interval_days: int | None = None
    due_on: dt.date | None = None
    hypothesis: str = ""
    method: str = ""
    threshold: str = ""
    signal_of: str = ""
    moves_value: bool = False
    statements: Sequence[RiskStatement] = field(default=())
    guidance: Sequence[Guidance] = field(default=())

    def columns(self) -> dict[str, Any]:
        """What stands in the row itself."""
        linked = {"statements", "guidance"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in linked}


@transaction.atomic
def automation_create(*, actor: Actor, system: System, content: AutomationInput) -> Automation:
    """Raises: Missing, NotPermitted, Invalid."""
    require(actor, Permission.AUTOMATION_MANAGE, system)
    _check(system, content)
    row = Automation.objects.create(system=system, created_by=actor.user, **content.columns())
    _link(row, content)
    told = {"name": row.name, "kind": row.kind, **_linked(content)}
    record(actor=actor, action="automation.create", target=row, system_id=system.pk, changes=told)
    return row


@transaction.atomic
def automation_edit(
    *, actor: Actor, automation: Automation, version: int | None, content: AutomationInput
) -> Automation:
    """Raises: Missing, NotPermitted, Invalid, EditConflict."""
    require(actor, Permission.AUTOMATION_MANAGE, automation)
    _check(automation.system, content)
    row = lock_for_edit(Automation, automation.pk, version)
    before = {
        "statements": [each.key for each in row.statements.order_by("pk")],
        "guidance": [each.key for each in row.guidance.order_by("pk")],
    }
    changes = changed_fields(row, content.columns())
    row.save()
    _link(row, content)
    told = {name: [str(old), str(new)] for name, (old, new) in changes.items()}
    for name, after in _linked(content).items():
        if before[name] != after:
            told[name] = [", ".join(before[name]), ", ".join(after)]
    record(actor=actor, action="automation.edit", target=row, system_id=row.system_id, changes=told)
    return row


@transaction.atomic
def automation_retire(*, actor: Actor, automation: Automation, is_retired: bool) -> Automation:
    """It stays readable with its runs, and is asked for nothing any more; or is taken up again."""
    require(actor, Permission.AUTOMATION_MANAGE, automation)
    row = lock_for_edit(Automation, automation.pk, None)
    told = {"is_retired": [row.is_retired, is_retired]}
    row.is_retired = is_retired
    row.save()
    action = "automation.retire" if is_retired else "automation.restore"
    record(actor=actor, action=action, target=row, system_id=row.system_id, changes=told)
    return row


def _link(row: Automation, content: AutomationInput) -> None:
    row.statements.set(content.statements)
    row.guidance.set(content.guidance)


def _linked(content: AutomationInput) -> dict[str, list[str]]:
    return {
        "statements": [each.key for each in sorted(content.statements, key=lambda s: s.pk)],
        "guidance": [each.key for each in sorted(content.guidance, key=lambda g: g.pk)],
    }


def _check(system: System, content: AutomationInput) -> None:
    problems = {
        **_word_problems(content),
        **_kind_problems(content),
        **_place_problems(content),
        **_guard_problems(system, content),
    }
    if problems:
        raise Invalid(problems)


def _word_problems(content: AutomationInput) -> dict[str, str]:
    choices = {
        "kind": AutomationKind.values,
        "stage": Stage.values,
        "signal_of": ["", *SignalOf.values],
    }
    problems = {
        name: f"Say one of: {', '.join(each for each in values if each)}."
        for name, values in choices.items()
        if getattr(content, name) not in values
    }
    if not content.name.strip():
        problems["name"] = "Give it a name."
    if content.interval_days is not None and not 1 <= content.interval_days <= LONGEST_INTERVAL:
        problems["interval_days"] = f"Between 1 and {LONGEST_INTERVAL} days."
    if content.pattern and not content.tool:
        problems["tool"] = "A pattern is looked for in a tool's reports: name the tool."
    return problems


def _kind_problems(content: AutomationInput) -> dict[str, str]:
    """What one kind needs and others do not."""
    kind, problems = content.kind, {}
    if kind == AutomationKind.EXPERIMENT and not content.hypothesis.strip():
        problems["hypothesis"] = "An experiment asks something: what should stay true?"
    if kind == AutomationKind.SIGNAL and not content.threshold.strip():
        problems["threshold"] = "From when on does it warn?"
    if kind == AutomationKind.CHANGE and not (content.interval_days or content.due_on):
        problems["due_on"] = "When is it due, or every how many days?"
    if content.moves_value and kind not in {AutomationKind.EXPERIMENT, AutomationKind.TEST}:
        problems["moves_value"] = (
            "Only experiments and tests are attempts that a value learns from."
        )
    return problems


def _place_problems(content: AutomationInput) -> dict[str, str]:
    problems = {}
    if content.repository and not _is_web_address(content.repository):
        problems["repository"] = "Give an address that begins with https:// and has no password."
    if re.search(r"(^|/)\.\.(/|$)", content.path):
        problems["path"] = "Give the path below the repository's root."
    return problems


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme == "https" and bool(url.hostname) and "@" not in url.netloc


def _guard_problems(system: System, content: AutomationInput) -> dict[str, str]:
    foreign = [each.key for each in content.statements if each.system_id != system.pk]
    if foreign:
        return {"statements": f"{', '.join(foreign)}: of another system than {system.key}."}
    if max(len(content.statements), len(content.guidance)) > MOST_GUARDED:
        return {"statements": f"At most {MOST_GUARDED}."}
    return {}
