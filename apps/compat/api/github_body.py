"""What GitHub's clients put into an upload: gzip in Base64 in JSON."""

import base64
import binascii
import re
import zlib
from typing import Any

from rest_framework import serializers

from apps.common.api.parsers import StrictJSONParser, TooLarge
from apps.common.errors import Invalid

# GitHub takes 10 MB of gzip data; in Base64 it is a third more, and the other fields need little.
LARGEST_GZIP = 10 * 1024 * 1024
LARGEST_BODY = LARGEST_GZIP * 4 // 3 + 64 * 1024
OBJECT_NAME = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")  # SHA-1 or SHA-256 of git


class UploadParser(StrictJSONParser):
    limit = LARGEST_BODY


class SarifIn(serializers.Serializer[Any]):
    """`POST .../code-scanning/sarifs`; fields that mean nothing here are ignored, as clients expect.

    docs/existing-pipelines.md names each of them with the reason.
    """

    commit_sha = serializers.CharField(max_length=64)
    ref = serializers.CharField(max_length=300)
    sarif = serializers.CharField(trim_whitespace=False)
    # When the analysis began: counts where the file does not say when its tool ran.
    started_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate_commit_sha(self, value: str) -> str:
        if not OBJECT_NAME.fullmatch(value):
            raise serializers.ValidationError("Give the full SHA of the commit.")
        return value.lower()

    def validate_ref(self, value: str) -> str:
        if not value.startswith("refs/") or not value.isprintable() or " " in value:
            raise serializers.ValidationError(
                "Give a full ref: refs/heads/<branch>, refs/tags/<tag> or refs/pull/<number>/merge."
            )
        return value

    def validate_sarif(self, value: str) -> bytes:
        return unpack(value)


class AnalysisIn(SarifIn):
    """`PUT .../code-scanning/analysis`, which GitHub's own upload step calls; the commit has another name."""

    commit_sha = None  # type: ignore[assignment]  # DRF's way to take a field away
    commit_oid = serializers.CharField(max_length=64)

    def validate_commit_oid(self, value: str) -> str:
        return self.validate_commit_sha(value)


def branch_of(ref: str) -> str:
    """The branch for a head; the whole ref for anything else, which makes a preview of it."""
    return ref.removeprefix("refs/heads/")


def unpack(text: str) -> bytes:
    """The gzip data of a Base64 text. Raises: ValidationError, naming what is wrong; TooLarge.

    Only its first bytes are looked at: the way in decompresses it as a stream, within its limits.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise serializers.ValidationError("This is not Base64.") from None
    if len(data) > LARGEST_GZIP:
        raise TooLarge("The gzip data is larger than 10 MB, GitHub's limit.")
    try:
        zlib.decompressobj(wbits=31).decompress(data[:4096], 1)
    except zlib.error:
        raise serializers.ValidationError("The Base64 text holds no gzip data.") from None
    return data


def read(kind: type[SarifIn], body: Any) -> dict[str, Any]:
    """Raises: ValidationError, Invalid."""
    if not isinstance(body, dict):
        raise Invalid({"body": "Send a JSON object."})
    given = kind(data=body)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
