from django.urls import path

from apps.planning.views import (
    filter_remove_action,
    filter_save_action,
    item_create_page,
    item_edit_page,
    item_list_page,
    item_move_action,
    item_quick_add_action,
)
from apps.planning.views_people import people_to_name

urlpatterns = [
    path("people/named/", people_to_name, name="people-to-name"),
    path("planning/", item_list_page, name="item-list"),
    path("planning/filters/", filter_save_action, name="item-filter-save"),
    path("planning/filters/<int:pk>/remove/", filter_remove_action, name="item-filter-remove"),
    path("planning/quick/", item_quick_add_action, name="item-quick-add"),
    path("planning/new/", item_create_page, name="item-create"),
    path("planning/PI-<int:pk>/edit/", item_edit_page, name="item-edit"),
    path("planning/PI-<int:pk>/move/", item_move_action, name="item-move"),
]
