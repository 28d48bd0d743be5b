from django.urls import path

from apps.catalog.views import audit_export, audit_trail_page

urlpatterns = [
    path("audit/", audit_trail_page, name="audit-trail"),
    path("audit/export/", audit_export, name="audit-export"),
]
