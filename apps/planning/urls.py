from django.urls import path

from apps.planning.views import (
    item_create_page,
    item_edit_page,
    item_list_page,
    item_move_action,
)

urlpatterns = [
    path("planning/", item_list_page, name="item-list"),
    path("planning/new/", item_create_page, name="item-create"),
    path("planning/PI-<int:pk>/edit/", item_edit_page, name="item-edit"),
    path("planning/PI-<int:pk>/move/", item_move_action, name="item-move"),
]
