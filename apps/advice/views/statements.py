"""The page of a risk statement: sentence, value, reasons, revisions and what bears on it."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.views.what_if import what_if
from apps.automation.selectors import guards_of
from apps.automation.words import drift_sentence
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.common.parts import Parts
from apps.common.ui.curve import Curve
from apps.common.ui.diff import DiffLine, diff_lines
from apps.common.ui.scale import shared_axis
from apps.common.ui.trend import Moment
from apps.controls.selectors import effects_on_statement
from apps.evidence.incidents import IncidentFilter, incidents_list
from apps.evidence.models import EvidencePolicy
from apps.evidence.selectors import (
    links_of_statement,
    rules_of_statement,
    triage_rules_of_statement,
    updates_of,
)
from apps.evidence.services.updates import policies_of
from apps.planning.models import PlanningItem
from apps.risks.forms import (
    AssumptionsForm,
    OpinionForm,
    PublishForm,
    RestoreForm,
    ReviewForm,
    SupersedeForm,
    WithdrawForm,
    assumptions_of,
)
from apps.risks.guidance_offers import Change, Offer, offer_of
from apps.risks.models import RiskRevision, RiskStatement, StatementState, Valuation
from apps.risks.opinions import may_give, opinions_standing, panel_of
from apps.risks.reviews import approval_of, reviews_of, wishes_for
from apps.risks.selectors import ends_of, revisions_of, statement_get
from apps.risks.sensitivity import swings_of
from apps.risks.services.endings import UNDO_WITHIN, undoable
from apps.risks.services.reviews import review_give
from apps.risks.services.statements import statement_publish
from apps.risks.text import (
    Words,
    estimate_words,
    frequency_words,
    statement_lines,
    worth_words,
)
from apps.trackers.selectors import ticket_panel, tickets_of, trackers_for

EVIDENCE_SHOWN = 50
INCIDENTS_SHOWN = 5
REVIEWS_SHOWN = 10
REVISIONS_SHOWN = 20
SWINGS_SHOWN = 8
UPDATES_SHOWN = 10


@dataclass(frozen=True)
class StatementFigures:
    """The value of a statement's text, for its page. Money in the text's currency."""

    low: Decimal  # one year in twenty stays below
    median: Decimal
    under: Decimal  # nine years in ten stay below
    high: Decimal  # nineteen years in twenty stay below
    curves: list[Curve]
    frequency_low: str
    frequency_high: str
    words: list[Words]  # the estimate part by part, where it was not entered as two ranges
    kind: str


@dataclass(frozen=True)
class RevisionView:
    revision: RiskRevision
    changes: tuple[DiffLine, ...]  # against the revision before it


@require_GET
def statement_page(request: PageRequest, pk: int) -> HttpResponse:
    return statement_shown(request, statement_get(request.actor, pk))


def statement_shown(
    request: PageRequest, statement: RiskStatement, *, status: int = 200, **bound: Any
) -> HttpResponse:
    """The page, with forms that were refused in place of fresh ones."""
    shown = statement.told
    revisions = list(revisions_of(statement)[:REVISIONS_SHOWN])
    parts = _parts(request.actor, statement)
    evidence = parts["evidence"]
    context = {
        "statement": statement,
        "shown": shown,
        "figures": _figures(shown),
        **what_if(request, statement, parts["controls"]),
        "incidents": parts["incidents"],
        "swings": (swings := swings_of(shown)[:SWINGS_SHOWN]),
        "swing_axis": shared_axis([end for each in swings for end in (each.least, each.most)])
        if swings
        else None,
        "unpublished": _unpublished(statement),
        "offer": (offer := offer_of(statement)),
        "offer_lines": _offer_lines(offer),
        "revisions": _revisions(revisions),
        "worth": _worth(revisions),
        "now": timezone.now(),
        "evidence": evidence[:EVIDENCE_SHOWN],
        "more_evidence": len(evidence) > EVIDENCE_SHOWN,
        "updates": parts["updates"],
        "policy": next(iter(parts["policies"]), EvidencePolicy(statement=statement)),
        "guards": [(each, drift_sentence(each)) for each in parts["guards"]],
        "may_automate": may(request.actor, Permission.AUTOMATION_MANAGE, statement),
        "rules": parts["rules"] or parts["triage_rules"],
        "may_edit": may(request.actor, Permission.STATEMENT_EDIT, statement)
        and not statement.is_ended,
        "may_link": may(request.actor, Permission.EVIDENCE_LINK, statement),
        "publish_form": bound.get("publish_form") or PublishForm(prefix="publish"),
        **_endings(request, statement, parts, bound),
        **ticket_panel(statement, parts["tickets"], may_file="trackers" in parts),
        **_review(request, statement, parts, bound),
        **_opinions(request, statement, parts, bound),
        "assumptions_form": bound.get("assumptions_form")
        or AssumptionsForm(initial=assumptions_of(statement)),
        "assumptions_refused": "assumptions_form" in bound,
        "may_publish": statement.published is None or statement.has_unpublished_changes,
    }
    return render(request, "risks/statement.html", context, status=status)


def _parts(viewer: Actor, statement: RiskStatement) -> Parts:
    """What may have come to a statement; most have little of it."""
    pk, happened = statement.pk, IncidentFilter(statement=statement.pk)
    return Parts(
        evidence=links_of_statement(viewer, pk)[: EVIDENCE_SHOWN + 1],
        rules=rules_of_statement(viewer, pk),
        triage_rules=triage_rules_of_statement(viewer, pk),
        updates=updates_of(viewer, pk)[:UPDATES_SHOWN],
        policies=policies_of(statement),
        controls=effects_on_statement(viewer, pk),
        guards=guards_of(viewer, pk),
        incidents=incidents_list(viewer, happened)[:INCIDENTS_SHOWN],
        reviews=reviews_of(statement)[:REVIEWS_SHOWN],
        wishes=wishes_for(statement.system),
        opinions=opinions_standing(pk),
        ends=ends_of(statement),
        successors=statement.successors.select_related("published").order_by("pk"),
        predecessors=statement.predecessors.order_by("pk"),
        tickets=tickets_of(viewer, statement),
        trackers=trackers_for(viewer, statement),
    )


def _review(
    request: PageRequest, statement: RiskStatement, parts: Parts, bound: dict[str, Any]
) -> dict[str, Any]:
    """What a second person said of the working text, and whether one is wished to."""
    return {
        "review_wished": "wishes" in parts,
        "approval": approval_of(statement) if "reviews" in parts else None,
        "reviews": parts["reviews"],
        "may_approve": request.actor.user_id != statement.written_by_id,
        "review_form": bound.get("review_form")
        or ReviewForm(prefix="review", initial={"version": statement.version}),
    }


def _opinions(
    request: PageRequest, statement: RiskStatement, parts: Parts, bound: dict[str, Any]
) -> dict[str, Any]:
    """What several people estimate, and the form for one's own."""
    panel = panel_of(request.actor, statement, parts["opinions"])
    mine = (
        {name: getattr(panel.mine, name) for name in OpinionForm.base_fields} if panel.mine else {}
    )
    return {
        "panel": panel,
        "may_give_opinion": may_give(request.actor, statement),
        "opinion_form": bound.get("opinion_form") or OpinionForm(prefix="opinion", initial=mine),
    }


def _endings(
    request: PageRequest, statement: RiskStatement, parts: Parts, bound: dict[str, Any]
) -> dict[str, Any]:
    """How it ended or may end, and what stands in its place."""
    may_edit = may(request.actor, Permission.STATEMENT_EDIT, statement)
    return {
        "ends": parts["ends"],
        "successors": parts["successors"],
        "predecessors": parts["predecessors"],
        "may_supersede": may_edit and statement.state == StatementState.PUBLISHED,
        "may_restore": may_edit and undoable(statement) is not None,
        "undo_days": UNDO_WITHIN.days,
        "withdraw_form": bound.get("withdraw_form") or WithdrawForm(prefix="withdraw"),
        "supersede_form": bound.get("supersede_form") or SupersedeForm(prefix="supersede"),
        "restore_form": bound.get("restore_form") or RestoreForm(prefix="restore"),
        "refused": next((name for name in bound if name.endswith("_form")), ""),
    }


def _figures(text: RiskStatement | RiskRevision) -> StatementFigures:
    valuation: Valuation = text.valuation
    at = {name: Decimal(amount) for name, amount in valuation.percentiles.items()}
    points = [(loss, chance) for loss, chance in valuation.curve]
    return StatementFigures(
        low=at["5"],
        median=at["50"],
        under=at["90"],
        high=at["95"],
        curves=[Curve(_("A year costs more than"), points)],
        frequency_low=frequency_words(text.frequency_low),
        frequency_high=frequency_words(text.frequency_high),
        words=estimate_words(text.estimate),
        kind=text.estimate.get("kind", "ranges"),
    )


def _unpublished(statement: RiskStatement) -> tuple[DiffLine, ...]:
    """What the working text would change in the published one."""
    if statement.published is None or not statement.has_unpublished_changes:
        return ()
    return diff_lines(statement_lines(statement.published), statement_lines(statement))


def _offer_lines(offer: Offer | None) -> list[tuple[Change, tuple[DiffLine, ...]]]:
    """What the guidance says otherwise now, thing by thing."""
    changes = offer.changes if offer else ()
    return [(each, diff_lines(each.before, each.after)) for each in changes]


def _worth(newest_first: list[RiskRevision]) -> list[Moment]:
    """What the risk was worth since when and why, the oldest first; none where it never changed."""
    moments = [
        Moment(
            each.published_at,
            each.valuation.expected_annual_loss,
            each.note or _("Revision %(number)d") % {"number": each.number},
        )
        for each in reversed(newest_first)
    ]
    return moments if len({each.amount for each in moments}) > 1 else []


def _revisions(newest_first: list[RiskRevision]) -> list[RevisionView]:
    views = [
        RevisionView(after, diff_lines(statement_lines(before), statement_lines(after)))
        for after, before in pairwise(newest_first)
    ]
    return views + [RevisionView(last, ()) for last in newest_first[-1:]]


@require_POST
def statement_publish_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    before = statement.published
    form = PublishForm(request.POST, prefix="publish")
    if not form.is_valid():
        return statement_shown(request, statement, status=422, publish_form=form)
    try:
        revision = statement_publish(
            actor=request.actor, statement=statement, note=form.cleaned_data["note"]
        )
    except Invalid as error:
        apply_domain_errors(form, error)
        return statement_shown(request, statement, status=422, publish_form=form)
    except Conflict as conflict:
        messages.error(request, conflict.message)
    else:
        messages.success(request, _published(statement.item, before, revision))
    return redirect("statement-detail", pk)


def _published(item: PlanningItem, before: RiskRevision | None, after: RiskRevision) -> SafeString:
    """What publishing did to the value, and the way on to the item that the risk is about."""
    said: Any = _("Published as revision %(number)d. It counts from now on.")
    onward: Any = _("On to %(key)s, %(title)s")
    return format_html(
        '{} {} <a href="{}">{}</a>',
        said % {"number": after.number},
        worth_words(before, after),
        reverse("item-detail", args=[item.pk]),
        onward % {"key": item.key, "title": item.title},
    )


@require_POST
def statement_review_page(request: PageRequest, pk: int) -> HttpResponse:
    """Approve the working text that was shown (`approves`), or only comment on it."""
    statement = statement_get(request.actor, pk)
    form = ReviewForm(request.POST, prefix="review")
    if form.is_valid():
        try:
            review = review_give(
                actor=request.actor,
                statement=statement,
                version=form.cleaned_data["version"],
                approves="approves" in request.POST,
                body=form.cleaned_data["body"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            messages.error(request, conflict.message)
            return redirect("statement-detail", pk)
        else:
            told = _("Approved. It can be published as reviewed.")
            messages.success(request, told if review.approves else _("Your comment is there."))
            return redirect("statement-detail", pk)
    return statement_shown(request, statement, status=422, review_form=form)
