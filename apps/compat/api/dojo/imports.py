"""`import-scan` and `reimport-scan`: a multipart form with a file and the context it belongs to.

Source: DefectDojo's API v2 documentation, "Import" and "Reimport". What it does with the file at once
is done here by a worker: the answer names the report whose status tells the outcome.
"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.policy import require_somewhere
from apps.accounts.roles import Permission
from apps.common.errors import Invalid, Missing
from apps.compat import selectors
from apps.compat.api.dojo.base import LARGEST, DojoView
from apps.compat.api.dojo.contexts import product_make
from apps.compat.api.dojo.shapes import ORGANISATION
from apps.compat.models import Engagement, ScanRun
from apps.compat.scan_types import id_of
from apps.compat.services.contexts import engagement_ensure
from apps.compat.services.imports import Scan, scan_import
from apps.scans.api.body import check_announced_size, form_parts, is_form
from apps.scans.api.serializers import report_url
from apps.scans.models import Report


def _text(longest: int) -> serializers.CharField:
    return serializers.CharField(max_length=longest, allow_blank=True, required=False, default="")


class ScanIn(serializers.Serializer[Any]):
    """The form's fields that mean something here; others are ignored, as clients expect."""

    scan_type = serializers.CharField(max_length=200)
    engagement = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)
    test = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)
    product_name = _text(120)
    engagement_name = _text(300)
    test_title = _text(255)
    auto_create_context = serializers.BooleanField(default=False)
    close_old_findings = serializers.BooleanField(required=False)
    branch_tag = _text(150)
    commit_hash = _text(64)
    environment = _text(60)
    minimum_severity = _text(20)
    scan_date = _text(40)
    version = _text(100)


class ImportScan(DojoView):
    """A new scan: DefectDojo's default closes nothing, so it is taken as a part of the picture."""

    closes = False

    def post(self, request: Request) -> Response:
        plain = request._request  # noqa: SLF001  # DRF would read the whole body
        require_somewhere(self.actor, Permission.REPORT_UPLOAD)
        check_announced_size(plain)
        if not is_form(plain):
            raise Invalid({"file": "Send a multipart form with the part file."})
        fields, file = form_parts(plain)
        given = _fields(dict(fields))
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
            ),
            chunks=file.chunks(),
        )
        return Response(_answer(given, run, report), status=201)

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


def _fields(form: dict[str, Any]) -> dict[str, Any]:
    """Clients send an empty text where they mean nothing at all."""
    said = {name: value for name, value in form.items() if value not in ("", "None", "null")}
    given = ScanIn(data=said)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _answer(given: dict[str, Any], run: ScanRun, report: Report) -> dict[str, Any]:
    system = run.engagement.system
    return {
        "scan_type": given["scan_type"],
        "scan_date": given["scan_date"] or None,
        "minimum_severity": given["minimum_severity"] or "Info",
        "close_old_findings": report.is_full,
        "branch_tag": report.branch,
        "commit_hash": report.commit,
        "environment": report.environment,
        "version": given["version"],
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
