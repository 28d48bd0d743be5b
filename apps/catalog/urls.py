from django.urls import path

from apps.catalog.views import audit_export, audit_trail_page
from apps.catalog.views_imports import backstage_page

urlpatterns = [
    path("imports/backstage/", backstage_page, name="backstage-import"),
    path("audit/", audit_trail_page, name="audit-trail"),
    path("audit/export/", audit_export, name="audit-export"),
]
