"""What a pipeline is told about one stage of a system: risks, what is new, and what is advised.

There is no verdict in it: whoever asks decides what to do with the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor, reader_of
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.advice.carried import statements_carried
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.ui.money import amount_short
from apps.coverage.picture import StageCoverage, open_counts_of
from apps.coverage.selectors import coverage_of, silences_open
from apps.coverage.words import gap_sentences, silence_sentence
from apps.evidence.selectors import open_evidence_counts
from apps.guidance.models import Guidance
from apps.guidance.selectors import Filter, guidance_list
from apps.risks.models import RiskStatement
from apps.scans.models import Finding, FindingState, Report, ReportState

SHOWN = 50  # new findings in the answer; their number is exact
GUIDANCE_SHOWN = 5


@dataclass(frozen=True)
class Since:
    """What "new" is measured from: a commit that was reported, or a branch against the default one.

    Neither: whatever the newest report of each series brought.
    """

    commit: str = ""
    branch: str = ""


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
    return StageAdvice(
        system=system,
        stage=stage,
        since=since,
        risks=risks,
        expected_annual_loss=sum((_value(risk) for risk in risks), Decimal(0)),
        coverage=coverage,
        open_counts=open_counts_of(coverage.arrived),
        new_count=count,
        new=first,
        guidance=guidance,
        advice=[
            *_gaps(system, coverage, guidance),
            *_silences(viewer, system, stage),
            *_news(system, stage, count),
            *(_confirmed(risk) for risk in risks if risk.open_evidence),
        ],
    )


def _risks(viewer: Actor, system: System, stage: Stage) -> list[Risk]:
    """What is carried, the dearest first."""
    found = list(
        statements_carried(viewer)
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
    if since.branch and since.branch != system.default_branch:
        return _only_on(rows, since.branch).order_by("-severity", "-id")
    rows = rows.filter(is_preview=False, presences__is_current=True)
    if since.commit:
        base = (
            Report.objects.filter(series=OuterRef("series"), state=ReportState.PROCESSED)
            .filter(commit__istartswith=since.commit)
            .order_by("-id")
        )
        later = Report.objects.filter(
            pk=OuterRef("presences__since_id"), pk__gt=base.values("pk")[:1]
        )
        # A series that never reported this commit has no base: all of it is new to whoever asks.
        rows = rows.filter(Q(Exists(later)) | ~Exists(base))
    else:
        rows = rows.filter(presences__since=F("series__newest_report"))
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


def _news(system: System, stage: Stage, count: int) -> list[Advice]:
    if not count:
        return []
    text = ngettext("%(n)d finding is new.", "%(n)d findings are new.", count) % {"n": count}
    return [Advice("new", text, f"{reverse('finding-list')}?system={system.key}&stage={stage}")]


def _gaps(system: System, coverage: StageCoverage, guidance: Sequence[Guidance]) -> list[Advice]:
    page = reverse("system-coverage", args=[system.key])
    told = []
    for gap in gap_sentences(coverage):
        read_on = _read_on([gap.guidance] if gap.guidance else guidance)
        told.append(Advice(gap.kind, f"{gap.text} {read_on}".strip(), f"{page}#{coverage.stage}"))
    return told


def _silences(viewer: Actor, system: System, stage: Stage) -> list[Advice]:
    page = reverse("system-coverage", args=[system.key])
    rows = silences_open(viewer).filter(series__system=system, series__stage=stage)
    return [Advice("silent", silence_sentence(each), page) for each in rows]


def _read_on(guidance: Sequence[Guidance]) -> str:
    if not guidance or guidance[0].current is None:
        return ""
    return _("The guidance is %(key)s, %(title)s.") % {
        "key": guidance[0].key,
        "title": guidance[0].current.title,
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
        "value": amount_short(_value(risk)),
        "currency": settings.SECOPS_CURRENCY,
    }
    return Advice("risk", text, reverse("statement-detail", args=[statement.pk]))
