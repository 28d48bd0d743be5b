"""A planning item as one readable document: options side by side, risks, evidence, advice, decision."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Window

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.advice.comparison import OptionLoss, compare_options
from apps.advice.information import Information, information_of
from apps.advice.item_stages import StageSays, stages_say
from apps.common.parts import Parts
from apps.coverage.selectors import coverage_of, sayings_in, sayings_lists
from apps.evidence.models import EvidenceLink
from apps.evidence.selectors import links_of_item, with_open_evidence, with_stages
from apps.guidance.models import Guidance
from apps.guidance.selectors import guidance_of_item
from apps.planning.models import (
    Decision,
    DecisionEnd,
    Option,
    PlanningItem,
    Question,
    Recommendation,
)
from apps.planning.selectors import (
    decisions_of,
    item_get,
    options_of,
    questions_visible,
    recommendations_of,
)
from apps.risks.changes import Change, changes_since
from apps.risks.models import RiskStatement, StatementState
from apps.risks.selectors import statements_ended, statements_of_item
from apps.trackers.selectors import Origin, mirrored_of, origin_of_item

_TOTAL = Window(Count("pk"))  # of all rows, though only some are read
EVIDENCE_SHOWN = 10  # open and severe first; what is left stands on the statements' own pages


@dataclass(frozen=True)
class StatementView:
    statement: RiskStatement
    open_evidence: int


@dataclass(frozen=True)
class OptionView:
    """One option with what it risks. `loss` is None while it has no published statement at all."""

    option: Option
    statements: list[StatementView]
    loss: OptionLoss | None
    is_recommended: bool
    is_chosen: bool

    @property
    def first_year_cost(self) -> Decimal | None:
        return self.option.first_year_cost


@dataclass(frozen=True)
class ItemView:
    item: PlanningItem
    options: list[OptionView]
    information: Information | None  # what it is worth to find out before choosing
    on_item: list[StatementView]  # statements that hold whatever is chosen
    ended: list[RiskStatement]  # withdrawn or superseded: no longer in any value
    recommendation: Recommendation | None
    decision: Decision | None  # the one in force
    changes: list[Change]  # since the decision in force, or since the one that expired last
    past_decisions: list[Decision]  # the newest first
    guidance: list[Guidance]  # linked with it
    questions: list[Question]
    evidence: list[EvidenceLink]
    evidence_total: int
    stages: list[StageSays]
    origin: Origin | None  # where it is mirrored from
    may: dict[str, bool]  # permission value with "." as "_": what the viewer may do here

    @property
    def changed_at(self) -> dt.datetime:
        """When anything of it changed last: its words, options, risks, advice, decision, or what was asked."""
        decisions = [each for each in (self.decision, *self.past_decisions) if each]
        rows = [each.statement for option in self.options for each in option.statements]
        rows += [each.statement for each in self.on_item]
        moments = [
            self.item.updated_at,
            *(each.option.updated_at for each in self.options),
            *(row.updated_at for row in (*rows, *self.ended)),
            self.recommendation and self.recommendation.made_at,
            *(each.ended_at or each.decided_at for each in decisions),
            *(each.asked_at for each in self.questions),
            *(answer.answered_at for each in self.questions for answer in each.answers.all()),
        ]
        return max(each for each in moments if each)

    @property
    def unvalued_advice(self) -> Option | None:
        """The recommended option, while a choice is open and nobody said what it risks."""
        return next(
            (
                each.option
                for each in self.options
                if each.is_recommended and each.loss is None and self.decision is None
            ),
            None,
        )

    @property
    def expired(self) -> Decision | None:
        """The last word, where its time ran out and nothing took its place."""
        newest = next(iter(self.past_decisions), None)
        is_over = newest is not None and newest.end == DecisionEnd.EXPIRED
        return newest if is_over and self.decision is None else None


def item_view(viewer: Actor, pk: int) -> ItemView:
    """Everything the page shows. Raises: Missing."""
    item = item_get(viewer, pk)
    options = list(options_of(viewer, pk))
    statements = list(with_open_evidence(viewer, statements_of_item(viewer, pk)))
    views = {each.pk: StatementView(each, each.open_evidence) for each in statements}
    published = [each for each in statements if each.state == StatementState.PUBLISHED]
    losses = compare_options(options, published)
    parts = Parts(
        **sayings_lists([item.system]),
        mirrored=mirrored_of(viewer, pk),
        advice=recommendations_of(viewer, [pk]),
        decisions=decisions_of(viewer, pk),
        ended=statements_ended(viewer, pk),
        questions=questions_visible(viewer).filter(item_id=pk).order_by("id"),
        guidance=guidance_of_item(viewer, pk),
        evidence=with_stages(viewer, pk, links_of_item(viewer, pk).annotate(total=_TOTAL))[
            :EVIDENCE_SHOWN
        ],
    )
    evidence, decisions = parts["evidence"], parts["decisions"]
    (covered,) = coverage_of(viewer, [item.system], sayings_in(parts))
    recommendation = next(iter(parts["advice"]), None)
    decision = next((each for each in decisions if each.ended_at is None), None)
    return ItemView(
        item=item,
        options=[
            OptionView(
                option=option,
                statements=[views[each.pk] for each in statements if each.option_id == option.pk],
                loss=losses.get(option.pk),
                is_recommended=bool(recommendation and recommendation.option_id == option.pk),
                is_chosen=bool(decision and decision.option_id == option.pk),
            )
            for option in options
        ],
        information=information_of(options, published),
        ended=parts["ended"],
        on_item=[views[each.pk] for each in statements if each.option_id is None],
        recommendation=recommendation,
        decision=decision,
        changes=_changes(decision, decisions),
        past_decisions=[each for each in decisions if each is not decision],
        guidance=parts["guidance"],
        questions=parts["questions"],
        evidence=evidence,
        evidence_total=evidence[0].total if evidence else 0,
        stages=stages_say(covered, evidence[0].stages if evidence else ()),
        origin=origin_of_item(viewer, item) if "mirrored" in parts else None,
        may={
            permission.value.replace(".", "_"): may(viewer, permission, item)
            for permission in Permission
        },
    )


def read_as(changes: list[Change]) -> str:
    """What a reader of these changes was shown, in a word that differs once any of it does."""
    return ",".join(f"{each.statement.pk}:{each.kind}:{each.now}" for each in changes)


def _changes(decision: Decision | None, decisions: list[Decision]) -> list[Change]:
    """For the review of a decision: of the one in force, else of the newest if it has expired."""
    newest = decisions[0] if decisions else None
    expired = newest if newest and newest.end == DecisionEnd.EXPIRED else None
    reviewed = decision or expired
    return changes_since(reviewed) if reviewed else []
