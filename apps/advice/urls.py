from django.urls import path

from apps.advice.views import home, items, options

urlpatterns = [
    path("", home.home, name="home"),
    path("planning/PI-<int:pk>/", items.item_page, name="item-detail"),
    path("planning/PI-<int:pk>/questions/", items.item_ask, name="item-ask"),
    path("planning/PI-<int:pk>/recommendation/", items.item_recommend, name="item-recommend"),
    path("planning/PI-<int:pk>/decision/", items.item_decide, name="item-decide"),
    path("planning/PI-<int:pk>/revisit/", items.item_revisit, name="item-revisit"),
    path("planning/PI-<int:pk>/options/new/", options.option_create_page, name="option-create"),
    path("planning/options/<int:pk>/edit/", options.option_edit_page, name="option-edit"),
    path("planning/options/<int:pk>/delete/", options.option_delete_page, name="option-delete"),
    path("questions/<int:pk>/answers/", items.question_answer_page, name="question-answer"),
    path("answers/<int:pk>/accept/", items.answer_accept_page, name="answer-accept"),
]
