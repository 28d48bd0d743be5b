from django.urls import path

from apps.coverage.views import matrix, system

urlpatterns = [
    path("coverage/", matrix.coverage_page, name="coverage"),
    path("coverage/tools/", matrix.tool_kind_action, name="coverage-tool"),
    path("coverage/<slug:criticality>/", matrix.profile_page, name="coverage-profile"),
    path(
        "coverage/<slug:criticality>/reset/",
        matrix.profile_reset_action,
        name="coverage-profile-reset",
    ),
    path("systems/<slug:key>/coverage/", system.system_coverage_page, name="system-coverage"),
    path(
        "systems/<slug:key>/coverage/exceptions/",
        system.exception_set_action,
        name="coverage-exception",
    ),
    path(
        "systems/<slug:key>/coverage/exceptions/<number:pk>/remove/",
        system.exception_remove_action,
        name="coverage-exception-remove",
    ),
    path("silences/<number:pk>/answer/", system.silence_answer_action, name="silence-answer"),
]
