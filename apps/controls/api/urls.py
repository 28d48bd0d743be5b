from django.urls import path

from apps.controls.api.moved import MovedByControl
from apps.controls.api.views import (
    ControlEffects,
    Controls,
    ControlsOfStatement,
    OneControl,
    OneEffect,
    WorthOfControl,
)

urlpatterns = [
    path("controls", Controls.as_view()),
    path("controls/<control_key:control>", OneControl.as_view()),
    path("controls/<control_key:control>/worth", WorthOfControl.as_view()),
    path("controls/<control_key:control>/moved", MovedByControl.as_view()),
    path("controls/<control_key:control>/effects", ControlEffects.as_view()),
    path("controls/<control_key:control>/effects/<statement_key:statement>", OneEffect.as_view()),
    path("statements/<statement_key:statement>/controls", ControlsOfStatement.as_view()),
]
