"""Another try, later each time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from secops_cli.errors import Unreachable

T = TypeVar("T")
LONGEST = 60.0  # seconds between two tries, unless the server asks for more
MOST_ASKED = 300.0  # seconds that we wait because a server says so


@dataclass(frozen=True)
class Patience:
    """`tries` in all; the first pause in seconds, which then doubles, with up to a quarter of jitter."""

    tries: int = 5
    first: float = 1.0
    tell: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep

    def keep(self, call: Callable[[], T]) -> T:
        """The result of the first try that succeeds. Raises: what the last one raised, or no passing trouble."""
        for number in range(1, self.tries):
            try:
                return call()
            except Unreachable as error:
                pause = self.pause(number, error.wait)
                self.tell(f"{error} Trying again in {pause:.0f} s ({number} of {self.tries - 1}).")
                self.sleep(pause)
        return call()

    def pause(self, number: int, asked: float | None) -> float:
        """Seconds after the try of this number."""
        if asked is not None:
            return min(asked, MOST_ASKED)
        base: float = min(self.first * 2.0 ** (number - 1), LONGEST)
        return base * (1 + random.random() / 4)  # noqa: S311  # it spreads load, and guards nothing
