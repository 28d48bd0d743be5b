from django.urls import path

from apps.controls import views

urlpatterns = [
    path("controls/", views.control_list_page, name="control-list"),
    path("controls/new/", views.control_create_page, name="control-create"),
    path("controls/<control_key:pk>/edit/", views.control_edit_page, name="control-edit"),
    path("controls/<control_key:pk>/status/", views.control_status_action, name="control-status"),
    path("controls/<control_key:pk>/risks/", views.effect_page, name="control-effect"),
    path(
        "controls/<control_key:pk>/risks/<statement_key:statement>/remove/",
        views.effect_remove_action,
        name="control-effect-remove",
    ),
]
