"""How the states of things are shown: a word, a tone and an icon, in one place for every page."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Look:
    label: str | Promise
    tone: str  # neutral, accent, good, warn, bad, caution or info: classes tone-* in the CSS
    icon: str


SEVERITIES: Final[dict[str, str | Promise]] = {
    "critical": _("Critical"),
    "high": _("High"),
    "medium": _("Medium"),
    "low": _("Low"),
    "info": pgettext_lazy("severity", "Info"),
    "none": pgettext_lazy("severity", "None"),
    "unknown": pgettext_lazy("severity", "Unrated"),
}

STATES: Final[dict[str, dict[str, Look]]] = {
    "finding": {
        "open": Look(_("Open"), "warn", "circle-dot"),
        "reopened": Look(_("Reopened"), "caution", "rotate-ccw"),
        "fixed": Look(_("Fixed"), "good", "circle-check"),
        "false_positive": Look(_("False positive"), "neutral", "circle-slash"),
        "accepted": Look(_("Accepted"), "info", "shield-check"),
        "not_affected": Look(_("Not affected"), "neutral", "shield-off"),
    },
    "webhook": {
        "new": Look(_("Not used yet"), "neutral", "circle-dashed"),
        "good": Look(_("Good"), "good", "circle-check"),
        "failing": Look(_("Failing"), "warn", "triangle-alert"),
        "paused": Look(_("Paused"), "neutral", "circle-pause"),
        "disabled": Look(_("Switched off"), "bad", "circle-x"),
    },
    "provider": {
        "on": Look(_("On"), "good", "circle-check"),
        "off": Look(_("Off"), "neutral", "circle-slash"),
    },
    "check": {
        "good": Look(_("Good"), "good", "circle-check"),
        "bad": Look(_("Wrong"), "bad", "circle-x"),
        "unsure": Look(_("Look at it"), "warn", "triangle-alert"),
    },
    "ticket": {
        "queued": Look(_("Being filed"), "info", "clock"),
        "open": Look(_("Open"), "info", "circle-dot"),
        "closed": Look(_("Closed"), "neutral", "circle-check"),
        "failed": Look(_("Not filed"), "bad", "circle-x"),
        "gone": Look(_("No longer there"), "warn", "circle-slash"),
    },
    "delivery": {
        "queued": Look(_("Waiting"), "info", "clock"),
        "delivered": Look(_("Delivered"), "good", "circle-check"),
        "failed": Look(_("Given up"), "bad", "circle-x"),
    },
    "drift": {
        "good": Look(_("As declared"), "good", "circle-check"),
        "never": Look(_("Never ran"), "warn", "circle-dashed"),
        "failing": Look(_("Failing"), "bad", "circle-x"),
        "overdue": Look(_("Overdue"), "bad", "calendar-clock"),
        "revision": Look(_("Another revision"), "caution", "git-compare"),
        "retired": Look(_("Retired"), "neutral", "archive"),
    },
    "control": {
        "in_place": Look(_("In place"), "good", "shield-check"),
        "planned": Look(_("Planned"), "info", "calendar-clock"),
        "waived": Look(_("Waived"), "neutral", "circle-slash"),
        "retired": Look(_("Retired"), "neutral", "archive"),
    },
    "incident": {
        "incident": Look(_("Incident"), "bad", "shield-alert"),
        "near_miss": Look(_("Near miss"), "caution", "triangle-alert"),
        "quiet": Look(_("Nothing happened"), "good", "circle-check"),
    },
    "outcome": {
        "passed": Look(_("Passed"), "good", "circle-check"),
        "failed": Look(_("Failed"), "bad", "circle-x"),
        "errored": Look(_("Did not finish"), "warn", "triangle-alert"),
    },
    "freshness": {
        "fresh": Look(_("Fresh"), "good", "circle-check"),
        "ageing": Look(_("Ageing"), "warn", "clock"),
        "stale": Look(_("Stale"), "bad", "calendar-clock"),
        "none": Look(pgettext_lazy("evidence", "Missing"), "neutral", "eye-off"),
    },
    "coverage": {
        "covered": Look(_("Covered"), "good", "circle-check"),
        "partly": Look(_("Partly"), "warn", "circle-dashed"),
        "late": Look(_("Late"), "bad", "calendar-clock"),
        "blind": Look(_("Blind"), "bad", "eye-off"),
        "extra": Look(_("Evidence"), "info", "circle-dot"),
        "none": Look(_("Not expected"), "neutral", "minus"),
    },
    "value-update": {
        "proposed": Look(_("Proposed"), "accent", "lightbulb"),
        "flagged": Look(_("Flagged"), "caution", "flag"),
        "applied": Look(_("Applied"), "good", "circle-check"),
        "dismissed": Look(_("Dismissed"), "neutral", "circle-slash"),
        "undone": Look(_("Undone"), "neutral", "undo-2"),
    },
    "triage": {
        "running": Look(_("Under way"), "accent", "loader"),
        "done": Look(_("Done"), "good", "circle-check"),
        "undoing": Look(_("Being undone"), "accent", "loader"),
        "undone": Look(_("Undone"), "neutral", "undo-2"),
    },
    "report": {
        "received": Look(_("Received"), "info", "inbox"),
        "processing": Look(_("Processing"), "accent", "loader"),
        "processed": Look(_("Processed"), "good", "circle-check"),
        "failed": Look(_("Failed"), "bad", "circle-x"),
        "quarantined": Look(_("Quarantined"), "bad", "shield-alert"),
    },
    "report-phase": {
        "waiting": Look(_("Waiting"), "info", "inbox"),
        "reading": Look(_("Reading"), "accent", "loader"),
        "matching": Look(_("Matching with what is known"), "accent", "loader"),
        "counting": Look(_("Counting"), "accent", "loader"),
        "done": Look(_("Processed"), "good", "circle-check"),
    },
    "statement": {
        "draft": Look(_("Draft"), "neutral", "pencil"),
        "published": Look(_("Published"), "accent", "circle-check"),
        "superseded": Look(_("Superseded"), "neutral", "history"),
        "withdrawn": Look(_("Withdrawn"), "neutral", "circle-slash"),
    },
    "item": {
        "idea": Look(_("Idea"), "neutral", "lightbulb"),
        "open": Look(_("Weighing options"), "accent", "scale"),
        "decided": Look(_("Decided"), "good", "circle-check"),
        "done": Look(_("Done"), "neutral", "check-check"),
    },
    "guidance": {
        "draft": Look(_("Draft"), "neutral", "pencil"),
        "published": Look(_("Published"), "accent", "circle-check"),
        "retired": Look(_("Retired"), "neutral", "archive"),
    },
    "question": {
        "open": Look(_("Waiting for an answer"), "caution", "circle-help"),
        "answered": Look(_("Answered"), "good", "message-circle"),
        "closed": Look(_("Closed"), "neutral", "archive"),
    },
    "decision": {
        "current": Look(_("Current"), "good", "circle-check"),
        "confirm": Look(_("Confirm again"), "caution", "refresh-cw"),
        "expiring": Look(_("Expires soon"), "warn", "calendar-clock"),
        "expired": Look(_("Expired"), "bad", "calendar-clock"),
        "replaced": Look(_("Replaced by a new decision"), "neutral", "history"),
        "undone": Look(_("Undone"), "neutral", "undo-2"),
        "revisited": Look(_("Taken up again"), "neutral", "undo-2"),
    },
    "source": {
        "good": Look(_("Working"), "good", "circle-check"),
        "new": Look(_("Not run yet"), "neutral", "circle-dashed"),
        "failing": Look(_("Failing"), "warn", "triangle-alert"),
        "broken": Look(_("Broken"), "bad", "circle-x"),
        "paused": Look(_("Paused"), "neutral", "circle-pause"),
    },
    "pull": {
        "queued": Look(_("Queued"), "neutral", "clock"),
        "running": Look(_("Running"), "info", "loader"),
        "succeeded": Look(_("Succeeded"), "good", "circle-check"),
        "failed": Look(_("Failed"), "bad", "circle-x"),
    },
    "run": {
        "passed": Look(_("Passed"), "good", "circle-check"),
        "failed": Look(_("Failed"), "bad", "circle-x"),
        "unknown": Look(_("Never run"), "neutral", "circle-dashed"),
    },
    "verdict": {
        "info": Look(_("For information"), "info", "info"),
        "warn": Look(_("Worth a look"), "warn", "triangle-alert"),
        "attention": Look(_("Needs attention"), "caution", "shield-alert"),
    },
    "change": {
        "new": Look(_("New"), "warn", "plus"),
        "unchanged": Look(_("Unchanged"), "neutral", "minus"),
        "fixed": Look(_("Fixed"), "good", "check"),
        "reopened": Look(_("Reopened"), "caution", "rotate-ccw"),
    },
}

TREATMENTS: Final[dict[str, Look]] = {
    "mitigate": Look(_("Mitigate"), "good", "shield-check"),
    "accept": Look(_("Accept"), "warn", "flag"),
    "avoid": Look(_("Avoid"), "info", "ban"),
    "transfer": Look(_("Transfer"), "neutral", "share-2"),
}
STATES["treatment"] = TREATMENTS

TONE_ICONS: Final = {
    "neutral": "info",
    "accent": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
    "caution": "shield-alert",
    "info": "info",
}


def state_look(kind: str, value: str) -> Look:
    """The look of a state. Raises KeyError for a pair that nobody described."""
    return STATES[kind][value]
