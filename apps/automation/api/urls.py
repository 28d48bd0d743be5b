from django.urls import path

from apps.automation.api.views import AutomationRuns, Automations, OneAutomation, RetireAutomation

urlpatterns = [
    path("automations", Automations.as_view()),
    path("automations/<automation_key:automation>", OneAutomation.as_view()),
    path("automations/<automation_key:automation>/retire", RetireAutomation.as_view()),
    path("automations/<automation_key:automation>/runs", AutomationRuns.as_view()),
]
