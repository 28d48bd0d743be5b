"""System checks of the registries in settings: a bad entry stops the deployment."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register
def event_handlers_exist(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for event, handlers in settings.SECOPS_EVENT_HANDLERS.items():
        for path in handlers:
            try:
                import_string(path)
            except ImportError as error:
                problems.append(
                    Error(
                        f"The handler {path} of event {event} cannot be imported: {error}",
                        hint="Correct SECOPS_EVENT_HANDLERS.",
                        id="common.E001",
                    )
                )
    return problems


@register
def registered_paths_exist(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name in ("SECOPS_REMOVALS", "SECOPS_SETTING_LINES"):
        for path in getattr(settings, name):
            try:
                import_string(path)
            except ImportError as error:
                problems.append(
                    Error(
                        f"{path} cannot be imported: {error}",
                        hint=f"Correct {name}.",
                        id="common.E003",
                    )
                )
    return problems


@register
def providers_exist(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """What an app above says to one below is named by its path, or by none."""
    problems: list[CheckMessage] = []
    for name in ("SECOPS_ITEM_WORTH", "SECOPS_FINDING_LOSSES"):
        path = getattr(settings, name)
        try:
            import_string(path) if path else None
        except ImportError as error:
            problems.append(
                Error(
                    f"{path} cannot be imported: {error}",
                    hint=f"Correct {name}.",
                    id="common.E002",
                )
            )
    return problems
