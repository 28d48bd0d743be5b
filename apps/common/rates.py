"""How often somebody may ask: counted in Redis, so that all web processes count together.

Without Redis nothing is refused: a portal that cannot count is better than one that is closed. A log
line says so, once a minute.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
_AWAY = (RedisError, StorageError, OSError)
_SAID_EVERY = 60.0
_HELD_FOR = 60  # seconds after which a place is free whose holder died
_said_at = 0.0


@dataclass(frozen=True)
class Rate:
    """What is left. limit: requests a window of `window` seconds; reset: seconds until there is room."""

    allowed: bool
    limit: int
    window: int
    remaining: int
    reset: int

    def headers(self, name: str) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4."""
        told = {
            "RateLimit-Policy": f'"{name}";q={self.limit};w={self.window}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset}',
        }
        return told if self.allowed else told | {"Retry-After": str(max(self.reset, 1))}


def take(rate: str, *who: str) -> Rate | None:
    """Count one and say whether it is allowed. rate: "600/minute"; who: what is counted by.

    None: nothing is counted, since Redis is away or the rate is empty.
    """
    return _ask(rate, who, counts=True)


def look(rate: str, *who: str) -> Rate | None:
    """Whether one more would be allowed, without counting it."""
    return _ask(rate, who, counts=False)


@contextmanager
def holding(rate: str, *who: str) -> Iterator[Rate | None]:
    """`look`, with one of the places that are left held inside: not allowed where others hold them all.

    SECURITY: who looks, checks a password and then counts would let all through that look at the same moment.
    Here they see each other; who is counted inside is counted before the place is free again.
    """
    key = "/".join(("held", rate, *who))
    held = _hold(key, 1) if rate else None
    try:
        left = look(rate, *who)
        if left and held and held > max(left.remaining, 1):
            left = replace(left, allowed=False, reset=1)
        yield left
    finally:
        if held is not None and _hold(key, -1) == -1:
            _hold(key, 1)  # it had run out, which is no place more for the next one


def forget(rate: str, *who: str) -> None:
    """Begin anew, such as after a sign-in that worked."""
    if rate:
        try:
            _limiter().clear(_item(rate), *who)
        except _AWAY as error:
            _say(error)


def address_of(request: HttpRequest) -> str:
    """Where a request came from: the nearest address that none of our own proxies has written.

    SECURITY: SECOPS_PROXIES says how many stand before the portal; what stands further left in the
    header is the sender's own word.
    """
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    hops = settings.SECOPS_PROXIES
    if hops and len(passed) >= hops and passed[-hops]:
        return passed[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def _ask(rate: str, who: tuple[str, ...], *, counts: bool) -> Rate | None:
    if not rate:
        return None
    item, limiter = _item(rate), _limiter()
    try:
        allowed = limiter.hit(item, *who) if counts else limiter.test(item, *who)
        stats = limiter.get_window_stats(item, *who)
    except _AWAY as error:
        _say(error)
        return None
    reset = max(0, round(stats.reset_time - time.time()))
    return Rate(allowed, item.amount, item.get_expiry(), max(stats.remaining, 0), reset)


def _hold(key: str, places: int) -> int | None:
    """How many are held with these. None: Redis is away."""
    try:
        return int(_limiter().storage.incr(key, _HELD_FOR, places))
    except _AWAY as error:
        _say(error)
        return None


def _say(error: Exception) -> None:
    global _said_at  # noqa: PLW0603  # one line a minute for each process
    if time.monotonic() - _said_at > _SAID_EVERY:
        _said_at = time.monotonic()
        logger.warning("requests are not counted, since Redis does not answer: %s", error)


@lru_cache(maxsize=32)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)


@lru_cache(maxsize=1)
def _limiter() -> SlidingWindowCounterRateLimiter:
    storage = RedisStorage(
        settings.SECOPS_RATE_STORAGE_URL,
        wrap_exceptions=True,
        key_prefix="secops-rate",
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
    )
    return SlidingWindowCounterRateLimiter(storage)
