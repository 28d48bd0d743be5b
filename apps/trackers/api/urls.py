from django.urls import path

from apps.trackers.api import mirrors, views

urlpatterns = [
    path("trackers", views.Trackers.as_view()),
    path("trackers/<number:tracker>", views.OneTracker.as_view()),
    path("trackers/<number:tracker>/test", views.TrackerTest.as_view()),
    path("trackers/<number:tracker>/pause", views.TrackerPause.as_view()),
    path("trackers/<number:tracker>/hook", views.TrackerHook.as_view()),
    path("trackers/<number:tracker>/mirror", mirrors.TrackerMirror.as_view()),
    path("trackers/<number:tracker>/mirror/try", mirrors.TrackerMirrorTry.as_view()),
    path("trackers/<number:tracker>/mirror/run", mirrors.TrackerMirrorRun.as_view()),
    path("items/<item_key:item>/tracker", mirrors.ItemOrigin.as_view()),
    path("items/<item_key:item>/tracker/take-over", mirrors.ItemTakeOver.as_view()),
    path("items/<item_key:item>/tracker/tell-again", mirrors.ItemTellAgain.as_view()),
    path("tickets", views.Tickets.as_view()),
    path("tickets/<uuid:ticket>", views.OneTicket.as_view()),
    path("tickets/<uuid:ticket>/again", views.TicketAgain.as_view()),
]
