"""What is missing, in sentences that say what to do about it."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.coverage.kinds import EvidenceKind
from apps.coverage.models import Silence
from apps.coverage.picture import Expected, StageCoverage
from apps.guidance.models import Guidance

HOURS_UNTIL_DAYS = 36


@dataclass(frozen=True)
class Gap:
    """kind: gap (never arrived) or stale (older than expected)."""

    kind: str
    text: str
    guidance: Guidance | None
    kinds: tuple[EvidenceKind, ...] = ()  # what is missing


def gap_sentences(coverage: StageCoverage) -> list[Gap]:
    """One for a stage that is blind, else one for each kind of evidence that is missing or old."""
    names = {"stage": coverage.stage.label, "system": coverage.system.name}
    if coverage.state == "blind":
        guidance = next((e.line.guidance for e in coverage.expected if e.line.guidance), None)
        wanted = _listed([in_sentence(each.line.kind) for each in coverage.expected])
        if coverage.extra:
            text = _("%(stage)s of %(system)s lacks what is expected: %(wanted)s.")
        else:
            text = _("%(stage)s of %(system)s has no evidence yet; expected: %(wanted)s.")
        kinds = tuple(each.line.kind for each in coverage.expected)
        return [Gap("gap", text % {**names, "wanted": wanted}, guidance, kinds)]
    return [_gap(names, each) for each in coverage.gaps]


def _gap(names: dict[str, object], wanted: Expected) -> Gap:
    words = {**names, "kind": in_sentence(wanted.line.kind), "max": wanted.line.max_age_days}
    days = wanted.age_days
    if days is None:
        text = _("%(stage)s of %(system)s has had no %(kind)s yet.") % words
        return Gap("gap", text, wanted.line.guidance, (wanted.line.kind,))
    text = ngettext(
        "%(stage)s of %(system)s has had no %(kind)s for %(days)d day; every %(max)d are expected.",
        "%(stage)s of %(system)s has had no %(kind)s for %(days)d days; every %(max)d are expected.",
        days,
    )
    text %= {**words, "days": days}
    return Gap("stale", text, wanted.line.guidance, (wanted.line.kind,))


def silence_sentence(silence: Silence) -> str:
    words = {"series": str(silence.series), "since": date_format(timezone.localtime(silence.since))}
    if silence.rhythm is None:
        return _("%(series)s has not reported since %(since)s.") % words
    hours = silence.rhythm.total_seconds() / 3600
    usual = (
        ngettext("hour", "%(n)d hours", round(hours) or 1) % {"n": round(hours)}
        if hours < HOURS_UNTIL_DAYS
        else ngettext("day", "%(n)d days", round(hours / 24)) % {"n": round(hours / 24)}
    )
    text = _("%(series)s reported about every %(usual)s and is silent since %(since)s.")
    return text % {**words, "usual": usual}


def in_sentence(kind: EvidenceKind) -> str:
    """A kind's name within a sentence: "static analysis"; an abbreviation stays as it is."""
    label = str(kind.label)
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
