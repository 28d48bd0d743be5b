"""Reading reviews: whether one is wished of a system's risks, what was said, what still waits."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import in_use
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.risks.models import ENDED, ReviewWish, RiskStatement, StatementReview
from apps.risks.selectors import statements_visible

_EVERYONE = ReviewWish.objects.filter(team=None)
_BY_TEAM = ReviewWish.objects.filter(team=OuterRef("system__owner"))
# Nobody knows whose words they are where they were written before this was kept.
_ANOTHER = ~Q(made_by=OuterRef("written_by")) | Q(statement__written_by=None)
_APPROVED = StatementReview.objects.filter(
    _ANOTHER, statement=OuterRef("pk"), approves=True, version__gte=OuterRef("written_version")
)
_UNPUBLISHED = Q(published=None) | Q(written_version__gt=F("published__source_version"))
_IS_WISHED = (
    Q(Exists(ReviewWish.objects.all()))  # asked once: else no statement is looked at
    & (Exists(_EVERYONE) | Exists(_BY_TEAM))
    & _UNPUBLISHED
    & ~Q(state__in=ENDED)
    & ~Exists(_APPROVED)
)


def wishes_for(system: System) -> QuerySet[ReviewWish]:
    """That risks of the system are reviewed: of the team that owns it, and of everyone."""
    return ReviewWish.objects.filter(Q(team=None) | Q(team=system.owner_id))


def is_review_wished(system: System) -> bool:
    return wishes_for(system).exists()


def approval_of(statement: RiskStatement) -> StatementReview | None:
    """The newest approval of the words as they are now, by another person than who wrote them."""
    return (
        statement.reviews.filter(
            approves=True, version__gte=statement.written_version, made_by__isnull=False
        )
        .exclude(made_by=statement.written_by_id)
        .select_related("made_by")
        .first()
    )


def reviews_of(statement: RiskStatement) -> QuerySet[StatementReview]:
    """What was said of a statement that the reader sees, the newest first."""
    rows: QuerySet[StatementReview] = StatementReview.objects.filter(statement=statement)
    return rows.select_related("made_by")


def reviews_wished(viewer: Actor) -> QuerySet[RiskStatement]:
    """Texts of others that wait for a review, the oldest first."""
    return (
        in_use(statements_visible(viewer), viewer)
        .filter(_IS_WISHED)
        .exclude(written_by=viewer.user_id)
        .order_by("updated_at")
    )


def wishing(viewer: Actor) -> list[tuple[Team | None, bool, bool]]:
    """(team, whether it wishes reviews, whether the viewer may say so): everyone first, as None.

    Teams that own a system which the viewer sees.
    """
    wishes = set(ReviewWish.objects.values_list("team", flat=True))
    systems = System.objects.visible_to(viewer).exclude(owner=None)
    teams = Team.objects.filter(pk__in=systems.values("owner")).order_by("name")
    may_all = Permission.STATEMENT_EDIT in viewer.organisation_grant
    rows: list[tuple[Team | None, bool, bool]] = [(None, None in wishes, may_all)]
    return rows + [(each, each.pk in wishes, may_wish(viewer, each)) for each in teams]


def may_wish(viewer: Actor, team: Team) -> bool:
    """Whoever writes the risks of all of a team's systems says whether they are to be reviewed."""
    systems = viewer.systems_with(Permission.STATEMENT_EDIT)
    owned = set(team.systems.filter(archived_at=None).values_list("pk", flat=True))
    return systems is None or (bool(owned) and owned <= systems)
