"""Which formats there are: loaded from dotted paths and entry points, found by slug or by content.

What cannot be used becomes a sentence in `Registry.problems`, which the application turns into a
system check; nothing is skipped silently.
"""

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from apps.scans.formats.head import read_head, read_outline
from apps.scans.formats.types import Format, Head


@dataclass(slots=True)
class Registry:
    """The formats of an installation, in the order in which they were given."""

    formats: dict[str, Format] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Format]:
        return iter(self.formats.values())

    def __len__(self) -> int:
        return len(self.formats)

    def get(self, slug: str) -> Format | None:
        return self.formats.get(slug)

    def detect(self, data: bytes | memoryview, filename: str = "") -> list[Format]:
        """All formats that the content can be: one is the answer, none or several an error to
        report.

        data: the whole file; only its first 64 KiB are looked at, unless the keys found there tell
        nothing. Empty content (0 bytes, null, {}, []) gives every format that writes it when there
        is nothing to report, so several.
        """
        head = read_head(data, filename)
        found = self._matching(head)
        if not found and not head.complete:
            found = self._matching(read_outline(memoryview(data), head))
        return found

    def _matching(self, head: Head) -> list[Format]:
        if head.empty:
            root = b"".join(head.prefix.split()).decode()
            return [fmt for fmt in self if root in fmt.empty_roots]
        return [fmt for fmt in self if fmt.detect(head)]


def load(
    dotted_paths: Iterable[str], entry_point_group: str | None = None, salt: bytes = b""
) -> Registry:
    """The registry of these classes ("package.module.Class") and of an entry point group's.

    salt: keys the hashes of masked secrets; the same value for ever, else every secret looks new.
    """
    registry = Registry()
    for path in dotted_paths:
        _add(registry, path, salt)
    if entry_point_group:
        for entry in sorted(metadata.entry_points(group=entry_point_group), key=lambda e: e.value):
            _add(registry, entry.value.replace(":", "."), salt)
    return registry


def _add(registry: Registry, path: str, salt: bytes) -> None:
    try:
        found: Any = _class(path)
    except (ImportError, AttributeError, ValueError) as error:
        registry.problems.append(f"The report format {path} cannot be imported: {error}.")
        return
    problem = _problem(found, registry)
    if problem:
        registry.problems.append(f"The report format {path} {problem}.")
        return
    registry.formats[found.slug] = found(salt)


def _class(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _problem(found: Any, registry: Registry) -> str:
    if not (isinstance(found, type) and issubclass(found, Format)):
        return "is no subclass of Format"
    missing = [
        name for name in ("slug", "name", "stages", "mapping") if not getattr(found, name, None)
    ]
    if missing:
        return f"lacks {', '.join(missing)}"
    if found.slug in registry.formats:
        other = type(registry.formats[found.slug])
        return f"has the slug {found.slug!r} of {other.__module__}.{other.__qualname__}"
    return ""
