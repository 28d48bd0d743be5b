"""Chaos Toolkit journals: what became of an experiment."""

from collections.abc import Iterator
from typing import Any

import msgspec

from apps.scans.formats import masking
from apps.scans.formats.decode import Shape, document, loose_document
from apps.scans.formats.text import clean, first_line, moment, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_SECRET_FIELDS = frozenset({"secrets"})
_UNFINISHED = {"aborted", "interrupted"}


class _Activity(msgspec.Struct):
    name: str | None = None
    type: str | None = None


class _Run(msgspec.Struct):
    activity: _Activity | None = None
    status: str | None = None
    output: Any = None
    exception: list[str] | None = None
    tolerance_met: bool | None = None


class _State(msgspec.Struct):
    steady_state_met: bool | None = None
    probes: list[_Run] | None = None


class _States(msgspec.Struct):
    before: _State | None = None
    after: _State | None = None
    during: list[_Run] | None = None


class _Experiment(msgspec.Struct):
    title: str | None = None
    description: str | None = None
    tags: list[str] | None = None


class _Journal(msgspec.Struct, rename="kebab"):
    chaoslib_version: str | None = None
    experiment: _Experiment | None = None
    start: str | None = None
    end: str | None = None
    status: str | None = None
    deviated: bool | None = None
    steady_states: _States | None = msgspec.field(name="steady_states", default=None)
    run: list[_Run] | None = None
    rollbacks: list[_Run] | None = None


_JOURNAL = Shape(_Journal)


class ChaosToolkit(Format):
    """The journal that `chaos run` writes: one experiment."""

    slug = "chaostoolkit"
    name = "Chaos Toolkit journal"
    stages = ("operate", "test", "release")
    tool_name = "Chaos Toolkit"
    mapping = {
        "kind": "test",
        "rule_id": "experiment.title",
        "title": "experiment.title and what went wrong",
        "severity": "high if the system deviated from its steady state, else medium",
        "severity_source": "deviated, or status",
        "location.logical": "experiment.title",
        "description": "experiment.description, and each probe and activity that failed",
        "tags": "experiment.tags",
        "occurred_at": "end, else start",
        "outcomes": "experiments passed; activities that succeeded and failed",
        "tool_version": "chaoslib-version",
        "status": "failed if the run was aborted or interrupted, or says nothing",
    }
    notes = (
        "An experiment holds only if its status is completed, nothing deviated, no steady state "
        "was missed and "
        "no activity failed: without a hypothesis, a run with failed probes still calls itself "
        "completed."
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "experiment" in head.keys and (
            "chaoslib-version" in head.keys or {"steady_states", "run"} <= head.keys
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        text = masking.scrub(bytes(data))
        journal = document(text, _JOURNAL, warnings)
        if journal.experiment is None:
            raise FormatError("wrong-type", "There is no object `experiment`.", "/experiment")
        status = clean(journal.status)
        unfinished = status in _UNFINISHED or not status
        problems = list(_problems(journal))
        runs = journal.run or []
        good = sum(run.status == "succeeded" for run in runs)
        outcomes = {"passed": 0 if problems else 1, "activities succeeded": good}
        outcomes["activities failed"] = sum(run.status == "failed" for run in runs)
        return ParsedReport(
            findings=iter([_finding(journal, problems, text)] if problems else []),
            tool_name=self.tool_name,
            tool_version=clean(journal.chaoslib_version)[:120],
            scanned_at=moment(journal.end) or moment(journal.start),
            status=ScanStatus.FAILED if unfinished else ScanStatus.COMPLETE,
            status_reason=f"The run is {status}."
            if status in _UNFINISHED
            else "The journal has no status."
            if unfinished
            else "",
            outcomes={name: count for name, count in outcomes.items() if count},
            warnings=warnings,
        )


def _problems(journal: _Journal) -> Iterator[str]:
    """What did not hold, a line each; nothing if the experiment held."""
    states = journal.steady_states or _States()
    for name, state in (("before", states.before), ("after", states.after)):
        if state is not None and state.steady_state_met is False:
            yield f"The steady state was not met {name} the method."
        yield from (
            _line(probe) for probe in (state.probes or [] if state else []) if _failed(probe)
        )
    runs = [*(states.during or []), *(journal.run or []), *(journal.rollbacks or [])]
    yield from (_line(run) for run in runs if _failed(run))
    if journal.deviated:
        yield "The system deviated from its steady state."
    if journal.status != "completed":
        yield f"The run ended as {clean(journal.status) or 'unknown'}."


def _failed(run: _Run) -> bool:
    return run.status in {"failed", "aborted"} or run.tolerance_met is False


def _line(run: _Run) -> str:
    activity = run.activity or _Activity()
    what = f"{clean(activity.type) or 'activity'} {clean(activity.name) or 'without a name'}"
    reason = first_line(*reversed(run.exception or [])) if run.exception else ""
    if not reason and run.tolerance_met is False:
        reason = "outside its tolerance"
    return f"{what}: {clean(run.status) or 'failed'}" + (f" ({reason})" if reason else "")


def _finding(journal: _Journal, problems: list[str], data: bytes) -> ParsedFinding:
    experiment = journal.experiment or _Experiment()
    title = first_line(experiment.title) or "Experiment without a title"
    deviated = bool(journal.deviated)
    lines = list(dict.fromkeys(problems))
    return ParsedFinding(
        kind=Kind.TEST,
        rule_id=title,
        title=first_line(f"{title}: {'deviated' if deviated else 'did not hold'}"),
        severity=Severity.HIGH if deviated else Severity.MEDIUM,
        severity_source="deviated" if deviated else clean(journal.status),
        location=Location(logical=title),
        description="\n\n".join(filter(None, [clean(experiment.description), "\n".join(lines)])),
        tags=tags(experiment.tags),
        occurred_at=moment(journal.end) or moment(journal.start),
        passed=False,
        raw=_record(data),
    )


def _record(data: bytes) -> bytes:
    """The journal without the values of secrets, and without the experiment's own text if it is
    long."""
    journal = loose_document(data)
    if isinstance(journal, dict) and len(data) > 100_000:
        journal = {k: v for k, v in journal.items() if k != "experiment"}
    return masking.concealed_json(journal, [], _SECRET_FIELDS)
