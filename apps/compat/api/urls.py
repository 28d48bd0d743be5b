"""Addresses under /api/ that are not ours: clients of other products come with them built in."""

from django.urls import URLPattern, URLResolver, include, path

from apps.compat.api.dojo import contexts as dojo
from apps.compat.api.dojo.imports import ImportScan, ReimportScan
from apps.compat.api.github import Analysis, OneSarif, Sarifs

_scanning = [
    path("sarifs", Sarifs.as_view()),
    path("sarifs/<uuid:sarif>", OneSarif.as_view()),
    path("analysis", Analysis.as_view()),
]
_github: list[URLPattern | URLResolver] = [
    path("repos/<str:owner>/<str:repo>/code-scanning/", include(_scanning)),
]
_dojo = [
    path("product_types/", dojo.ProductTypes.as_view()),
    path("products/", dojo.Products.as_view()),
    path("products/<number:product>/", dojo.OneProduct.as_view()),
    path("engagements/", dojo.Engagements.as_view()),
    path("engagements/<number:engagement>/", dojo.OneEngagement.as_view()),
    path("tests/", dojo.Tests.as_view()),
    path("tests/<number:test>/", dojo.OneTest.as_view()),
    path("test_types/", dojo.TestTypes.as_view()),
    path("user_profile/", dojo.UserProfile.as_view()),
    path("import-scan/", ImportScan.as_view()),
    path("reimport-scan/", ReimportScan.as_view()),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("github/", include(_github)),
    path("v3/", include(_github)),  # where a GitHub Enterprise server has it
    path("v2/", include(_dojo)),
]
