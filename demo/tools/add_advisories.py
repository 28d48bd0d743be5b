"""Adds hand-written advisories to a CycloneDX bill of materials, as its `vulnerabilities`.

The components come from cyclonedx-py; the advisories from handmade/advisories.json, since there
is no advisory data where this is run. The document says so in its metadata.
"""

import json
import sys
from pathlib import Path
from typing import Any

NOTE = (
    "vulnerabilities: hand-written from public advisories for the versions in this sample; "
    "components: made by cyclonedx-py"
)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def applies(advisory: dict[str, Any], version: str) -> bool:
    low, high = advisory.get("from", "0"), advisory["fixed"]
    return number(low) <= number(version) < number(high)


def vulnerability(
    advisory: dict[str, Any], component: dict[str, Any], system: str
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "bom-ref": f"{advisory['id']}@{component['bom-ref']}",
        "id": advisory["id"],
        "source": {"name": "NVD", "url": f"https://nvd.nist.gov/vuln/detail/{advisory['id']}"},
        "ratings": [
            {
                "severity": advisory["severity"],
                "score": advisory["score"],
                "method": "CVSSv31",
                "vector": advisory["vector"],
            }
        ],
        "cwes": advisory["cwes"],
        "description": advisory["description"],
        "recommendation": f"Update {component['name']} to {advisory['fixed']} or later.",
        "affects": [
            {
                "ref": component["bom-ref"],
                "versions": [{"version": component["version"], "status": "affected"}],
            }
        ],
    }
    analysis = advisory.get("analysis", {}).get(system)
    return out | ({"analysis": analysis} if analysis else {})


def main(advisories: str, system: str) -> None:
    bom = json.load(sys.stdin)
    for component in [*bom["components"], *bom["metadata"].get("tools", {}).get("components", [])]:
        component.pop(
            "externalReferences", None
        )  # addresses of indexes and projects: of no use here
    known = json.loads(Path(advisories).read_text())
    bom["vulnerabilities"] = [
        vulnerability(a, c, system)
        for c in bom["components"]
        for a in known
        if a["package"] == c["name"].lower() and applies(a, c["version"])
    ]
    bom["metadata"].setdefault("properties", []).append(
        {"name": "alderhaven:origin", "value": NOTE}
    )
    json.dump(bom, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:3])
