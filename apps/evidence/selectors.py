from django.db.models import Count, Q, QuerySet

from apps.accounts.actors import Actor
from apps.evidence.models import EvidenceLink, EvidenceRule


def links_of_statement(viewer: Actor, statement_id: int) -> QuerySet[EvidenceLink]:
    """What bears on a statement: open first, then by severity."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement_id=statement_id, dismissed_at=None)
        .select_related("finding", "finding__series", "rule")
        .order_by(Q(finding__state="open").desc(), "-finding__severity", "-id")
    )


def links_of_item(viewer: Actor, item_id: int) -> QuerySet[EvidenceLink]:
    """What bears on any statement of an item."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement__item_id=item_id, dismissed_at=None)
        .select_related("finding", "finding__series", "statement", "rule")
        .order_by(Q(finding__state="open").desc(), "-finding__severity", "-id")
    )


def rules_of_statement(viewer: Actor, statement_id: int) -> QuerySet[EvidenceRule]:
    return EvidenceRule.objects.visible_to(viewer).filter(statement_id=statement_id)


def open_evidence_counts(viewer: Actor, statement_ids: list[int]) -> dict[int, int]:
    """{statement id: number of open findings that bear on it}."""
    rows = (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement_id__in=statement_ids, dismissed_at=None, finding__state="open")
        .values_list("statement_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)
