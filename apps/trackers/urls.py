from django.urls import path

from apps.trackers import receivers, views, views_mirrors

urlpatterns = [
    path("trackers/", views.tracker_list_page, name="tracker-list"),
    path("trackers/<number:pk>/", views.tracker_page, name="tracker-detail"),
    path("trackers/<number:pk>/edit/", views.tracker_edit_page, name="tracker-edit"),
    path("trackers/<number:pk>/test/", views.tracker_test_action, name="tracker-test"),
    path("trackers/<number:pk>/pause/", views.tracker_pause_action, name="tracker-pause"),
    path("trackers/<number:pk>/delete/", views.tracker_delete_action, name="tracker-delete"),
    path("trackers/<number:pk>/hook/", views.tracker_hook_action, name="tracker-hook"),
    path("trackers/<number:pk>/mirror/", views_mirrors.mirror_page, name="tracker-mirror"),
    path("trackers/<number:pk>/mirror/run/", views_mirrors.mirror_run_action, name="mirror-run"),
    path(
        "planning/PI-<number:pk>/tracker/take-over/",
        views_mirrors.item_take_over_action,
        name="item-take-over",
    ),
    path(
        "planning/PI-<number:pk>/tracker/finish/",
        views_mirrors.item_finish_action,
        name="item-finish",
    ),
    path(
        "planning/PI-<number:pk>/tracker/tell-again/",
        views_mirrors.item_tell_again_action,
        name="item-tell-again",
    ),
    path("hooks/trackers/<uuid:uid>/", receivers.tracker_hook, name="tracker-hook-in"),
    path("tickets/<uuid:uid>/again/", views.ticket_again_action, name="ticket-again"),
    path("findings/ticket/", views.findings_ticket_page, name="findings-ticket"),
    path("findings/<number:pk>/ticket/", views.finding_ticket_page, name="finding-ticket"),
    path("risks/RS-<number:pk>/ticket/", views.statement_ticket_page, name="statement-ticket"),
]
