"""HTTP with what a pipeline needs: a file as the body, proxies, and sentences for what goes wrong."""

import contextlib
import http.client
import ipaddress
import json
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from secops_cli import VERSION
from secops_cli.errors import Refused, Unreachable, WrongUse

TIMEOUT = 60.0  # seconds without a byte
LARGEST_ANSWER = 64 * 1024 * 1024
# Busy or broken for now: another try may do.
PASSING = {408, 425, 429, 500, 502, 503, 504}
Body = bytes | Iterable[bytes]


@dataclass(frozen=True)
class Answer:
    """`headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Raises: Refused when it is not JSON: something else than the portal answers there."""
        try:
            return json.loads(self.body)
        except ValueError:
            text = (
                f"The answer is not the portal's ({_excerpt(self.body)!r}). Is its address right?"
            )
            raise Refused(text, self.status) from None


def checked_address(text: str, *, plain_http: bool = False) -> str:
    """SECURITY: a token goes over HTTPS, or to this machine, unless the caller insists. Raises: WrongUse."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongUse(
            f"{text!r} is no address of a portal; give it as https://portal.example.org."
        )
    if parts.scheme == "http" and not plain_http and not _is_here(parts.hostname):
        raise WrongUse(
            f"{text} would send the token unencrypted. Use https, or --plain-http if you must."
        )
    if parts.query or parts.fragment or parts.username:
        raise WrongUse(f"{parts.scheme}://{parts.hostname} is enough of an address.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Body = b"",
    length: int | None = None,
) -> Answer:
    """One request, no redirects followed. Raises: Unreachable, Refused.

    length: bytes of a body that is not in memory.
    """
    parts = urlsplit(url)
    sent = {"User-Agent": f"secops/{VERSION}", **(headers or {})}
    if method == "POST":
        sent["Content-Length"] = str(len(body) if isinstance(body, bytes) else length)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        with contextlib.closing(connection):
            answer = _exchange(connection, method, path or "/", body, sent)
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {parts.hostname} is not trusted: {error.verify_message}."
        raise Refused(f"{text} For an authority of your own, set SSL_CERT_FILE.", 0) from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{parts.netloc} cannot be reached: {_words(error)}.") from error
    return _judged(answer, url)


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Body,
    headers: Mapping[str, str],
) -> Answer:
    # A server that refuses does not read the body to its end: its answer says more than the pipe.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body=body or None, headers=dict(headers))
    response = connection.getresponse()
    content = response.read(LARGEST_ANSWER)
    if response.length:  # of what was announced, this much never came
        raise http.client.IncompleteRead(content, response.length)
    return Answer(
        response.status, {name.lower(): text for name, text in response.getheaders()}, content
    )


def _judged(answer: Answer, url: str) -> Answer:
    if answer.status < 300:
        return answer
    if answer.status < 400:
        there = answer.headers.get("location", "another place")
        raise Refused(f"{url} only points to {there}. Use that address.", answer.status)
    text, code = sentence(answer)
    if answer.status in PASSING:
        raise Unreachable(text, _seconds(answer.headers.get("retry-after", "")))
    raise Refused(text, answer.status, code)


def sentence(answer: Answer) -> tuple[str, str]:
    """What an error says to people, and its code (RFC 9457)."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "detail" not in told:
        said = _excerpt(answer.body)
        return f"The server answered {answer.status}{f': {said}' if said else ''}.", ""
    fields = [
        f"{each.get('field') or 'request'}: {each.get('detail', '')}"
        for each in told.get("errors", [])
        if isinstance(each, dict)
    ]
    text = " ".join([str(told["detail"]), *fields])
    if number := answer.headers.get("x-request-id"):
        text += f" (status {answer.status}, request {number})"
    return text, str(told.get("code", ""))


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    proxy = _proxy(scheme, host)
    if scheme == "https":
        context = ssl.create_default_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
        if proxy is None:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
        secure = http.client.HTTPSConnection(*proxy, timeout=TIMEOUT, context=context)
        secure.set_tunnel(host, port or 443)
        return secure
    plain = http.client.HTTPConnection(*(proxy or (host, port)), timeout=TIMEOUT)
    if proxy is not None:
        plain.set_tunnel(host, port or 80)
    return plain


def _proxy(scheme: str, host: str) -> tuple[str, int] | None:
    """As curl reads them: HTTPS_PROXY or https_proxy, http_proxy, NO_PROXY. Raises: WrongUse."""
    env = os.environ
    skipped = [each.strip() for each in (env.get("no_proxy") or env.get("NO_PROXY", "")).split(",")]
    if any(_matches(host, each) for each in skipped):
        return None
    text = env.get(f"{scheme}_proxy") or (env.get("HTTPS_PROXY", "") if scheme == "https" else "")
    if not text:
        return None
    parts = urlsplit(text if "//" in text else f"//{text}")
    if not parts.hostname or parts.scheme not in {"", "http"}:
        raise WrongUse(f"The proxy {text!r} cannot be used; give it as http://proxy:3128.")
    return parts.hostname, parts.port or 3128


def _matches(host: str, pattern: str) -> bool:
    bare = pattern.lstrip("*.")
    return pattern == "*" or (bool(bare) and (host == bare or host.endswith(f".{bare}")))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came for {TIMEOUT:.0f} seconds"
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return "it hung up without a whole answer"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


def _excerpt(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split())[:120]
