"""Where everything is reached. Apps bring their own urls; this page only mounts them."""

from django.contrib import admin
from django.urls import include, path

from apps.accounts.views import admin_sign_in
from apps.common.views.design import design
from apps.common.views.failed import failed
from apps.common.views.favicon import favicon
from apps.common.views.health import healthz, metrics, readyz
from apps.common.views.preview import markdown_preview

# SECURITY: the admin site's own sign-in knows no second factor and no tries.
admin.site.login = admin_sign_in  # type: ignore[method-assign]

handler500 = failed

urlpatterns = [
    # Pages name theirs; the administration does not, and browsers then ask for this.
    path("favicon.ico", favicon, name="favicon"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/", include("secops_portal.api_urls")),
    path("admin/", admin.site.urls),
    path("design/", design, name="design"),
    path("design/<slug:part>/", design, name="design-part"),
    path("preview/", markdown_preview, name="markdown-preview"),
    path("", include("apps.accounts.urls")),
    path("", include("apps.advice.urls")),
    path("", include("apps.planning.urls")),
    path("", include("apps.risks.urls")),
    path("", include("apps.guidance.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.attachments.urls")),
    path("", include("apps.scans.urls")),
    path("", include("apps.sources.urls")),
    path("", include("apps.trust.urls")),
    path("", include("apps.coverage.urls")),
    path("", include("apps.automation.urls")),
    path("", include("apps.controls.urls")),
    path("", include("apps.notices.urls")),
    path("", include("apps.evidence.urls")),
    path("", include("apps.outbound.urls")),
    path("", include("apps.trackers.urls")),
]
