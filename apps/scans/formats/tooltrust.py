"""Whether a tool's own fingerprints tell its results apart.

Semgrep, when not logged in, writes "requires login" as the fingerprint of every result; others
write a constant, a version or an empty string. Believing them would merge all findings into one.
"""

import re
from collections.abc import Iterable

SAMPLE = 20_000  # results looked at, so that memory does not grow with the file
# The line hashes of the upload action: good, but a snippet survived edits better (126 of 126, not
# 117).
LINE_HASHES = frozenset({"primaryLocationLineHash", "primaryLocationStartColumnFingerprint"})
_PLACEHOLDER = re.compile(
    r"(?i)(?:requires?[ "
    r"_-]?login|unknown|none|null|n/?a|undefined|todo|tbd|default|fingerprint|hash|0+|[-_.*]+)"
)
MIN_LENGTH = 6
MAX_LENGTH = 1000


def is_plausible(value: object) -> bool:
    """A text that can be a fingerprint at all: no placeholder, neither very short nor very long."""
    return (
        isinstance(value, str)
        and MIN_LENGTH <= len(value) <= MAX_LENGTH
        and not _PLACEHOLDER.fullmatch(value.strip())
    )


def trusted_keys(sightings: Iterable[tuple[str, str, object]]) -> frozenset[str]:
    """The fingerprint keys of a run that may be believed.

    sightings: (key, value, location) of the run's results, the location being anything hashable.
    Believed is a key whose distinct values are more than half as many as its results' distinct
    locations. Half, not all: the same code copied to two places may well hash alike, and a verdict
    that flips between two reports would close and reopen every finding.
    """
    values: dict[str, set[int]] = {}
    places: dict[str, set[int]] = {}
    for key, value, location in sightings:
        if is_plausible(value):
            values.setdefault(key, set()).add(hash(value))
            places.setdefault(key, set()).add(hash(location))
    return frozenset(
        key
        for key, found in values.items()
        if len(places[key]) == 1 or 2 * len(found) > len(places[key])
    )
