"""How far a parser has come in the bytes of its report, for whoever wants to know meanwhile.

Parsers say what they have read, record by record or piece by piece, and know nothing of who listens.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

_listener: contextvars.ContextVar[Callable[[int], None] | None] = contextvars.ContextVar(
    "listener", default=None
)


@contextlib.contextmanager
def heard_by(listener: Callable[[int], None]) -> Iterator[None]:
    """Meanwhile `listener` is told of every piece that was read, by its length in bytes."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def passed(size: int) -> None:
    """This many bytes of the report were read, and are not read again."""
    if (listener := _listener.get()) is not None:
        listener(size)
