"""Shapes that lower layers need to name without importing the apps that have them."""

from typing import Protocol


class ActorLike(Protocol):
    """Whoever does something: a person, a token, or the portal itself (apps/accounts/actors.py)."""

    @property
    def kind(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def token_id(self) -> int | None: ...
