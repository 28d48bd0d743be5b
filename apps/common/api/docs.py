"""One decorator that says of an operation what the OpenAPI page needs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

F = TypeVar("F", bound=Callable[..., Any])

DONE = OpenApiResponse(description="Done.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of your own. Sent again with it, the request has no second effect.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag that the object was read with.",
)
# Where the body, and not If-Match, names the version that was read.
CHANGED_SINCE = {
    (412, "application/problem+json"): OpenApiResponse(
        {"$ref": "#/components/schemas/Problem"}, "Changed by somebody else"
    )
}
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=True,
    description="The object's version; send it as If-Match with an edit.",
)


def operation(
    name: str,
    summary: str,
    *,
    tag: str,
    takes: Any = None,
    gives: Any = None,
    status: int = 200,
    media: str = "",
    query: Any = None,
    parameters: tuple[OpenApiParameter, ...] = (),
    repeatable: bool = False,
    edits: bool = False,
    versioned: bool = False,
    description: str = "",
    example: Any = None,
    answer: Any = None,
    also: Mapping[Any, Any] | None = None,
) -> Callable[[F], F]:
    """Document one operation.

    takes, gives: serializers of body and answer; media: of an answer that is not JSON;
    query: serializer of the query parameters; repeatable: honours Idempotency-Key;
    edits: needs If-Match; versioned: answers with an ETag; also: what else is answered, by status
    or (status, media type).
    """
    headers = [*parameters]
    headers += [query] if query else []
    headers += [IDEMPOTENCY_KEY] if repeatable else []
    headers += [IF_MATCH] if edits else []
    headers += [ETAG] if versioned or edits else []
    examples = []
    if example is not None:
        examples.append(OpenApiExample("Request", value=example, request_only=True))
    if answer is not None:
        examples.append(OpenApiExample("Answer", value=answer, response_only=True))
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=description or summary,
        tags=[tag],
        parameters=headers,
        request=takes,
        responses={(status, media) if media else status: gives or DONE, **(also or {})},
        examples=examples,
    )
