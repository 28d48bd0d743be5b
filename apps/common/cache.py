"""The cache holds JSON only.

SECURITY: Django's default pickles, so whoever can write to Redis could run code here.
"""

from typing import Any

import msgspec


class JsonSerializer:
    """What RedisCache asks of a serializer. Whole numbers stay numbers, so that incr() works."""

    def dumps(self, value: Any) -> bytes | int:
        return value if type(value) is int else msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)
