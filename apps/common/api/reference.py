"""An OpenAPI description turned into what the reference's pages show: plain data, no markup.

An index of all operations is made once; what a page needs of one operation is worked out when that
page is read.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from apps.common.api.problems import CODES, problem
from apps.common.api.samples import Words, resolved, sample

METHODS = ("get", "post", "patch", "put", "delete")
DEPTH = 4  # how far objects in objects are spelled out
FOUND_LETTERS = 200  # of what somebody searches for

# Which kind of problem an answer mostly is; the index has all of them with their meaning.
CODE_OF = {
    "400": "invalid",
    "401": "not-authenticated",
    "403": "not-permitted",
    "404": "not-found",
    "409": "conflict",
    "412": "edit-conflict",
    "413": "too-large",
    "415": "unsupported-media-type",
    "428": "precondition-needed",
    "503": "issuer-unreachable",
}


@dataclass(frozen=True)
class Field:
    """One field, parameter or header. `within` is where it lies, such as system. or answers[]."""

    name: str
    kind: str
    required: bool
    note: str
    within: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer that is no problem. `sample` is JSON made up from its fields, or nothing."""

    status: str
    title: str
    description: str
    media: tuple[str, ...]
    fields: tuple[Field, ...]
    sample: str


@dataclass(frozen=True)
class Problem:
    status: str
    description: str
    code: str


@dataclass(frozen=True)
class Refusal:
    """One of the problems as it arrives: its status, and the answer's JSON."""

    status: str
    sample: str


@dataclass(frozen=True)
class Entry:
    """One operation in the index; `words` is what a search looks through, in small letters."""

    name: str
    method: str
    path: str
    summary: str
    tag: str
    words: str = field(repr=False)

    @property
    def steps(self) -> tuple[str, ...]:
        """The path without what the index says once for all, cut where a line may break."""
        return tuple(f"/{step}" for step in self.path.removeprefix("/api/v1/").split("/"))


@dataclass(frozen=True)
class Group:
    name: str
    entries: tuple[Entry, ...]

    @property
    def anchor(self) -> str:
        return "tag-" + self.name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Operation:
    """What the page of one operation shows. `security` names schemes of the description."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    security: tuple[str, ...]
    parameters: tuple[tuple[str, tuple[Field, ...]], ...]  # by where they go: path, query, header
    media: tuple[str, ...]
    body: tuple[Field, ...]
    curl: str
    answers: tuple[Answer, ...]
    problems: tuple[Problem, ...]
    refusal: Refusal


class Reference:
    """A description, read for people. Its `schema` is not written to."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The operations by tag; within a tag as the description has them."""
        found: dict[str, list[Entry]] = {}
        for path, method, given in self._given():
            tag = given.get("tags", ["Other"])[0]
            found.setdefault(tag, []).append(self._entry(path, method, given, tag))
        return tuple(Group(name, tuple(each)) for name, each in sorted(found.items()))

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """By name, in the order in which one reads on from page to page."""
        return {each.name: each for group in self.groups for each in group.entries}

    @cached_property
    def security(self) -> dict[str, Mapping[str, Any]]:
        """How a request may say whose it is, by the name of the scheme."""
        schemes: dict[str, Mapping[str, Any]] = self.schema["components"]["securitySchemes"]
        return schemes

    @cached_property
    def problem(self) -> str:
        """What a problem looks like, as JSON."""
        return json.dumps(self.schema["components"]["schemas"]["Problem"]["example"], indent=2)

    def found(self, text: str) -> tuple[Group, ...]:
        """The groups with those operations that have every word of `text` somewhere."""
        wanted = text[:FOUND_LETTERS].lower().split()
        cut = (
            Group(group.name, tuple(e for e in group.entries if all(w in e.words for w in wanted)))
            for group in self.groups
        )
        return tuple(group for group in cut if group.entries)

    def operation(self, name: str) -> Operation:
        """All of one operation. Raises KeyError where there is none of this name."""
        entry = self.entries[name]
        method = entry.method.lower()
        given = self.schema["paths"][entry.path][method]
        content = given.get("requestBody", {}).get("content", {})
        media = next(iter(content), "")
        body: Mapping[str, Any] = content.get(media, {})
        description = given.get("description", "")
        words = self._words.of(entry.tag)
        return Operation(
            name=name,
            method=entry.method,
            path=entry.path,
            summary=entry.summary,
            description="" if description == entry.summary else description,
            security=tuple(each for choice in given.get("security", ()) for each in choice),
            parameters=self._parameters(given),
            media=tuple(content),
            body=tuple(_fields(self.schema, body.get("schema", {}))),
            curl=_curl(given, entry.path, method, media, self._body(body, media, words)),
            answers=tuple(
                self._answer(code, each, words)
                for code, each in given.get("responses", {}).items()
                if code < "400"
            ),
            problems=tuple(
                Problem(code, each["description"], CODE_OF.get(code, ""))
                for code, each in sorted(given.get("responses", {}).items())
                if code >= "400"
            ),
            refusal=self._refusal(given, body),
        )

    def _refusal(self, given: Mapping[str, Any], body: Mapping[str, Any]) -> Refusal:
        """The problem that one meets first: a field that is wrong, an object that is not there."""
        if body.get("examples") or "404" not in given["responses"]:
            return Refusal("400", self.problem)
        made = problem(404, "not-found", CODES["not-found"])
        return Refusal("404", json.dumps(made, indent=2))

    def _given(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for path, methods in self.schema["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield path, method, methods[method]

    @cached_property
    def _words(self) -> Words:
        return Words(given for _path, _method, given in self._given())

    def _entry(self, path: str, method: str, given: Mapping[str, Any], tag: str) -> Entry:
        name, summary = given["operationId"], given.get("summary", "")
        content: Mapping[str, Any] = next(
            iter(given.get("requestBody", {}).get("content", {}).values()), {}
        )
        taken = {each["name"] for each in given.get("parameters", ())}
        taken |= {each.name for each in _fields(self.schema, content.get("schema", {}))}
        words = (name, method, path, summary, given.get("description", ""), tag, *sorted(taken))
        return Entry(name, method.upper(), path, summary, tag, " ".join(words).lower())

    def _parameters(self, given: Mapping[str, Any]) -> tuple[tuple[str, tuple[Field, ...]], ...]:
        """Those of a request; drf-spectacular lists headers of answers among them, too."""
        places: dict[str, list[Field]] = {"path": [], "query": [], "header": []}
        for each in given.get("parameters", ()):
            kind = _kind(self.schema, each.get("schema", {}))
            note = _note(self.schema, each)
            places[each["in"]].append(Field(each["name"], kind, each.get("required", False), note))
        return tuple((place, tuple(fields)) for place, fields in places.items() if fields)

    def _answer(self, status: str, given: Mapping[str, Any], words: Mapping[str, Any]) -> Answer:
        content = given.get("content", {})
        media = next(iter(content), "")
        body: Mapping[str, Any] = content.get(media, {})
        return Answer(
            status=status,
            title=HTTPStatus(int(status)).phrase,
            description=given.get("description", ""),
            media=tuple(content),
            fields=tuple(_fields(self.schema, body.get("schema", {}))),
            sample=self._body(body, media, words),
        )

    def _body(self, body: Mapping[str, Any], media: str, words: Mapping[str, Any]) -> str:
        """A body as JSON: the example that the description gives, or one made up from its fields."""
        for each in body.get("examples", {}).values():
            return json.dumps(each["value"], indent=2, ensure_ascii=False)
        if not media.endswith("json") or "schema" not in body:
            return ""
        made = sample(self.schema, body["schema"], words)
        return json.dumps(made, indent=2, ensure_ascii=False)


def _fields(
    schema: Mapping[str, Any], given: Mapping[str, Any], path: str = "", depth: int = 0
) -> Iterator[Field]:
    shape = resolved(schema, given)
    if shape.get("type") == "array" and not path:
        yield from _fields(schema, shape.get("items", {}), "[]", depth)
        return
    required = shape.get("required", ())
    within = f"{path}." if path else ""
    for name, inner in shape.get("properties", {}).items():
        kind, note = _kind(schema, inner), _note(schema, inner)
        yield Field(name, kind, name in required, note, within)
        yield from _deeper(schema, inner, within + name, depth)


def _deeper(
    schema: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int
) -> Iterator[Field]:
    shape = resolved(schema, given)
    if depth >= DEPTH:
        return
    if shape.get("type") == "array":
        yield from _fields(schema, shape.get("items", {}), f"{path}[]", depth + 1)
    else:
        yield from _fields(schema, shape, path, depth + 1)


def _kind(schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    shape = resolved(schema, given)
    kinds = shape.get("type", "any")
    listed = [kinds] if isinstance(kinds, str) else [each for each in kinds if each != "null"]
    words = [*listed, *([f"({shape['format']})"] if "format" in shape else [])]
    if "enum" in shape:
        words.append(
            "one of " + ", ".join(str(each) for each in shape["enum"] if each not in ("", None))
        )
    if shape.get("type") == "array":
        words.append("of " + _kind(schema, shape.get("items", {})))
    if _nullable(given) or "null" in kinds:
        words.append("or null")
    return " ".join(words)


def _nullable(given: Mapping[str, Any]) -> bool:
    choices = [*given.get("oneOf", ()), *given.get("anyOf", ())]
    return any(each.get("type") == "null" for each in choices)


def _note(schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    words: str = given.get("description") or resolved(schema, given).get("description", "")
    # drf-spectacular lists the choices of an enum in its description; `_kind` names them already.
    text = words.split("* `", maxsplit=1)[0].strip()
    if "default" in given and given["default"] not in ("", None, []):
        text = f"{text} Default: {json.dumps(given['default'])}.".strip()
    return text


def _query(given: Mapping[str, Any]) -> str:
    """The query parameters that must be there, to be filled in."""
    needed = [
        f"{each['name']}={each['name'].upper()}"
        for each in given.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    ]
    return f"?{'&'.join(needed)}" if needed else ""


def _curl(given: Mapping[str, Any], path: str, method: str, media: str, body: str) -> str:
    """A line for a shell, to be copied: what stands in capitals or braces is to be filled in."""
    verb = "curl" if method == "get" else f"curl -X {method.upper()}"
    lines = [f'{verb} "$PORTAL{path}{_query(given)}"']
    schemes = {each for choice in given.get("security", ()) for each in choice}
    if "token" in schemes:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    elif "idToken" in schemes:
        lines.append('-H "Authorization: Bearer $ID_TOKEN"')
    elif "tokenAsPassword" in schemes:
        lines.append('-u "anything:$TOKEN"')
    headers = {each["name"] for each in given.get("parameters", ()) if each["in"] == "header"}
    if "If-Match" in headers:
        lines.append("-H 'If-Match: \"1\"'")
    if body:
        lines += [f"-H 'Content-Type: {media}'", f"--data {shlex.quote(body)}"]
    elif media == "application/octet-stream":
        lines.append("--data-binary @report.sarif")
    elif media:
        lines += [f"-H 'Content-Type: {media}'", "--data-binary @FILE"]
    return " \\\n  ".join(lines)
