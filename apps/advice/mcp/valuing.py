"""The tool that values an estimate, as `POST /valuations` does."""

from typing import Any

from apps.accounts.actors import Actor
from apps.advice.mcp.protocol import Tool
from apps.risks.api.serializers import ValuationIn, ValuationOut
from apps.risks.api.views import valuation_told
from apps.risks.services.estimates import read_estimate
from apps.risks.services.valuations import simulated

_MONEY = {"type": "number", "minimum": 0}


def value_estimate(viewer: Actor, **said: Any) -> dict[str, Any]:  # noqa: ARG001  # as all tools
    given = ValuationIn(data=said)
    given.is_valid(raise_exception=True)
    fields = dict(given.validated_data)
    seed, detail = fields.pop("seed"), fields.pop("estimate", None)
    told = ValuationOut(valuation_told(simulated(read_estimate(fields, detail), seed=seed))).data
    return {name: value for name, value in told.items() if name != "curve"}


VALUING = Tool(
    "value_estimate",
    "Value an estimate",
    "Simulate what a risk may cost a year, from 90 % ranges (1 in 20 lower, 1 in 20 higher) of events a year "
    "and of the loss of one event in the organisation's currency. Stores nothing.",
    {
        "type": "object",
        "properties": {
            "frequency_low": _MONEY,
            "frequency_high": _MONEY,
            "magnitude_low": _MONEY,
            "magnitude_high": _MONEY,
            "seed": {"type": "integer", "minimum": 0},
        },
        "required": ["frequency_low", "frequency_high", "magnitude_low", "magnitude_high"],
        "additionalProperties": False,
    },
    value_estimate,
)
