"""AWS Signature Version 4 for requests to S3. Pure: values in, headers out.

Source: AWS, "Signature Version 4 signing process" and "Authenticating Requests: Using the
Authorization Header" of the S3 API reference.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


def sign(
    *,
    method: str,
    url: str,
    body: bytes,
    access_key: str,
    secret_key: str,
    region: str,
    now: dt.datetime,
    service: str = "s3",
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers that sign a request: Authorization, x-amz-date and x-amz-content-sha256.

    headers: further ones to sign; they have to be sent, too. now: aware, in UTC.
    """
    parts = urlsplit(url)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    signed = {name.lower(): text.strip() for name, text in (headers or {}).items()}
    signed |= {"host": _host(url), "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(signed))
    request = "\n".join(
        [
            method,
            canonical_path(parts.path),
            canonical_query(parts.query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for piece in (day, region, service, "aws4_request"):
        key = hmac.new(key, piece.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return {
        "x-amz-date": stamp,
        "x-amz-content-sha256": digest,
        "Authorization": (
            f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        ),
    }


def _host(url: str) -> str:
    """As the Host header says it: without the usual port."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"


def canonical_path(path: str) -> str:
    """Each character but the unreserved ones and / encoded, once."""
    return quote(unquote(path or "/"), safe="/-_.~")


def canonical_query(query: str) -> str:
    """Names and values encoded and sorted."""
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
