"""Turns the JSON that pytm writes into SARIF 2.1.0: one result for each threat at each element.

pytm has no SARIF output of its own. Nothing is judged here: rule, severity, text and CWE are
pytm's; the place is the line of the model's source on which the element is declared.
"""

import json
import re
import sys
from pathlib import Path

LEVELS = {
    "Very High": ("error", "9.0"),
    "High": ("error", "7.5"),
    "Medium": ("warning", "5.0"),
    "Low": ("note", "2.5"),
}
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def rule(finding: dict[str, str]) -> dict[str, object]:
    cwes = sorted(
        {
            f"CWE-{number}"
            for number in re.findall(
                r"cwe\.mitre\.org/data/definitions/(\d+)", finding["references"]
            )
        }
    )
    level, score = LEVELS.get(finding["severity"], ("note", "1.0"))
    return {
        "id": finding["threat_id"],
        "name": finding["description"],
        "shortDescription": {"text": finding["description"]},
        "fullDescription": {"text": finding["details"]},
        "help": {"text": finding["mitigations"]},
        "defaultConfiguration": {"level": level},
        "properties": {
            "security-severity": score,
            "tags": ["threat-model", *(f"external/cwe/{c.lower()}" for c in cwes)],
        },
    }


def result(finding: dict[str, str], source: list[str], path: str) -> dict[str, object]:
    line = next((n for n, text in enumerate(source, 1) if f'"{finding["target"]}"' in text), 1)
    return {
        "ruleId": finding["threat_id"],
        "level": LEVELS.get(finding["severity"], ("note", ""))[0],
        "message": {"text": f"{finding['description']} at «{finding['target']}»"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path},
                    "region": {"startLine": line, "snippet": {"text": source[line - 1].strip()}},
                },
                "logicalLocations": [{"name": finding["target"], "kind": "element"}],
            }
        ],
    }


def main(model: str, source: str, version: str) -> None:
    findings = json.loads(Path(model).read_text())["findings"]
    text = Path(source).read_text().splitlines()
    rules = {f["threat_id"]: rule(f) for f in findings}
    driver = {
        "name": "pytm",
        "version": version,
        "informationUri": "https://owasp.org/www-project-pytm/",
        "rules": list(rules.values()),
    }
    run = {
        "tool": {"driver": driver},
        "results": [result(f, text, source) for f in findings],
        "properties": {"converted-by": "demo/tools/threat_model_to_sarif.py"},
    }
    json.dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:4])
