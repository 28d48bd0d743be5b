"""Writes what detect-secrets found in the layout of a Gitleaks report (JSON, `--redact`).

Gitleaks itself is not on PyPI, and detect-secrets has a layout of its own. The places are
detect-secrets'; the rule is its kind of secret; author, commit and date, which Gitleaks takes
from git, are the sample's made-up ones. No value of a secret is written.
"""

import json
import sys
from typing import Any

COMMIT = {
    "booking": "5f0c8a3b1d2e4f60718293a4b5c6d7e8f9012345",
    "payments": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
}
RULES = {
    "AWS Access Key": "aws-access-token",
    "Secret Keyword": "generic-api-key",
    "Basic Auth Credentials": "basic-auth-url",
    "Base64 High Entropy String": "generic-api-key",
}


def entry(path: str, found: dict[str, Any], system: str) -> dict[str, Any]:
    name = RULES.get(found["type"], found["type"].lower().replace(" ", "-"))
    commit, line = COMMIT[system], found["line_number"]
    return {
        "RuleID": name,
        "Description": f"{found['type']} (found by detect-secrets)",
        "StartLine": line,
        "EndLine": line,
        "StartColumn": 1,
        "EndColumn": 1,
        "Match": "REDACTED",
        "Secret": "REDACTED",
        "File": path,
        "SymlinkFile": "",
        "Commit": commit,
        "Entropy": 0,
        "Author": "Booking bot",
        "Email": "bot@example.org",
        "Date": "2026-03-02T09:12:00Z",
        "Message": "First version",
        "Tags": [],
        "Fingerprint": f"{commit}:{path}:{name}:{line}",
    }


def main(system: str) -> None:
    found = json.load(sys.stdin)["results"]
    entries = {
        (e["File"], e["RuleID"], e["StartLine"]): e
        for path, items in sorted(found.items())
        for i in items
        for e in [entry(path, i, system)]
    }
    json.dump(list(entries.values()), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
