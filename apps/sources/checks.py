"""System checks: a connector or a key that cannot be used stops the deployment."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.sources.registry import registry


@register
def connectors_are_sound(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    hint = "Correct SECOPS_CONNECTORS or the package that registers the connector."
    return [Error(text, hint=hint, id="sources.E001") for text in registry().problems]


@register
def credential_keys_are_keys(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    for number, key in enumerate(settings.SECOPS_CREDENTIAL_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            text = f"Key {number} of SECOPS_CREDENTIAL_KEYS is no Fernet key."
            hint = (
                'Make one: python -c "from cryptography.fernet import Fernet; '
                'print(Fernet.generate_key().decode())"'
            )
            return [Error(text, hint=hint, id="sources.E002")]
    return []
