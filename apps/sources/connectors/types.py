"""What a connector is given, and what it gives."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.common.outgoing import origin_of
from apps.sources.connectors.fields import Field
from apps.sources.session import Session


@dataclass(frozen=True)
class Found:
    """One report that a connector found.

    chunks: its bytes, read once, before the connector is asked for the next one.
    cursor: what the connector is given next time, once this one is received. It may hold JSON only.
    key: names an object and its version, which is taken once and never again; empty for a snapshot
    of what is so now, which is taken when it changed.
    is_live: the snapshot is made when it is asked for, so even an unchanged one is news after a day.
    """

    chunks: Iterable[bytes]
    cursor: Mapping[str, Any]
    key: str = ""
    is_live: bool = False
    filename: str = ""
    format: str = ""
    tool: str = ""
    category: str = ""
    branch: str = ""
    commit: str = ""
    is_full: bool = True
    is_mark: bool = False  # no report: only notes its key, such as an archive that was gone through


@dataclass(frozen=True)
class Context:
    """What a connector works with. known: of some keys, those that were taken before."""

    config: Mapping[str, Any]
    cursor: Mapping[str, Any]
    http: Session
    known: Callable[[Collection[str]], set[str]]
    now: dt.datetime
    folders: tuple[str, ...] = ()  # what the operator lets us read of this machine


class Connector:
    """Base of all connectors; one instance serves every run, so it keeps nothing."""

    slug: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    credentials: ClassVar[frozenset[str]] = frozenset()  # the kinds of secret that it can use
    needs_credential: ClassVar[bool] = False
    stages: ClassVar[tuple[str, ...]] = ()  # where its reports usually belong

    def address(self, config: Mapping[str, Any]) -> str:
        """The URL whose origin a credential must be made for; empty where nothing is asked over HTTP."""
        return str(config.get("url", ""))

    def origin(self, config: Mapping[str, Any]) -> str:
        """Raises: OutgoingFailed."""
        address = self.address(config)
        return origin_of(address) if address else ""

    def check(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Problems of a configuration whose fields are each well-formed, by field."""
        return {}

    def pull(self, context: Context) -> Iterator[Found]:
        """What is new since the cursor. Raises: OutgoingFailed."""
        raise NotImplementedError

    def probe(self, context: Context) -> str:
        """Ask for as little as proves that it works; say what was seen. Raises: OutgoingFailed."""
        raise NotImplementedError
