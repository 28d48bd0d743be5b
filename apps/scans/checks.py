"""System checks of the format registry: a bad entry or a duplicate slug stops the deployment."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from apps.scans.registry import problems


@register
def formats_are_sound(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    hint = "Correct SECOPS_FORMATS or the package that registers the format."
    return [Error(text, hint=hint, id="scans.E001") for text in problems()]
