"""Any HTTPS URL: one document, fetched when it changed, taken up again where it broke off."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from apps.common.outgoing import Answer, OutgoingFailed, errors
from apps.sources.connectors.fields import Field
from apps.sources.connectors.types import Connector, Context, Found

NOT_MODIFIED = 304
RESUMES = 3
_GOES_ON = frozenset({errors.BROKEN, errors.TIME})


class HttpsUrl(Connector):
    slug = "https-url"
    name = "Web address"
    summary = "One document at a URL, fetched again when it has changed."
    fields = (
        Field("url", "URL", "url", help="https://ci.example.org/payments/report.sarif"),
        Field(
            "accept",
            "Accept header",
            required=False,
            help="Only where the server gives several forms, such as application/sarif+json.",
        ),
    )
    credentials = frozenset({"bearer", "basic", "header"})

    def pull(self, context: Context) -> Iterator[Found]:
        """One snapshot, or nothing where the server says that it is the one we know (RFC 9110, 13)."""
        url = str(context.config["url"])
        headers = _accept(context.config) | _conditions(context.cursor, url)
        with context.http.open(url, headers=headers, also={NOT_MODIFIED}) as answer:
            if answer.status == NOT_MODIFIED:
                return
            yield Found(
                chunks=body(context, url, answer, _accept(context.config)),
                cursor=_validators(answer) | {"url": url},
                filename=filename_of(answer.url),
            )

    def probe(self, context: Context) -> str:
        url = str(context.config["url"])
        with context.http.open(url, headers=_accept(context.config)) as answer:
            first = next(iter(answer.chunks()), b"")
            kind = answer.header("Content-Type") or "no content type"
            size = answer.header("Content-Length") or "an unknown number of"
            tells = "yes" if _validators(answer) else "no, so it is fetched whole every time"
        if not first:
            raise OutgoingFailed(errors.CONTENT, "The address answers with an empty document.")
        return f"{kind[:80]}, {size[:20]} bytes. It tells whether it changed: {tells}."


def body(context: Context, url: str, answer: Answer, headers: Mapping[str, str]) -> Iterator[bytes]:
    """The document. Where it breaks off and the server can go on from there, it is asked to.

    SECURITY: only under the strong ETag of what came first (If-Range), so that two versions never
    end up in one report.
    """
    taken = 0
    etag = answer.header("ETag")
    whole = int(size) if (size := answer.header("Content-Length")).isdecimal() else 0
    can_resume = etag.startswith('"') and answer.header("Accept-Ranges").lower() == "bytes"
    for piece in _pieces(answer):
        if isinstance(piece, OutgoingFailed):
            if not (can_resume and whole) or piece.code not in _GOES_ON:
                raise piece
            yield from _rest(context, url, {**headers, "If-Range": etag}, range(taken, whole))
            return
        taken += len(piece)
        yield piece


def _rest(
    context: Context, url: str, headers: Mapping[str, str], missing: range
) -> Iterator[bytes]:
    """The bytes that are missing. Raises: OutgoingFailed."""
    taken, etag = missing.start, headers["If-Range"]
    failure = OutgoingFailed(errors.BROKEN, f"It broke off at byte {taken} of {missing.stop}.")
    for _ in range(RESUMES):
        with context.http.open(url, headers={**headers, "Range": f"bytes={taken}-"}) as answer:
            begins = answer.header("Content-Range").startswith(f"bytes {taken}-")
            if answer.status != 206 or not begins or answer.header("ETag") not in {"", etag}:
                raise OutgoingFailed(errors.BROKEN, "It changed while it was fetched.")
            for piece in _pieces(answer):
                if isinstance(piece, OutgoingFailed):
                    failure = piece
                    break
                taken += len(piece)
                yield piece
        if taken >= missing.stop:
            return
    raise failure


def _pieces(answer: Answer) -> Iterator[bytes | OutgoingFailed]:
    """The chunks, and the failure that ended them as the last one."""
    try:
        yield from answer.chunks()
    except OutgoingFailed as failure:
        yield failure


def _accept(config: Mapping[str, Any]) -> dict[str, str]:
    return {"Accept": str(config.get("accept") or "*/*")}


def _conditions(cursor: Mapping[str, Any], url: str) -> dict[str, str]:
    if cursor.get("url") != url:
        return {}
    known = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
    return {name: str(text) for name, text in known.items() if text}


def _validators(answer: Answer) -> dict[str, str]:
    found = {"etag": answer.header("ETag"), "modified": answer.header("Last-Modified")}
    return {name: text[:500] for name, text in found.items() if text}


def filename_of(url: str) -> str:
    """The last part of a URL's path, as a file would be called."""
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1], errors="replace")
    return "".join(c for c in name if c.isprintable())[:200]
