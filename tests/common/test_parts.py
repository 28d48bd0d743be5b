"""Parts of a page: one query says which have rows, and only those are read."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.catalog.models import System
from apps.common.parts import Parts
from tests.factories import make_system

pytestmark = pytest.mark.django_db


def test_only_parts_with_rows_are_read(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for key in ("crane", "quay", "barge"):
        make_system(key, key.title())
    systems = System.objects.order_by("key")
    parts = Parts(
        all=systems,
        two=systems[1:3],
        none=systems.filter(key="%s"),  # a value that looks like a placeholder
        beyond=systems[3:9],
        nobody=systems.none(),
        keys=systems.values_list("key", flat=True),
    )
    with django_assert_num_queries(4):  # which there are, and three lists of those that there are
        assert [each.key for each in parts["all"]] == ["barge", "crane", "quay"]
        assert [each.key for each in parts["two"]] == ["crane", "quay"]
        assert parts["keys"] == ["barge", "crane", "quay"]
        assert (parts["none"], parts["beyond"], parts["nobody"]) == ([], [], [])
        assert "all" in parts
        assert "none" not in parts
        assert parts["all"] == parts["all"]
    with django_assert_num_queries(0):
        assert "nobody" not in Parts(nobody=systems.none())
