"""Words that the exports share."""

import json
from typing import Any

from django.conf import settings

from apps.scans.models import Finding

SEVERITY_NAMES = {0: "info", 1: "low", 2: "medium", 3: "high", 4: "critical"}


def finding_url(finding: Finding) -> str:
    return f"{settings.BASE_URL}/findings/{finding.pk}/"


def product_of(finding: Finding) -> str:
    """The system as a package URL of the type "generic"; a system's key needs no escape there."""
    return f"pkg:generic/{finding.system.key}"


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def joined(values: Any) -> Any:
    """JSON texts with a comma and a line's end between them."""
    for number, value in enumerate(values):
        yield value if not number else ",\n" + value
