from django.urls import path

from apps.guidance.api.views import (
    Library,
    OneGuidance,
    PublishGuidance,
    RetireGuidance,
    ReturnGuidance,
    Versions,
)
from apps.guidance.api.votes import OwnVote, Votes
from apps.guidance.api.words import VocabularyView

urlpatterns = [
    path("guidance", Library.as_view()),
    path("guidance/<guidance_key:guidance>", OneGuidance.as_view()),
    path("guidance/<guidance_key:guidance>/publish", PublishGuidance.as_view()),
    path("guidance/<guidance_key:guidance>/retire", RetireGuidance.as_view()),
    path("guidance/<guidance_key:guidance>/return", ReturnGuidance.as_view()),
    path("guidance/<guidance_key:guidance>/versions", Versions.as_view()),
    path("guidance/<guidance_key:guidance>/votes", Votes.as_view()),
    path("guidance/<guidance_key:guidance>/votes/mine", OwnVote.as_view()),
    path("vocabulary", VocabularyView.as_view()),
]
