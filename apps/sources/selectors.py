"""Reading sources, their runs and credentials."""

from django.db.models import Count, Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.sources.models import Credential, Pulled, Source, SourceRun


def sources_list(viewer: Actor) -> QuerySet[Source]:
    return Source.objects.visible_to(viewer).select_related("system", "credential", "made_by")


def sources_matching(viewer: Actor, text: str) -> QuerySet[Source]:
    """Sources whose name or connector says a text."""
    says = Q(name__icontains=text) | Q(connector__icontains=text)
    return in_use(sources_list(viewer), viewer).filter(says).order_by("name")


def source_get(viewer: Actor, pk: int) -> Source:
    source = sources_list(viewer).filter(pk=pk).first()
    if not isinstance(source, Source):
        raise Missing("There is no such source that you may see.")
    return source


def runs_of(viewer: Actor, source_id: int) -> QuerySet[SourceRun]:
    """The newest first. Raises: Missing."""
    source = source_get(viewer, source_id)
    return SourceRun.objects.filter(source=source).order_by("-id")


def pulled_of(viewer: Actor, source_id: int) -> QuerySet[Pulled]:
    """What a source brought, the newest first. Raises: Missing."""
    source = source_get(viewer, source_id)
    found = Pulled.objects.filter(source=source).exclude(report=None, refused="")
    return found.select_related("report__series").order_by("-id")


def sources_in_trouble(viewer: Actor) -> QuerySet[Source]:
    """Those whose circuit breaker is open, the longest first."""
    broken: QuerySet[Source] = sources_list(viewer).filter(broken_since__isnull=False)
    return in_use(broken, viewer).filter(is_paused=False).order_by("broken_since")


def credentials_list(viewer: Actor) -> QuerySet[Credential]:
    """Of the systems whose sources the viewer manages; nobody else needs to know of them."""
    managed: QuerySet[Credential] = Credential.objects.visible_to(viewer, Permission.SOURCE_MANAGE)
    managed = managed.select_related("system", "made_by")
    return managed.annotate(used_by=Count("sources"))


def credential_get(viewer: Actor, pk: int) -> Credential:
    credential = credentials_list(viewer).filter(pk=pk).first()
    if not isinstance(credential, Credential):
        raise Missing("There is no such credential that you may use.")
    return credential


def sources_filtered(viewer: Actor, *, system: str = "", health: str = "") -> QuerySet[Source]:
    """Sources by system and name. health: broken, failing, paused or good; empty: any."""
    found = in_use(sources_list(viewer), viewer, named=system)
    if system:
        found = found.filter(system__key=system)
    conditions = {
        "broken": Q(is_paused=False, broken_since__isnull=False),
        "failing": Q(is_paused=False, broken_since=None, failures__gt=0),
        "paused": Q(is_paused=True),
        "good": Q(is_paused=False, broken_since=None, failures=0),
    }
    if health in conditions:
        found = found.filter(conditions[health])
    return found.order_by("system__name", "name", "pk")
