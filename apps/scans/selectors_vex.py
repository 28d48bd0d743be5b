"""Reading VEX documents that were taken in."""

import uuid

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.scans.models import Triage, TriageState, VexDocument


def vex_documents(viewer: Actor) -> QuerySet[VexDocument]:
    """The newest first, each with the number of its statements and of findings that say so by it."""
    sums = Triage.objects.filter(document=OuterRef("pk")).order_by().values("document")
    changed = sums.annotate(n=Sum("changed") - Sum("restored")).values("n")
    visible: QuerySet[VexDocument] = VexDocument.objects.visible_to(viewer)
    return (
        visible.select_related("system", "user")
        .annotate(
            statement_count=Count("statements"),
            finding_count=Coalesce(Subquery(changed, output_field=IntegerField()), 0),
        )
        .order_by("-id")
    )


def vex_document_get(viewer: Actor, uid: uuid.UUID) -> VexDocument:
    """Raises: Missing."""
    document = vex_documents(viewer).filter(uid=uid).first()
    if document is None:
        raise Missing("There is no such document that you may see.")
    return document


def is_at_work(document: VexDocument) -> bool:
    unfinished = {TriageState.RUNNING, TriageState.UNDOING}
    return Triage.objects.filter(document=document, state__in=unfinished).exists()
