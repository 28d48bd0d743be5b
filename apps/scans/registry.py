"""The formats that this installation reads: settings.SECOPS_FORMATS and the `secops_portal.formats` entry points."""

import functools

from django.conf import settings

from apps.scans.formats.registry import Registry, load

ENTRY_POINTS = "secops_portal.formats"


@functools.cache
def registry() -> Registry:
    """Loaded once a process."""
    return load(
        settings.SECOPS_FORMATS,
        entry_point_group=ENTRY_POINTS,
        salt=settings.SECOPS_SECRET_SALT.encode(),
    )


def problems() -> list[str]:
    """Sentences about entries that cannot be used."""
    return list(registry().problems)
