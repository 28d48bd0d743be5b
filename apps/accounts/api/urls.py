from django.urls import path

from apps.accounts.api.people import OnePerson, PeopleList, Teams
from apps.accounts.api.tokens import OneToken, OwnTokens

urlpatterns = [
    path("people", PeopleList.as_view()),
    path("people/<number:person>", OnePerson.as_view()),
    path("teams", Teams.as_view()),
    path("tokens", OwnTokens.as_view()),
    path("tokens/<number:token>", OneToken.as_view()),
]
