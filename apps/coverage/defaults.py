"""What is expected until the organisation says something else.

More, and fresher, the more a system matters. The ages are this project's advice and stand nowhere as a
norm; OWASP SAMM 2 (Implementation, Verification, Operations) names the same activities by maturity.
"""

from collections.abc import Mapping
from types import MappingProxyType

from apps.catalog.models import Criticality
from apps.catalog.stages import Stage
from apps.coverage.kinds import EvidenceKind

_K, _S = EvidenceKind, Stage

# (stage, kind) to the age in days that is still fresh, by criticality from low to vital; 0: not expected.
_DAYS: Mapping[tuple[Stage, EvidenceKind], tuple[int, int, int, int]] = MappingProxyType(
    {
        (_S.PLAN, _K.THREAT_MODEL): (0, 0, 365, 180),
        (_S.CODE, _K.STATIC_ANALYSIS): (90, 30, 14, 7),
        (_S.CODE, _K.SECRETS): (90, 30, 14, 7),
        (_S.BUILD, _K.DEPENDENCIES): (30, 14, 7, 3),
        (_S.BUILD, _K.SBOM): (0, 0, 30, 14),
        (_S.TEST, _K.TESTS): (0, 30, 14, 7),
        (_S.TEST, _K.DYNAMIC): (0, 0, 60, 30),
        (_S.RELEASE, _K.PROVENANCE): (0, 0, 90, 30),
        (_S.DEPLOY, _K.INFRASTRUCTURE_CODE): (0, 60, 30, 14),
        (_S.DEPLOY, _K.CONFIGURATION): (0, 0, 30, 14),
        (_S.OPERATE, _K.HOSTS): (0, 90, 30, 14),
        (_S.OPERATE, _K.RESILIENCE): (0, 0, 0, 90),
        (_S.MONITOR, _K.ALERTS): (0, 0, 30, 7),
    }
)


def default_days(criticality: int) -> dict[tuple[Stage, EvidenceKind], int]:
    """(stage, kind) to days, in the order of the stages."""
    place = list(Criticality).index(Criticality(criticality))
    return {where: days[place] for where, days in _DAYS.items() if days[place]}
