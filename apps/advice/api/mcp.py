"""`POST /api/mcp`: the Model Context Protocol over HTTP, one message a request, for a person's token."""

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import TokenAuthentication
from apps.accounts.api.views import PortalView
from apps.accounts.roles import Scope
from apps.advice.mcp.protocol import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    VERSIONS,
    RpcError,
    Tool,
    answer,
    initialized,
)
from apps.advice.mcp.tools import READING
from apps.advice.mcp.valuing import VALUING
from apps.common.errors import DomainError, Invalid, NotPermitted

TOOLS = {tool.name: tool for tool in (*READING, VALUING)}
SERVER_VERSION = "1"


class Mcp(PortalView):
    """SECURITY: only tokens, never the browser's session, so that no page of another site can ask."""

    authentication_classes = (TokenAuthentication,)
    also_sent_by = frozenset({Scope.READ})  # a question is sent, and nothing is changed
    schema = None  # JSON-RPC describes itself, with tools/list
    http_method_names = ["post", "options"]

    def post(self, request: Request) -> Response:
        _check_headers(request)
        told = answer(request.data, self._run)
        return Response(status=202) if told is None else Response(told)

    def _run(self, method: str, params: dict[str, Any]) -> Any:
        match method:
            case "initialize":
                return initialized(params, SERVER_VERSION)
            case "ping":
                return {}
            case "tools/list":
                return {"tools": [tool.described() for tool in TOOLS.values()]}
            case "tools/call":
                return self._call(params)
        raise RpcError(METHOD_NOT_FOUND, f"There is no method {method[:60]!r} here.")

    def _call(self, params: dict[str, Any]) -> dict[str, Any]:
        tool, arguments = TOOLS.get(str(params.get("name"))), params.get("arguments") or {}
        if tool is None or not isinstance(arguments, dict):
            raise RpcError(INVALID_PARAMS, f"The tools are {', '.join(TOOLS)}.")
        _check_arguments(tool, arguments)
        return _result(lambda: tool.call(self.actor, **arguments))


def _check_headers(request: Request) -> None:
    """Raises: NotPermitted, Invalid. Source: "Transports", security warning and protocol version header."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != settings.BASE_URL:
        raise NotPermitted("Pages of other sites do not ask here.")
    version = request.headers.get("MCP-Protocol-Version")
    modern = request.data.get("method") if isinstance(request.data, dict) else None
    if version is not None and version not in VERSIONS and modern != "server/discover":
        raise Invalid({"MCP-Protocol-Version": f"Known here: {', '.join(VERSIONS)}."})


def _check_arguments(tool: Tool, arguments: dict[str, Any]) -> None:
    """Names, and texts that are texts; what the values mean the selectors check. Raises: RpcError."""
    fields, needed = tool.schema["properties"], tool.schema["required"]
    wrong = sorted({*arguments} - {*fields}) + sorted({*needed} - {*arguments})
    wrong += [
        name
        for name, value in arguments.items()
        if name in fields and fields[name]["type"] == "string" and not _is_text(value)
    ]
    if wrong:
        raise RpcError(INVALID_PARAMS, f"{tool.name} does not take it so: {', '.join(wrong)}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _result(call: Callable[[], Any]) -> dict[str, Any]:
    """What a tool found, or why not, as something that the assistant can read and mend."""
    try:
        told = call()
    except DomainError as error:
        return _failure(_sentence(error))
    except ValidationError as error:
        return _failure(str(_plain(error.detail)))
    data = _plain(told)
    return {
        "content": [{"type": "text", "text": _text(data)}],
        "structuredContent": data,
        "isError": False,
    }


def _failure(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": True}


def _sentence(error: DomainError) -> str:
    fields = error.fields.items() if isinstance(error, Invalid) else ()
    return " ".join([error.message, *(f"{name}: {' '.join(texts)}" for name, texts in fields)])


def _plain(told: Any) -> Any:
    """As it goes out: JSON's own kinds."""
    return json.loads(JSONRenderer().render(told))


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)
