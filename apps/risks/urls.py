from django.urls import path

from apps.risks import views, views_rapid, views_reviews, views_scale

urlpatterns = [
    path("settings/scale/", views_scale.scale_page, name="settings-scale"),
    path("risks/reviews/", views_reviews.review_wishes_page, name="review-wishes"),
    path("risks/rapid-assessment/", views_rapid.rapid_choose_page, name="rapid-choose"),
    path("systems/<slug:key>/rapid-assessment/", views_rapid.rapid_page, name="rapid-assessment"),
    path("risks/new/", views.statement_create_page, name="statement-create"),
    path("risks/preview/", views.statement_preview, name="statement-preview"),
    path("risks/RS-<int:pk>/edit/", views.statement_edit_page, name="statement-edit"),
]
