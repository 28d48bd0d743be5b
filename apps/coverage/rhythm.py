"""From when on a series counts as silent. Pure."""

import datetime as dt

FEWEST = 4  # gaps between reports that make a rhythm
# A weekend without a build is no silence, and half a year without a report is one whatever was before.
SHORTEST = dt.timedelta(days=3)
LONGEST = dt.timedelta(days=180)


def limit_of(
    gaps: int,
    usual: dt.timedelta | None,
    longest: dt.timedelta | None,
    expected: dt.timedelta | None,
) -> dt.timedelta | None:
    """How long a series may be without a report; None: nobody can say.

    gaps: how many gaps between its last reports are known; usual: their median; longest: the longest
    of them; expected: what the system's profile says, for a series without a rhythm of its own.
    Three times the usual gap, and half more than the longest that there ever was: a series that runs
    with each commit pauses over holidays, and one word too many teaches readers to look away.
    """
    if gaps < FEWEST or usual is None or longest is None:
        return expected
    return min(max(3 * usual, 1.5 * longest, SHORTEST), LONGEST)
