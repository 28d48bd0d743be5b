"""How the OpenAPI description names the token of a receiver, which may also be Basic's password."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ReceiverScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "apps.compat.api.receivers.ReceiverAuthentication"
    name = ["token", "tokenAsPassword"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "A token from POST /tokens or POST /systems/{system}/tokens.",
            },
            {
                "type": "http",
                "scheme": "basic",
                "description": "Any name, and a token as the password.",
            },
        ]
