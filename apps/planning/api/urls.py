from django.urls import path

from apps.planning.api.filters import OneSavedFilter, SavedFilters
from apps.planning.api.items import Items, OneItem, OneOption, Options
from apps.planning.api.talk import (
    AcceptAnswer,
    Answers,
    ItemQuestions,
    ItemRecommendation,
    Revisit,
)

urlpatterns = [
    path("item-filters", SavedFilters.as_view()),
    path("item-filters/<number:filter>", OneSavedFilter.as_view()),
    path("items", Items.as_view()),
    path("items/<item_key:item>", OneItem.as_view()),
    path("items/<item_key:item>/options", Options.as_view()),
    path("items/<item_key:item>/questions", ItemQuestions.as_view()),
    path("items/<item_key:item>/recommendation", ItemRecommendation.as_view()),
    path("items/<item_key:item>/revisit", Revisit.as_view()),
    path("options/<number:option>", OneOption.as_view()),
    path("questions/<number:question>/answers", Answers.as_view()),
    path("answers/<number:answer>/accept", AcceptAnswer.as_view()),
]
