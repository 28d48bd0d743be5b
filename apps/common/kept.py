"""Results that take a moment to make, kept for a while under what they were made from."""

import contextlib
import hashlib
import logging
from typing import Any

import msgspec
from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
KEPT_SECONDS = 24 * 3600


def key_for(kind: str, *parts: Any) -> str:
    """A name that changes with any of the parts (plain JSON values)."""
    return f"{kind}:{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()}"


def kept(key: str) -> Any:
    """What is kept, or None. A cache that is away costs time, never an answer."""
    with contextlib.suppress(RedisError):
        return cache.get(key)
    return None


def keep(key: str, value: Any, seconds: int = KEPT_SECONDS) -> None:
    try:
        cache.set(key, value, seconds)
    except RedisError:
        logger.warning("the cache is away; %s is made anew", key.partition(":")[0])


def forget(key: str) -> None:
    with contextlib.suppress(RedisError):
        cache.delete(key)


def claim(key: str, seconds: int) -> bool | None:
    """Whether the caller is the first to ask for this work; None where the cache is away.

    A claim ends after `seconds`, so work that never came is asked for again.
    """
    with contextlib.suppress(RedisError):
        return bool(cache.add(f"{key}:claimed", 1, seconds))
    return None


def let_go(key: str) -> None:
    """Take a claim back, because the work could not be handed on."""
    with contextlib.suppress(RedisError):
        cache.delete(f"{key}:claimed")
