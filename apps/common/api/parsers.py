"""JSON from strangers, decoded strictly."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The body is larger than this address takes."


class StrictJSONParser(BaseParser):
    """msgspec refuses NaN, lone surrogates and other encodings; depth and size are bounded.

    SECURITY: NUL characters are refused, since PostgreSQL cannot store them and would answer 500.
    """

    media_type = "application/json"
    limit: int | None = None  # bytes; None: what settings say

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # DRF's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = self.limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        if rb"\u0000" in body or b"\x00" in body:
            raise ParseError("The text holds a NUL character, which cannot be stored.")
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ParseError(f"The body is not readable JSON: {error}") from error
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
