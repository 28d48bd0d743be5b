from django.urls import path

from apps.sources.api.credentials import Credentials, OneCredential
from apps.sources.api.views import (
    Connectors,
    OneSource,
    PauseSource,
    ResumeSource,
    SourceRuns,
    Sources,
    TestSource,
)

urlpatterns = [
    path("connectors", Connectors.as_view()),
    path("sources", Sources.as_view()),
    path("sources/<number:source>", OneSource.as_view()),
    path("sources/<number:source>/runs", SourceRuns.as_view()),
    path("sources/<number:source>/test", TestSource.as_view()),
    path("sources/<number:source>/pause", PauseSource.as_view()),
    path("sources/<number:source>/resume", ResumeSource.as_view()),
    path("credentials", Credentials.as_view()),
    path("credentials/<number:credential>", OneCredential.as_view()),
]
