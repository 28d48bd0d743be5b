"""Our rows as DefectDojo's objects: the fields that its clients read."""

from typing import Any

from apps.catalog.models import System
from apps.compat.models import Engagement, ScanRun
from apps.compat.scan_types import id_of

ORGANISATION = 1  # the one product type there is
UNDER_WAY = "In Progress"  # every engagement, always


def product_type(name: str) -> dict[str, Any]:
    return {"id": ORGANISATION, "name": name, "description": "", "critical_product": False}


def product(system: System, name: str = "") -> dict[str, Any]:
    """`name`: as the client wrote it, since clients compare it letter by letter."""
    return {
        "id": system.pk,
        "name": name or system.name,
        "description": system.description,
        "prod_type": ORGANISATION,
        "tags": [],
    }


def engagement(row: Engagement) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "product": row.system_id,
        "engagement_type": "CI/CD",
        "status": UNDER_WAY,
        "active": True,
        "target_start": f"{row.created_at:%Y-%m-%d}",
        "target_end": "2999-12-31",
        "build_id": row.build_id,
        "commit_hash": row.commit_hash,
        "branch_tag": row.branch_tag,
        "tags": [],
    }


def test(row: ScanRun) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "engagement": row.engagement_id,
        "test_type": id_of(row.scan_type),
        "test_type_name": row.scan_type,
        "scan_type": row.scan_type,
        "target_start": row.created_at.isoformat(),
        "target_end": "2999-12-31T00:00:00Z",
        "created": row.created_at.isoformat(),
        "version": row.version,
        "build_id": row.build_id,
        "commit_hash": row.commit_hash,
        "branch_tag": row.branch_tag,
        "tags": row.tags,
    }


def test_type(name: str) -> dict[str, Any]:
    return {"id": id_of(name), "name": name, "static_tool": False, "dynamic_tool": False}
