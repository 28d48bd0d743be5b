"""The connectors of this installation: settings.SECOPS_CONNECTORS and the `secops_portal.connectors` entry points."""

import functools
import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from apps.sources.connectors.types import Connector

ENTRY_POINTS = "secops_portal.connectors"


@dataclass(frozen=True)
class Registry:
    """problems: sentences about entries that cannot be used; a system check shows them."""

    connectors: Mapping[str, Connector]
    problems: tuple[str, ...]

    def get(self, slug: str) -> Connector | None:
        return self.connectors.get(slug)


def load(paths: Iterable[str], entry_point_group: str = "") -> Registry:
    found: dict[str, Connector] = {}
    problems: list[str] = []
    entries: list[tuple[str, Callable[[], Any]]] = [
        (path, functools.partial(import_string, path)) for path in paths
    ]
    if entry_point_group:
        points = importlib.metadata.entry_points(group=entry_point_group)
        entries += [(point.value, point.load) for point in points]
    for name, get in entries:
        try:
            kind = get()
        except Exception as error:  # noqa: BLE001  # a package of a stranger may raise anything
            problems.append(f"The connector {name} cannot be loaded: {error}")
            continue
        if not (isinstance(kind, type) and issubclass(kind, Connector)):
            problems.append(f"{name} is no connector.")
        elif missing := [
            each for each in ("slug", "name", "summary", "fields") if not hasattr(kind, each)
        ]:
            problems.append(f"The connector {name} lacks {', '.join(missing)}.")
        elif kind.slug in found:
            problems.append(f"Two connectors are called {kind.slug}.")
        else:
            found[kind.slug] = kind()
    return Registry(found, tuple(problems))


@functools.cache
def registry() -> Registry:
    """Loaded once a process."""
    return load(settings.SECOPS_CONNECTORS, ENTRY_POINTS)


def connector_name(slug: str) -> str:
    """What people call it; the slug where it is no longer installed."""
    connector = registry().get(slug)
    return connector.name if connector else slug
