"""How the OpenAPI description names the proof of a job."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ProofScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "apps.trust.api.views.ProofAuthentication"
    name = "idToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The ID token that a code host signs for one job.",
        }
