from django.urls import path

from apps.catalog.api.audit import Audit
from apps.catalog.api.imports import BackstageImport
from apps.catalog.api.me import Me
from apps.catalog.api.removals import OneRemoval, Removals, RestoreRemoval
from apps.catalog.api.roles import SystemRole, SystemRoles
from apps.catalog.api.systems import (
    ArchiveSystem,
    Components,
    Environments,
    OneSystem,
    RestoreSystem,
    Systems,
    SystemTokens,
)

urlpatterns = [
    path("me", Me.as_view()),
    path("audit", Audit.as_view()),
    path("removals", Removals.as_view()),
    path("removals/<uuid:removal>", OneRemoval.as_view()),
    path("removals/<uuid:removal>/restore", RestoreRemoval.as_view()),
    path("imports/backstage", BackstageImport.as_view()),
    path("systems", Systems.as_view()),
    path("systems/<slug:system>", OneSystem.as_view()),
    path("systems/<slug:system>/archive", ArchiveSystem.as_view()),
    path("systems/<slug:system>/restore", RestoreSystem.as_view()),
    path("systems/<slug:system>/components", Components.as_view()),
    path("systems/<slug:system>/environments", Environments.as_view()),
    path("systems/<slug:system>/roles", SystemRoles.as_view()),
    path("systems/<slug:system>/roles/<number:role>", SystemRole.as_view()),
    path("systems/<slug:system>/tokens", SystemTokens.as_view()),
]
