"""An OpenAPI description turned into what the reference page shows: plain data, no markup."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "patch", "put", "delete")
DEPTH = 4  # how far objects in objects are spelled out


@dataclass(frozen=True)
class Field:
    """One field, parameter or header. `name` is a path such as system.key or answers[].body."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    media: tuple[str, ...]
    body: tuple[Field, ...]
    example: str  # a request body as JSON
    curl: str
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]  # "404 Not found"


@dataclass(frozen=True)
class Group:
    name: str
    operations: tuple[Operation, ...]


def groups(schema: Mapping[str, Any]) -> tuple[Group, ...]:
    """The operations by tag, in the order in which the description has them."""
    found: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                tag = methods[method].get("tags", ["Other"])[0]
                found.setdefault(tag, []).append(_operation(schema, path, method, methods[method]))
    return tuple(Group(name, tuple(each)) for name, each in sorted(found.items()))


def _operation(
    schema: Mapping[str, Any], path: str, method: str, given: dict[str, Any]
) -> Operation:
    content = given.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    body: Mapping[str, Any] = content.get(media, {})
    example = _example(body)
    summary, description = given.get("summary", ""), given.get("description", "")
    answers = list(given.get("responses", {}).items())
    return Operation(
        anchor=given["operationId"],
        method=method.upper(),
        path=path,
        summary=summary,
        description="" if description == summary else description,
        parameters=tuple(_parameter(schema, each) for each in given.get("parameters", [])),
        media=tuple(content),
        body=tuple(_fields(schema, body.get("schema", {}))),
        example=example,
        curl=_curl(path + _query(given), method, media, example),
        answers=tuple(_answer(schema, code, each) for code, each in answers if code < "400"),
        problems=tuple(f"{code} {each['description']}" for code, each in answers if code >= "400"),
    )


def _parameter(schema: Mapping[str, Any], given: dict[str, Any]) -> Field:
    kind = f"{_kind(schema, given.get('schema', {}))}, {given['in']}"
    return Field(given["name"], kind, given.get("required", False), _note(schema, given))


def _answer(schema: Mapping[str, Any], code: str, given: dict[str, Any]) -> Answer:
    content: Mapping[str, Any] = next(iter(given.get("content", {}).values()), {})
    fields = tuple(_fields(schema, content.get("schema", {})))
    return Answer(code, given.get("description", ""), fields)


def _fields(
    schema: Mapping[str, Any], given: Mapping[str, Any], path: str = "", depth: int = 0
) -> Iterator[Field]:
    shape = _resolved(schema, given)
    if shape.get("type") == "array" and not path:
        yield from _fields(schema, shape.get("items", {}), "[]", depth)
        return
    required = shape.get("required", ())
    for name, inner in shape.get("properties", {}).items():
        own = f"{path}.{name}".lstrip(".")
        yield Field(own, _kind(schema, inner), name in required, _note(schema, inner))
        yield from _deeper(schema, inner, own, depth)


def _deeper(
    schema: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int
) -> Iterator[Field]:
    shape = _resolved(schema, given)
    if depth >= DEPTH:
        return
    if shape.get("type") == "array":
        yield from _fields(schema, shape.get("items", {}), f"{path}[]", depth + 1)
    else:
        yield from _fields(schema, shape, path, depth + 1)


def _resolved(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Through $ref, and through the allOf and oneOf that only add a note or a null."""
    for word in ("allOf", "oneOf", "anyOf"):
        if word in given:
            real = [each for each in given[word] if each.get("type") != "null"]
            return _resolved(schema, real[0]) if real else given
    if "$ref" in given:
        return _resolved(schema, schema["components"]["schemas"][given["$ref"].rpartition("/")[2]])
    return given


def _kind(schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    shape = _resolved(schema, given)
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
    words: str = given.get("description") or _resolved(schema, given).get("description", "")
    # drf-spectacular lists the choices of an enum in its description; `_kind` names them already.
    text = words.split("* `", maxsplit=1)[0].strip()
    if "default" in given and given["default"] not in ("", None, []):
        text = f"{text} Default: {json.dumps(given['default'])}.".strip()
    return text


def _example(body: Mapping[str, Any]) -> str:
    examples = list(body.get("examples", {}).values())
    return json.dumps(examples[0]["value"], indent=2) if examples else ""


def _query(given: Mapping[str, Any]) -> str:
    """The query parameters that must be there, to be filled in."""
    needed = [
        f"{each['name']}={each['name'].upper()}"
        for each in given.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    ]
    return f"?{'&'.join(needed)}" if needed else ""


def _curl(path: str, method: str, media: str, example: str) -> str:
    verb = "curl" if method == "get" else f"curl -X {method.upper()}"
    lines = [f'{verb} "$PORTAL{path}"', '-H "Authorization: Bearer $TOKEN"']
    if method == "patch":
        lines.append("-H 'If-Match: \"1\"'")
    if example:
        lines += [f"-H 'Content-Type: {media}'", f"--data '{json.dumps(json.loads(example))}'"]
    elif media == "application/octet-stream":
        lines.append("--data-binary @report.sarif")
    return " \\\n  ".join(lines)
