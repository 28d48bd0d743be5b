"""What drf-spectacular cannot know: the problem answers that every operation shares."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable machine word"},
        "detail": {"type": "string", "description": "a sentence that says what and where"},
        "location": {"type": "string", "description": "JSON pointer, line or byte offset"},
        "current_version": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "example": {
        "type": "/api/docs#problem-invalid",
        "title": "The request cannot be accepted",
        "status": 400,
        "code": "invalid",
        "detail": "Some fields need another value.",
        "errors": [{"field": "frequency_low", "detail": "The low end must be below the high end."}],
    },
}

EVERYWHERE = {"400": "Not acceptable", "401": "No valid credentials", "403": "Not permitted"}
NAMING = {"system", "item", "statement", "series"}  # query parameters that name something
WITH_OBJECT = {"404": "Not found, or not yours to know of"}
ON_WRITE = {"409": "State conflict", "413": "Too large", "415": "Unsupported media type"}
ON_EDIT = {"412": "Changed by somebody else", "428": "If-Match is missing"}


def document_problems(
    result: dict[str, Any],
    **kwargs: Any,  # noqa: ARG001  # drf-spectacular's signature
) -> dict[str, Any]:
    """Add the problem schema and the answers that follow from method and path."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            _add(operation, _answers(path, method, operation))
    return result


def _answers(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    answers = dict(EVERYWHERE)
    filters = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    if "{" in path or method == "post" or filters & NAMING:
        answers |= WITH_OBJECT
    if method in {"post", "put", "patch"}:
        answers |= ON_WRITE
    if method == "patch":
        answers |= ON_EDIT
    if method == "delete":
        answers["409"] = ON_WRITE["409"]
    return answers


def _add(operation: dict[str, Any], answers: dict[str, str]) -> None:
    for status, description in answers.items():
        operation.setdefault("responses", {}).setdefault(
            status,
            {
                "description": description,
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        )
