"""`import-scan` and `reimport-scan`: a multipart form with a file and the context it belongs to.

Source: DefectDojo's API v2 documentation, "Import" and "Reimport". What it does with the file at once
is done here by a worker: the answer names the report whose status tells the outcome.
"""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.policy import require_somewhere
from apps.accounts.roles import Permission
from apps.common.errors import Invalid, Missing
from apps.compat import selectors
from apps.compat.api.dojo.base import DojoView
from apps.compat.api.dojo.contexts import product_make
from apps.compat.api.dojo.form import not_used, read_form, scanned_at
from apps.compat.api.dojo.shapes import ORGANISATION
from apps.compat.models import Engagement, ScanRun
from apps.compat.scan_types import id_of
from apps.compat.services.contexts import RUN_FIELDS, engagement_ensure
from apps.compat.services.imports import Scan, scan_import
from apps.scans.api.body import check_announced_size, form_parts, is_form
from apps.scans.api.serializers import report_url
from apps.scans.models import Report

REPEATED = (
    "scan_type",
    "scan_date",
    "product_type_name",
    "auto_create_context",
    "environment",
    "service",
    *RUN_FIELDS,
)


class ImportScan(DojoView):
    """A new scan: DefectDojo's default closes nothing, so it is taken as a part of the picture."""

    closes = False
    is_reimport = False

    def post(self, request: Request) -> Response:
        plain = request._request  # noqa: SLF001  # DRF would read the whole body
        require_somewhere(self.actor, Permission.REPORT_UPLOAD)
        check_announced_size(plain)
        if not is_form(plain):
            raise Invalid({"file": "Send a multipart form with the part file."})
        fields, file = form_parts(plain)
        given = read_form(fields, plain.POST.getlist("tags"))
        engagement, title = self.context(given)
        run, report = scan_import(
            actor=self.actor,
            engagement=engagement,
            title=title,
            scan=Scan(
                scan_type=given["scan_type"],
                closes=given.get("close_old_findings", self.closes),
                branch=given["branch_tag"],
                environment=given["environment"],
                commit=given["commit_hash"],
                filename=(file.name or "")[:200],
                scanned_at=scanned_at(given.get("scan_date"), timezone.now()),
                service=given["service"],
                is_of_product=self.of_product(given),
                said={name: given[name] for name in RUN_FIELDS if given.get(name)},
            ),
            chunks=file.chunks(),
        )
        ignored = not_used(given, is_reimport=self.is_reimport)
        return Response(_answer(given, run, report) | {"not_used": ignored}, status=201)

    def of_product(self, given: dict[str, Any]) -> bool | None:
        """Whether its findings are one series with those of the product's other engagements; None: as before."""
        return given.get("close_old_findings_product_scope")

    def context(self, given: dict[str, Any]) -> tuple[Engagement, str]:
        """The engagement and the test's title. Raises: Invalid, Missing, NotPermitted."""
        title = given["test_title"] or given["scan_type"]
        if "engagement" in given:
            return selectors.engagement_get(self.actor, given["engagement"]), title
        return self._by_name(given), title

    def _by_name(self, given: dict[str, Any]) -> Engagement:
        needed = [name for name in ("product_name", "engagement_name") if not given[name]]
        if needed:
            raise Invalid(dict.fromkeys(needed, "Give this, or the id of an engagement."))
        product, name = given["product_name"], given["engagement_name"]
        system = selectors.product_named(self.actor, product)
        if system is None:
            if not given["auto_create_context"]:
                raise Invalid({"product_name": f"Product {product!r} doesn't exist"})
            system = product_make(self, product)
        known = selectors.engagements(self.actor).filter(system=system, name=name).first()
        if known is None and not given["auto_create_context"]:
            raise Invalid({"engagement_name": f"Engagement {name!r} doesn't exist"})
        return known or engagement_ensure(actor=self.actor, system=system, name=name)[0]


class ReimportScan(ImportScan):
    """The whole picture again: what it no longer has is fixed."""

    closes = True
    is_reimport = True

    def of_product(self, given: dict[str, Any]) -> bool | None:
        return None

    def context(self, given: dict[str, Any]) -> tuple[Engagement, str]:
        if "test" in given:
            run = selectors.run_get(self.actor, given["test"])
            return run.engagement, run.title
        engagement, title = super().context(given)
        if not given["auto_create_context"]:
            known = selectors.runs(self.actor).filter(engagement=engagement, title=title)
            if not known.exists():
                raise Missing(f"There is no test {title!r} here; auto_create_context makes one.")
        return engagement, title


def _answer(given: dict[str, Any], run: ScanRun, report: Report) -> dict[str, Any]:
    """What was said, as DefectDojo repeats it, but for what is not so here; and where it is."""
    system = run.engagement.system
    said = {name: given[name] for name in REPEATED if given.get(name) not in (None, "")}
    return said | {
        "minimum_severity": "Info",
        "close_old_findings": report.is_full,
        "close_old_findings_product_scope": run.is_of_product,
        "push_to_jira": False,
        "product_name": system.name,
        "engagement_name": run.engagement.name,
        "test_title": run.title,
        "engagement": run.engagement_id,
        "test": run.pk,
        "test_id": run.pk,
        "engagement_id": run.engagement_id,
        "product_id": system.pk,
        "product_type_id": ORGANISATION,
        "test_type": id_of(run.scan_type),
        "report": report_url(report),
    }
