from django.urls import path

from apps.coverage.api.views import (
    Coverage,
    CoverageOfSystem,
    Exceptions,
    OneException,
    OneProfile,
    Profiles,
    SilenceAnswers,
    Silences,
    ToolKinds,
)

urlpatterns = [
    path("coverage", Coverage.as_view()),
    path("coverage/profiles", Profiles.as_view()),
    path("coverage/profiles/<slug:criticality>", OneProfile.as_view()),
    path("coverage/tools", ToolKinds.as_view()),
    path("systems/<slug:system>/coverage", CoverageOfSystem.as_view()),
    path("systems/<slug:system>/coverage/exceptions", Exceptions.as_view()),
    path("systems/<slug:system>/coverage/exceptions/<number:exception>", OneException.as_view()),
    path("silences", Silences.as_view()),
    path("silences/<number:silence>/answer", SilenceAnswers.as_view()),
]
