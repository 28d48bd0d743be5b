"""The code blocks of docs/ci.md, by heading: each is run in some test as far as a shell can.

`tests/advice/test_ci_snippets.py` refuses a block that no test names.
"""

import re
from collections import Counter
from pathlib import Path

import yaml
from django.conf import settings

DOC = Path(settings.BASE_DIR) / "docs" / "ci.md"
WHERE = (
    "tests/advice/test_ci_snippets.py",
    "tests/cli/test_pipelines.py",
    "tests/trust/test_snippets.py",
)
SYSTEMS = ("GitHub Actions", "GitLab CI", "Jenkins", "Tekton")


def blocks() -> dict[str, str]:
    """Text by "heading: name"; the name is the CI system of the line before, else language and number."""
    found: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for section in re.split(r"^## ", DOC.read_text(), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        fences = re.finditer(r"^([^\n]*)\n```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        for before, language, text in (fence.groups() for fence in fences):
            name = next((each for each in SYSTEMS if before.startswith(each)), "")
            kind = f"{heading}: {language}"
            counted[kind] += 1
            found[f"{heading}: {name}" if name else f"{kind} {counted[kind]}"] = text
    return found


def block(name: str) -> str:
    return blocks()[name]


def script_of(name: str) -> str:
    """The shell within a pipeline of one of the CI systems."""
    text = block(name)
    if name.endswith("Jenkins"):
        found = re.search(r"sh '''(.*?)'''", text, re.DOTALL)
        assert found is not None
        return found[1]
    read = yaml.safe_load(text)
    if name.endswith("GitHub Actions"):
        return str(read["jobs"]["scan"]["steps"][-1]["run"])
    if name.endswith("GitLab CI"):
        return "\n".join(read["scan"]["script"])
    return str(read["spec"]["steps"][0]["script"])


def settings_of(name: str) -> dict[str, str]:
    """What the pipeline itself puts into the environment, as it stands there."""
    text = block(name)
    if name.endswith("Jenkins"):
        return dict(re.findall(r"^ +(\w+) = '([^']*)'$", text, re.MULTILINE))
    read = yaml.safe_load(text)
    if name.endswith("GitHub Actions"):
        return dict(read["jobs"]["scan"]["env"])
    if name.endswith("GitLab CI"):
        return dict(read["scan"]["variables"])
    rows = read["spec"]["steps"][0]["env"]
    return {row["name"]: row["value"] for row in rows if "value" in row}
