"""SARIF of any size, the same for the same seed: 200 rules, distinct places."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RULES = 200
LEVELS = ("error", "warning", "note")


def write(target: Path, numbers: Iterable[int], seed: int = 1) -> None:
    """Write a report whose results are made from these numbers; equal numbers give equal results."""
    with target.open("w", encoding="utf-8") as out:
        head = {"driver": {"name": "BenchScan", "semanticVersion": "1.0.0", "rules": _rules()}}
        out.write('{"version":"2.1.0","runs":[{"tool":' + json.dumps(head) + ',"results":[')
        for position, number in enumerate(numbers):
            out.write(("," if position else "") + json.dumps(_result(number, seed)))
        out.write("]}]}")


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": f"B{number:03d}",
            "shortDescription": {"text": f"Rule {number}"},
            "fullDescription": {"text": f"Rule {number} explains a weakness. " * 3},
            "defaultConfiguration": {"level": LEVELS[number % 3]},
            "properties": {
                "tags": ["security", f"external/cwe/cwe-{20 + number}"],
                "security-severity": str(1 + number % 9),
            },
        }
        for number in range(RULES)
    ]


def _result(number: int, seed: int) -> dict[str, Any]:
    dice = random.Random(seed * 1_000_003 + number)  # noqa: S311  # repeatable, not secret
    rule, line = dice.randrange(RULES), dice.randrange(1, 4000)
    folder = f"{dice.choice('abcdefgh')}{dice.randrange(40)}"
    return {
        "ruleId": f"B{rule:03d}",
        "ruleIndex": rule,
        "level": LEVELS[rule % 3],
        "message": {
            "text": f"Value {number} of the request reaches the sink in handler_{number % 53} unchecked; "
            "validate it or escape it before use."
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": f"src/{folder}/module_{dice.randrange(300)}/file_{number % 997}.py"
                    },
                    "region": {
                        "startLine": line,
                        "startColumn": dice.randrange(1, 80),
                        "endLine": line,
                        "snippet": {"text": f"value_{number} = request.args['p{number % 31}']"},
                    },
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{dice.getrandbits(64):016x}:1"},
    }
