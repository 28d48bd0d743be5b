"""bin/test passes arguments on, and spreads only whole runs over processes."""

import pytest

from bin._local import testing


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        ([], True),
        (["-q", "-k", "ports"], True),
        (["tests/bin"], False),
        (["tests/bin/test_launcher_ports.py::test_x"], False),
        (["-n", "4"], False),
        (["-n0"], False),
        (["--pdb"], False),
    ],
)
def test_only_a_whole_run_is_spread(arguments: list[str], *, spread: bool) -> None:
    assert bool(testing.spread(arguments)) == spread
