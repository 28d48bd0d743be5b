"""What a text names and the portal knows leads there: PI-7, RS-12, G-3, CWE-79, CVE-2021-44228, GHSA-….

Only the words are read: whether the thing exists, and who may see it, its own page says. What stands in code
or in a link already is left alone. People (`@amara.okafor`) are marked where the text was kept with their names.
"""

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlencode

from django.urls import reverse
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Not within a longer name (ACME-PI-7, PI-7-draft), an address or a path.
_NAMED = re.compile(
    r"(?<![\w/@#&?=.:-])"
    r"(?:(?P<kind>PI|RS|G)-(?P<number>[1-9]\d{0,17})"
    r"|(?P<weakness>CWE-[1-9]\d{0,5}|CVE-\d{4}-\d{4,19}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}))"
    r"(?![\w/@=-])"
)
# The part of an address before its @, or all of it; a full stop at the end is the sentence's.
_PERSON = (
    r"(?<![\w@/.])@(?P<name>[A-Za-z0-9](?:[\w.+-]*\w)?(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)?)"
)
MENTION = re.compile(_PERSON, re.ASCII)
_EITHER = re.compile(f"{_NAMED.pattern}|{_PERSON}", re.ASCII)
# By the letters of a key: the name of the thing's page. A text leads to those that `_NAMED` finds.
PAGES = {
    "AU": "automation-detail",
    "C": "control-detail",
    "F": "finding-detail",
    "G": "guidance-detail",
    "PI": "item-detail",
    "RS": "statement-detail",
}


def address_of(found: re.Match[str]) -> str:
    """Where a reference leads: the thing's page; of a weakness, all that the portal has about it."""
    if found["kind"]:
        return reverse(PAGES[found["kind"]], args=[int(found["number"])])
    return f"{reverse('search')}?{urlencode({'q': found['weakness']})}"


def words_in(children: list[Token]) -> Iterator[str]:
    """The plain words of a block: neither code nor links."""
    depth = 0
    for each in children:
        depth += {"link_open": 1, "link_close": -1}.get(each.type, 0)
        if each.type == "text" and not depth:
            yield each.content


def mark_references(state: StateCore, people: Collection[str]) -> None:
    """A rule of the Markdown parser, after all others of its core. people: names to mark, in lower case."""
    for block in state.tokens:
        if block.type == "inline" and _EITHER.search(block.content):
            block.children = list(_marked(block.children or [], people))


def _marked(children: list[Token], people: Collection[str]) -> Iterator[Token]:
    depth = 0
    for each in children:
        depth += {"link_open": 1, "link_close": -1}.get(each.type, 0)
        if each.type == "text" and not depth:
            yield from _split(each, people)
        else:
            yield each


def _split(token: Token, people: Collection[str]) -> Iterator[Token]:
    at = 0
    for found in _EITHER.finditer(token.content):
        if found["name"] and found["name"].lower() not in people:
            continue
        if found.start() > at:
            yield _text(token.content[at : found.start()], token.level)
        if found["name"]:
            yield Token("person_open", "span", 1, attrs={"class": "mention"}, level=token.level)
            yield _text(found[0], token.level + 1)
            yield Token("person_close", "span", -1, level=token.level)
        else:
            yield Token("link_open", "a", 1, attrs={"href": address_of(found)}, level=token.level)
            yield _text(found[0], token.level + 1)
            yield Token("link_close", "a", -1, level=token.level)
        at = found.end()
    if at < len(token.content):
        yield _text(token.content[at:], token.level)


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)
