from django.urls import path

from apps.evidence.api.calibration import (
    Calibration,
    Forecasts,
    OutcomeOfForecast,
    Outcomes,
    UndoOutcome,
)
from apps.evidence.api.imports import ThreatModelImport
from apps.evidence.api.incidents import (
    CorrectIncident,
    Incidents,
    IncidentYears,
    OneIncident,
    UndoIncident,
)
from apps.evidence.api.triage_rules import (
    OneTriageRule,
    TriageRuleOff,
    TriageRuleOn,
    TriageRules,
)
from apps.evidence.api.updates import (
    ApplyUpdate,
    DismissUpdate,
    ReturnUpdate,
    StatementPolicy,
    StatementUpdates,
    UndoUpdate,
)
from apps.evidence.api.views import (
    OneFinding,
    OneLink,
    OneRule,
    ReturnLink,
    StatementEvidence,
    StatementRules,
)

urlpatterns = [
    path("calibration", Calibration.as_view()),
    path("calibration/forecasts", Forecasts.as_view()),
    path("calibration/forecasts/<number:revision>/outcome", OutcomeOfForecast.as_view()),
    path("calibration/outcomes", Outcomes.as_view()),
    path("calibration/outcomes/<number:outcome>/undo", UndoOutcome.as_view()),
    path("incidents", Incidents.as_view()),
    path("incidents/years", IncidentYears.as_view()),
    path("incidents/<incident_key:incident>", OneIncident.as_view()),
    path("incidents/<incident_key:incident>/correct", CorrectIncident.as_view()),
    path("incidents/<incident_key:incident>/undo", UndoIncident.as_view()),
    path("systems/<slug:system>/imports/threat-model", ThreatModelImport.as_view()),
    path("statements/<statement_key:statement>/evidence", StatementEvidence.as_view()),
    path("statements/<statement_key:statement>/rules", StatementRules.as_view()),
    path("statements/<statement_key:statement>/updates", StatementUpdates.as_view()),
    path("statements/<statement_key:statement>/evidence-policy", StatementPolicy.as_view()),
    path("updates/<number:update>/apply", ApplyUpdate.as_view()),
    path("updates/<number:update>/dismiss", DismissUpdate.as_view()),
    path("updates/<number:update>/return", ReturnUpdate.as_view()),
    path("updates/<number:update>/undo", UndoUpdate.as_view()),
    path("evidence/<number:link>", OneLink.as_view()),
    path("evidence/<number:link>/return", ReturnLink.as_view()),
    path("rules/<number:rule>", OneRule.as_view()),
    path("triage-rules", TriageRules.as_view()),
    path("triage-rules/<number:rule>", OneTriageRule.as_view()),
    path("triage-rules/<number:rule>/off", TriageRuleOff.as_view()),
    path("triage-rules/<number:rule>/on", TriageRuleOn.as_view()),
    path("findings/<number:finding>", OneFinding.as_view()),
]
