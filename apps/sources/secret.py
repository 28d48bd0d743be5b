"""A credential's secret in use."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """Its text is in no repr, so that no log or traceback shows it."""

    kind: str
    origin: str
    username: str = ""
    text: str = field(default="", repr=False)
