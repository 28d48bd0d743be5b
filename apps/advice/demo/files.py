"""Reading demo/: YAML and Markdown with front matter, no database."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone

Record = dict[str, Any]


@dataclass(frozen=True)
class DemoFiles:
    """What lies in the demo folder."""

    folder: Path

    def story(self) -> Record:
        return _yaml(self.folder / "story.yaml")

    def items(self) -> list[tuple[str, Record]]:
        """(system key, item) of every planning item, oldest first."""
        found: list[tuple[str, Record]] = []
        for path in sorted((self.folder / "items").glob("*.yaml")):
            document = _yaml(path)
            found += [(document["system"], item) for item in document["items"]]
        return sorted(found, key=lambda pair: -pair[1].get("days_ago", 0))

    def guidance(self) -> list[Record]:
        """Front matter of each article, its text as `body`."""
        articles = []
        for path in sorted((self.folder / "guidance").glob("*.md")):
            _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
            articles.append({**yaml.safe_load(front), "body": body.strip() + "\n"})
        return articles

    def automation(self) -> list[Record]:
        found: list[Record] = _yaml(self.folder / "automation.yaml")["automation"]
        return found

    def controls(self) -> list[Record]:
        found: list[Record] = _yaml(self.folder / "controls.yaml")["controls"]
        return found

    def history(self) -> Record:
        return _yaml(self.folder / "history.yaml")

    def triage(self) -> Record:
        """What is said of findings; files are named from this folder."""
        return _yaml(self.folder / "triage.yaml")

    def reports(self) -> list[Record]:
        """Reports in the order in which they came, with `path`."""
        listed = _yaml(self.folder / "reports.yaml")["reports"]
        return [{**entry, "path": self.folder / "reports" / entry["file"]} for entry in listed]


def _yaml(path: Path) -> Record:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise TypeError(f"{path} holds no mapping")
    return document


def days_ago(record: Record, default: int = 30) -> dt.datetime:
    """When a record happened, counted back from now."""
    return timezone.now() - dt.timedelta(days=record.get("days_ago", default))
