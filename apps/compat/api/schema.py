"""How the OpenAPI description names a token that comes as a password."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class PasswordScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "apps.compat.api.receivers.PasswordAuthentication"
    name = "tokenAsPassword"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "basic",
            "description": "Any name, and a token as the password.",
        }
