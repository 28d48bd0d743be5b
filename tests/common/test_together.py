"""Several lists read by one query are what each would be, read alone."""

import pytest
from django.db.models import F, Value
from pytest_django import DjangoAssertNumQueries

from apps.catalog.models import System
from apps.common.together import read_together
from apps.planning.models import PlanningItem
from tests.factories import make_item, make_system

pytestmark = pytest.mark.django_db


def test_lists_of_different_things_keep_their_order_types_and_relations(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for key in ("crane", "quay", "barge"):
        make_item(make_system(key, key.title()), title=f"100 % of the {key}")
    systems = System.objects.order_by("key")
    items = PlanningItem.objects.select_related("system").annotate(called=F("title"), sure=Value(7))
    with django_assert_num_queries(1):
        found = read_together(
            systems=systems[:2],
            beyond=systems[1:9],
            items=items.order_by("-system__name").defer("question")[:9],
            none=systems.filter(key="%s"),  # a value that looks like a placeholder
            nobody=systems.none(),
            keys=systems.values_list("key", flat=True),
            distinct=PlanningItem.objects.order_by("-system__key").distinct(),
        )
        assert [each.key for each in found["systems"]] == ["barge", "crane"]
        assert [each.key for each in found["beyond"]] == ["crane", "quay"]
        assert [each.system.key for each in found["items"]] == ["quay", "crane", "barge"]
        assert found["items"][0].called == "100 % of the quay"
        assert {each.sure for each in found["items"]} == {7}
        assert (found["none"], found["nobody"]) == ([], [])
        assert found["keys"] == ["barge", "crane", "quay"]
    assert found["distinct"] == list(PlanningItem.objects.order_by("-system__key"))
    assert found["systems"][0].created_at == systems[0].created_at
    assert found["items"][0].get_deferred_fields() == {"question"}
    assert {type(each) for each in found["items"]} == {PlanningItem}


def test_nothing_that_can_be_found_is_not_asked_for(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert read_together(nobody=System.objects.none()) == {"nobody": []}
        assert read_together() == {}
