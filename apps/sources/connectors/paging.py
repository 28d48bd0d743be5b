"""Walking the pages of a listing. SECURITY: a server does not choose another server for us."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from apps.common.outgoing import Answer, OutgoingFailed, errors, origin_of
from apps.sources.connectors.types import Context

MAX_PAGES = 1000
_LINK = re.compile(r"<([^<>]{1,4000})>\s*((?:;[^,<>]{0,300})*)")


def address(base: str, *path: str, **query: Any) -> str:
    """A URL below a base; each part of the path is quoted whole, so that no part reaches beyond it."""
    parts = "/".join(quote(part, safe="") for part in path)
    asked = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{base.rstrip('/')}/{parts}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")


def next_link(answer: Answer) -> str:
    """The address of the next page (RFC 8288, rel="next"); empty on the last one.

    Raises: OutgoingFailed when it leads to another server.
    """
    for url, parameters in _LINK.findall(answer.header("Link")):
        if re.search(r';\s*rel="?next"?\s*(?:;|$)', parameters):
            following: str = urljoin(answer.url, url)
            if origin_of(following) != origin_of(answer.url):
                raise OutgoingFailed(
                    errors.CONTENT, "Its next page is on another server, which is not followed."
                )
            return following
    return ""


def linked_pages(
    context: Context, url: str, headers: Mapping[str, str]
) -> Iterator[tuple[Any, Answer]]:
    """Each page and what came with it. Raises: OutgoingFailed; also where pages lead in a circle."""
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) >= MAX_PAGES:
            raise OutgoingFailed(errors.CONTENT, "Its pages do not end.")
        seen.add(url)
        data, answer = context.http.json(url, headers=headers)
        yield data, answer
        url = next_link(answer)


def expect_list(value: Any, what: str) -> list[Any]:
    """Raises: OutgoingFailed for an answer of another shape: nothing found is not the same as no list."""
    if not isinstance(value, list):
        raise OutgoingFailed(errors.CONTENT, f"The answer has no list of {what}.")
    return value


def expect_objects(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects and nothing else.

    Raises: OutgoingFailed. In a snapshot an entry that cannot be read must not count as fixed.
    """
    found = expect_list(value, what)
    if not all(isinstance(each, dict) for each in found):
        raise OutgoingFailed(errors.CONTENT, f"The answer's list of {what} holds something else.")
    return found
