"""Made-up bodies for the reference's pages, from an OpenAPI description's schemas.

A value comes from the first place that has one that fits: the schema's own example, default or
choices; what the description's examples say under the same name (those of the same tag first); its
format.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DEPTH = 5
Scalar = str | int | float | bool

BY_FORMAT: dict[str, str] = {
    "date-time": "2026-11-24T09:30:00Z",
    "date": "2026-11-24",
    "time": "09:30:00",
    "uuid": "6f1c3c1e-6f0b-4f5e-9a55-3f0b0f8f9d10",
    "uri": "https://example.org/",
    "uri-reference": "/planning/42/",
    "email": "amara.okafor@example.org",
    "ipv4": "192.0.2.7",
    "decimal": "4000.50",
}
BY_TYPE: dict[str, Scalar] = {"integer": 42, "number": 0.25, "boolean": True}
# What they name depends on the tag, so that what another tag's examples say would mislead.
VAGUE = ("key", "name", "label", "title", "kind", "description", "note", "reason")
# Tried in this order where a pattern says what a text looks like.
TEXTS = ("booking", "42", "4000.50", "RS-52", "0.5", "0", "a1b2c3d4", "2026-11-24", "")


class Words:
    """What the examples of operations say under a name: one dictionary a tag, and one for all.

    A name is that of a field, alone and with that of the object it lies in: key and system.key.
    """

    def __init__(self, operations: Iterable[Mapping[str, Any]]) -> None:
        self.everywhere: dict[str, Scalar] = {}
        self.by_tag: dict[str, dict[str, Scalar]] = {}
        for given in operations:
            own = self.by_tag.setdefault(given.get("tags", ["Other"])[0], {})
            for name, value in _said(given):
                own.setdefault(name, value)
                if name not in VAGUE:
                    self.everywhere.setdefault(name, value)

    def of(self, tag: str) -> Mapping[str, Scalar]:
        return self.everywhere | self.by_tag.get(tag, {})


def _said(given: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
    for part in (given.get("requestBody", {}), *given.get("responses", {}).values()):
        for body in part.get("content", {}).values():
            for example in body.get("examples", {}).values():
                yield from _named(example["value"])


def _named(value: Any, name: str = "", within: str = "") -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _named(inner, str(key), name)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, name, within)
    elif name and value not in (None, ""):
        yield name, value
        if within:
            yield f"{within}.{name}", value


def resolved(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Through $ref, and through the allOf and oneOf that only add a note or a null."""
    for word in ("allOf", "oneOf", "anyOf"):
        if word in given:
            real = [each for each in given[word] if each.get("type") != "null"]
            return resolved(schema, real[0]) if real else given
    if "$ref" in given:
        return resolved(schema, schema["components"]["schemas"][given["$ref"].rpartition("/")[2]])
    return given


def sample(
    schema: Mapping[str, Any],
    given: Mapping[str, Any],
    words: Mapping[str, Scalar],
    place: tuple[str, str] = ("", ""),
    depth: int = 0,
) -> Any:
    """A value that `given` allows. place: the object it lies in and its name there."""
    shape = {
        **resolved(schema, given),
        **{k: given[k] for k in ("example", "default") if k in given},
    }
    if "example" in shape:
        return shape["example"]
    kind = _kind(shape)
    if kind == "array":
        item = shape.get("items", {})
        # One of a list is enough to see its shape; too deep, an empty one is allowed as well.
        return [sample(schema, item, words, place, depth + 1)] if depth < DEPTH else []
    if kind == "object":
        return _object(schema, shape, words, place[1], depth)
    return _scalar(shape, kind, _said_of(words, *place))


def _said_of(words: Mapping[str, Scalar], within: str, name: str) -> Scalar | None:
    """Requests name a system by its key alone, where answers have an object with key and name."""
    if f"{within}.{name}" in words:
        return words[f"{within}.{name}"]
    if within and name == "key":
        return words.get(within)
    return words.get("" if within and name in VAGUE else name)


def _object(
    schema: Mapping[str, Any],
    shape: Mapping[str, Any],
    words: Mapping[str, Scalar],
    own: str,
    depth: int,
) -> dict[str, Any]:
    found = shape.get("properties", {})
    if depth >= DEPTH:
        found = {name: inner for name, inner in found.items() if name in shape.get("required", ())}
    made = {
        name: sample(schema, inner, words, (own, name), depth + 1) for name, inner in found.items()
    }
    more = shape.get("additionalProperties")
    if not made and isinstance(more, Mapping) and more and depth < DEPTH:
        made["name"] = sample(schema, more, words, (own, ""), depth + 1)
    return made


def _kind(shape: Mapping[str, Any]) -> str:
    kinds = shape.get("type", "object" if "properties" in shape else "string")
    listed = [kinds] if isinstance(kinds, str) else [each for each in kinds if each != "null"]
    return listed[0] if listed else "null"


def _scalar(shape: Mapping[str, Any], kind: str, said: Scalar | None) -> Any:
    if shape.get("default") not in (None, ""):
        return shape["default"]
    if "enum" in shape:
        real = [each for each in shape["enum"] if each not in (None, "")]
        return said if said in real else next(iter(real), None)
    if kind == "string":
        return _text(shape, said)
    if kind not in BY_TYPE:
        return None
    if said is not None and _is(said, kind) and _within(shape, said):
        return said
    return _number(shape, kind)


def _text(shape: Mapping[str, Any], said: Scalar | None) -> str:
    form = shape.get("format", "")
    tried: list[str] = []
    # What was said under this name may be of another format.
    if isinstance(said, str) and form in ("", "decimal"):
        tried.append(said)
    if form in BY_FORMAT:
        tried.append(BY_FORMAT[form])
    tried += TEXTS if "pattern" in shape else ()
    return next((text for text in tried if _allows(shape, text)), "...")


def _allows(shape: Mapping[str, Any], text: str) -> bool:
    if not shape.get("minLength", 0) <= len(text) <= shape.get("maxLength", len(text)):
        return False
    return "pattern" not in shape or re.search(shape["pattern"], text) is not None


def _is(said: Scalar, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(said, bool)
    return isinstance(said, int if kind == "integer" else int | float) and not isinstance(
        said, bool
    )


def _within(shape: Mapping[str, Any], number: Scalar) -> bool:
    if isinstance(number, bool):
        return True
    least, most = shape.get("minimum", number), shape.get("maximum", number)
    return bool(least <= number <= most)


def _number(shape: Mapping[str, Any], kind: str) -> Scalar:
    number = BY_TYPE[kind]
    if _within(shape, number):
        return number
    end: Scalar = shape["minimum"] if "minimum" in shape else shape["maximum"]
    return end
