"""A number that no other made-up thing of this run has."""

import itertools

_count = itertools.count(1)


def next_number() -> int:
    return next(_count)
