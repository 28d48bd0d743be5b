"""What a pipeline is told about one stage of a system: risks, what is new, and what is advised.

There is no verdict in it: whoever asks decides what to do with the answer.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor, reader_of
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.advice.carried import statements_carried
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.ui.money import amount_told
from apps.coverage.kinds import ABOUT, EvidenceKind
from apps.coverage.picture import StageCoverage, open_counts_of
from apps.coverage.selectors import coverage_of, silences_open
from apps.coverage.words import gap_sentences, silence_sentence
from apps.evidence.selectors import open_evidence_counts
from apps.guidance.models import Guidance
from apps.guidance.selectors import Filter, guidance_list
from apps.risks.models import RiskStatement
from apps.scans.models import Finding, FindingState, Report, ReportState
from apps.scans.newness import WEEK

SHOWN = 50  # new findings in the answer; their number is exact
GUIDANCE_SHOWN = 5


@dataclass(frozen=True)
class Since:
    """What "new" is measured from: a commit that was reported, a branch against the default one, or a day.

    None of them: the day a week ago, in UTC as for all machines.
    """

    commit: str = ""
    branch: str = ""
    day: dt.date | None = None

    @property
    def first_day(self) -> dt.date:
        return self.day or timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=WEEK)

    def is_of_branch(self, default_branch: str) -> bool:
        return bool(self.branch) and self.branch != default_branch

    def words(self, default_branch: str) -> str:
        """Behind "new": since when, or against what."""
        if self.is_of_branch(default_branch):
            return _("on %(branch)s against %(default)s") % {
                "branch": self.branch,
                "default": default_branch,
            }
        if self.commit:
            return _("since commit %(commit)s") % {"commit": self.commit[:12]}
        return _("since %(day)s") % {"day": self.first_day.isoformat()}


@dataclass(frozen=True)
class Risk:
    """A risk carried in this stage; `open_evidence` counts the open findings that bear on it."""

    statement: RiskStatement
    open_evidence: int


@dataclass(frozen=True)
class Advice:
    """One sentence to act on. kind: gap, stale, silent, risk or new. url: where to read on."""

    kind: str
    text: str
    url: str


@dataclass(frozen=True)
class StageAdvice:
    """Money is the organisation's currency a year; `open_counts` by severity, index 0 to 4."""

    system: System
    stage: Stage
    since: Since
    risks: Sequence[Risk]
    expected_annual_loss: Decimal
    coverage: StageCoverage
    open_counts: Sequence[int]
    new_since: str  # what "new" is measured from, in words
    new_count: int
    new: Sequence[Finding]
    guidance: Sequence[Guidance]
    advice: Sequence[Advice]


def stage_advice(asker: Actor, key: str, stage: Stage, since: Since) -> StageAdvice:
    """Everything of the answer. Raises: Missing, NotPermitted."""
    system = system_get(asker, key, permission=Permission.ADVICE_VIEW)
    require(asker, Permission.ADVICE_VIEW, system, seen_by=Permission.ADVICE_VIEW)
    viewer = reader_of(system.pk)
    risks = _risks(viewer, system, stage)
    coverage = coverage_of(viewer, [system])[0].stage(stage)
    fresh = _new(viewer, system, stage, since)
    count, first = fresh.count(), list(fresh.select_related("series")[:SHOWN])
    guidance = _guidance(viewer, stage, first)
    words = since.words(system.default_branch)
    return StageAdvice(
        system=system,
        stage=stage,
        since=since,
        risks=risks,
        expected_annual_loss=sum((_value(risk) for risk in risks), Decimal(0)),
        coverage=coverage,
        open_counts=open_counts_of(coverage.arrived),
        new_since=words,
        new_count=count,
        new=first,
        guidance=guidance,
        advice=[
            *_gaps(viewer, system, coverage),
            *_silences(viewer, system, stage),
            *_news(system, stage, since, words, count),
            *(_confirmed(risk) for risk in risks if risk.open_evidence),
        ],
    )


def _risks(viewer: Actor, system: System, stage: Stage) -> list[Risk]:
    """What is carried, the dearest first."""
    found = list(
        statements_carried(viewer, named=system)
        .filter(system=system, item__stage=stage)
        .order_by("-published__valuation__expected_annual_loss", "-pk")
    )
    counts = open_evidence_counts(viewer, [each.pk for each in found])
    return [Risk(each, counts.get(each.pk, 0)) for each in found]


def _value(risk: Risk) -> Decimal:
    revision = risk.statement.published
    assert revision is not None  # noqa: S101  # only published statements are carried
    return revision.valuation.expected_annual_loss


def _new(viewer: Actor, system: System, stage: Stage, since: Since) -> QuerySet[Finding]:
    """Open findings that are new, the worst first."""
    rows = Finding.objects.visible_to(viewer).filter(
        system=system, stage=stage, state=FindingState.OPEN
    )
    if since.is_of_branch(system.default_branch):
        return _only_on(rows, since.branch).order_by("-severity", "-id")
    rows = rows.filter(is_preview=False)
    # In one filter(), so that all of it is asked of the same presence: the one that lasts.
    if since.commit:
        base = (
            Report.objects.filter(series=OuterRef("series"), state=ReportState.PROCESSED)
            .filter(commit__istartswith=since.commit)
            .order_by("-id")
        )
        # A series that never reported this commit has no base: all of it is new to whoever asks.
        later = Q(presences__since__gt=Subquery(base.values("pk")[:1])) | ~Exists(base)
        rows = rows.filter(later, presences__is_current=True)
    else:
        began = dt.datetime.combine(since.first_day, dt.time.min, dt.UTC)
        rows = rows.filter(presences__is_current=True, presences__since__received_at__gte=began)
    return rows.order_by("-severity", "-id")


def _only_on(rows: QuerySet[Finding], branch: str) -> QuerySet[Finding]:
    """What the branch has and the default branch has not, known or judged there."""
    default = Finding.objects.filter(
        system=OuterRef("system"),
        is_preview=False,
        is_present=True,
        fingerprint=OuterRef("fingerprint"),
        series__tool=OuterRef("series__tool"),
        series__category=OuterRef("series__category"),
        series__environment=OuterRef("series__environment"),
    )
    return rows.filter(is_preview=True, series__branch=branch).filter(~Exists(default))


def _guidance(viewer: Actor, stage: Stage, findings: Sequence[Finding]) -> list[Guidance]:
    """On the weaknesses of what is new first, then on the stage."""
    cwes = sorted({cwe for each in findings for cwe in each.cwes})
    library = guidance_list(viewer).filter(current__isnull=False)
    on_weakness = library.filter(current__cwes__overlap=cwes) if cwes else library.none()
    found = list(on_weakness[:GUIDANCE_SHOWN])
    on_stage = guidance_list(viewer, Filter(stage=stage)).filter(current__isnull=False)
    rest = on_stage.exclude(pk__in=[each.pk for each in found])
    return [*found, *rest[: GUIDANCE_SHOWN - len(found)]]


def _news(system: System, stage: Stage, since: Since, words: str, count: int) -> list[Advice]:
    if not count:
        return []
    text = ngettext("%(n)d finding is new %(since)s.", "%(n)d findings are new %(since)s.", count)
    asked = {"system": system.key, "stage": stage.value}
    if not since.commit and not since.is_of_branch(system.default_branch):
        asked["since"] = since.first_day.isoformat()
    url = f"{reverse('finding-list')}?{urlencode(asked)}"
    return [Advice("new", text % {"n": count, "since": words}, url)]


def _gaps(viewer: Actor, system: System, coverage: StageCoverage) -> list[Advice]:
    page = reverse("system-coverage", args=[system.key])
    gaps = gap_sentences(coverage)
    about = _about(viewer, coverage.stage, {kind for gap in gaps for kind in gap.kinds})
    told = []
    for gap in gaps:
        read_on = _read_on(gap.guidance or next((about[k] for k in gap.kinds if k in about), None))
        told.append(Advice(gap.kind, f"{gap.text} {read_on}".strip(), f"{page}#{coverage.stage}"))
    return told


def _silences(viewer: Actor, system: System, stage: Stage) -> list[Advice]:
    page = reverse("system-coverage", args=[system.key])
    rows = silences_open(viewer).filter(series__system=system, series__stage=stage)
    return [Advice("silent", silence_sentence(each), page) for each in rows]


def _about(
    viewer: Actor, stage: Stage, kinds: Collection[EvidenceKind]
) -> dict[EvidenceKind, Guidance]:
    """Guidance that is about what a kind of evidence looks for, that of the stage first; others have none."""
    cwes = sorted({cwe for kind in kinds for cwe in ABOUT.get(kind, ())})
    if not cwes:
        return {}
    library = guidance_list(viewer).filter(current__cwes__overlap=cwes)
    pieces = sorted(
        library, key=lambda each: each.current is None or stage not in each.current.stages
    )
    found: dict[EvidenceKind, Guidance] = {}
    for piece in pieces:
        for kind in kinds:
            if piece.current and ABOUT.get(kind, frozenset()) & set(piece.current.cwes):
                found.setdefault(kind, piece)
    return found


def _read_on(guidance: Guidance | None) -> str:
    if guidance is None or guidance.current is None:
        return ""
    return _("The guidance is %(key)s, %(title)s.") % {
        "key": guidance.key,
        "title": guidance.current.title,
    }


def _confirmed(risk: Risk) -> Advice:
    statement = risk.statement
    text = ngettext(
        "%(n)d open finding bears on %(key)s, worth %(value)s %(currency)s a year.",
        "%(n)d open findings bear on %(key)s, worth %(value)s %(currency)s a year.",
        risk.open_evidence,
    ) % {
        "n": risk.open_evidence,
        "key": statement.key,
        "value": amount_told(_value(risk)),
        "currency": settings.SECOPS_CURRENCY,
    }
    return Advice("risk", text, reverse("statement-detail", args=[statement.pk]))
