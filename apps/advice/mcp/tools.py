"""The tools. Each is a selector with words around it; the viewer sees what the pages would show."""

import re
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse
from rest_framework import serializers

from apps.accounts.actors import Actor
from apps.advice.api.comparison import ComparisonOut
from apps.advice.item_page import item_view
from apps.advice.mcp.protocol import Tool
from apps.advice.stage_advice import Since, stage_advice
from apps.advice.stage_texts import markdown
from apps.catalog.stages import Stage
from apps.common.errors import Missing
from apps.guidance.api.serializers import GuidanceRowOut
from apps.guidance.api.views import shown
from apps.guidance.selectors import Filter, guidance_get, guidance_list, text_for
from apps.planning.api.serializers import ItemOut
from apps.planning.selectors import ItemFilter, items_list, questions_waiting
from apps.risks.api.serializers import StatementOut
from apps.risks.selectors import statement_get

MOST = 20
TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
STAGE = {"type": "string", "enum": list(Stage.values)}


def _object(needed: list[str], **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": needed,
        "additionalProperties": False,
    }


def search_guidance(viewer: Actor, text: str, stage: str = "") -> dict[str, Any]:
    rows = guidance_list(viewer, Filter(text=text, stage=stage))[:MOST]
    return {
        "guidance": [
            {**GuidanceRowOut(shown(viewer, row)).data, "url": _url("guidance-detail", row.pk)}
            for row in rows
        ]
    }


def get_guidance(viewer: Actor, key: str) -> dict[str, Any]:
    row = guidance_get(viewer, _number("G", key))
    text = text_for(viewer, row)
    told = GuidanceRowOut(shown(viewer, row)).data
    return {**told, "url": _url("guidance-detail", row.pk), "body": text.body}


def search_items(viewer: Actor, text: str) -> dict[str, Any]:
    rows = items_list(viewer, ItemFilter(text=text))[:MOST]
    return {"items": [{**ItemOut(row).data, "url": _url("item-detail", row.pk)} for row in rows]}


def get_item(viewer: Actor, key: str) -> dict[str, Any]:
    view = item_view(viewer, _number("PI", key))
    compared = ComparisonOut(view).data
    for option in compared["options"]:
        option.pop("curve")
    statements = [each for option in view.options for each in option.statements] + view.on_item
    prefetch_related_objects([each.statement for each in statements], "successors", "predecessors")
    said, decision = view.recommendation, view.decision
    return {
        "item": {**ItemOut(view.item).data, "url": _url("item-detail", view.item.pk)},
        "options": compared["options"],
        "currency": compared["currency"],
        "worth_finding_out": compared["information"],
        "statements": [
            {**_statement(each.statement), "open_evidence": each.open_evidence}
            for each in statements
        ],
        "recommendation": said and {"option": said.option_id, "reason": said.reason},
        "decision": decision and {"option": decision.option_id, "reason": decision.reason},
        "open_questions": [
            each.body for each in questions_waiting(viewer).filter(item_id=view.item.pk)
        ],
    }


def get_statement(viewer: Actor, key: str) -> dict[str, Any]:
    return _statement(statement_get(viewer, _number("RS", key)))


def get_stage_advice(viewer: Actor, system: str, stage: str) -> dict[str, Any]:
    if stage not in Stage.values:
        raise Missing(f"There is no stage {stage!r}; they are {', '.join(Stage.values)}.")
    told = stage_advice(viewer, system, Stage(stage), Since())
    return {"system": system, "stage": stage, "markdown": markdown(told)}


def _statement(statement: Any) -> dict[str, Any]:
    return {**StatementOut(statement).data, "url": _url("statement-detail", statement.pk)}


def _number(prefix: str, key: str) -> int:
    """Raises: ValidationError."""
    found = re.fullmatch(rf"{prefix}-([0-9]{{1,18}})", key.strip(), re.ASCII)
    if found is None:
        raise serializers.ValidationError({"key": f"Give a key like {prefix}-7."})
    return int(found[1])


def _url(name: str, pk: int) -> str:
    return settings.BASE_URL + reverse(name, args=[pk])


READING = (
    Tool(
        "search_guidance",
        "Search guidance",
        "Find advice in the security team's library, the best hit first.",
        _object(["text"], text=TEXT, stage=STAGE),
        search_guidance,
    ),
    Tool(
        "get_guidance",
        "Read guidance",
        "The whole text of one piece of guidance, as Markdown.",
        _object(["key"], key={**TEXT, "description": "Such as G-3."}),
        get_guidance,
    ),
    Tool(
        "search_items",
        "Search planned work",
        "Find planning items by their words.",
        _object(["text"], text=TEXT),
        search_items,
    ),
    Tool(
        "get_item",
        "Read planned work with its risks",
        "One planning item: its options compared on the same simulated years, the risk statements with "
        "their estimates and values, what security recommends, what was decided and what is open.",
        _object(["key"], key={**TEXT, "description": "Such as PI-7."}),
        get_item,
    ),
    Tool(
        "get_statement",
        "Read a risk",
        "One risk statement with its estimate, its value, and engine, seed and trials that repeat it.",
        _object(["key"], key={**TEXT, "description": "Such as RS-7."}),
        get_statement,
    ),
    Tool(
        "get_stage_advice",
        "Read the advice on a stage",
        "What a system's pipeline is told at one stage: risks carried, what is new, what is missing.",
        _object(["system", "stage"], system=TEXT, stage=STAGE),
        get_stage_advice,
    ),
)
