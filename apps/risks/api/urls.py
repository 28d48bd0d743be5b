from django.urls import path

from apps.risks.api.endings import (
    RestoreStatement,
    StatementEnds,
    SupersedeStatement,
    UndoDecision,
    WithdrawStatement,
)
from apps.risks.api.opinions import StatementOpinions, StatementOpinionsTaken
from apps.risks.api.rapid import RapidAssessment
from apps.risks.api.reviews import ReviewWishes, StatementReviews
from apps.risks.api.views import (
    ConfirmDecision,
    DecisionChanges,
    ItemDecisions,
    ItemStatements,
    OneStatement,
    PublishStatement,
    Revisions,
    Scale,
    Sensitivity,
    StatementGuidance,
    Statements,
    Valuations,
)

urlpatterns = [
    path("statements/<statement_key:statement>/opinions", StatementOpinions.as_view()),
    path(
        "statements/<statement_key:statement>/opinions/take-over", StatementOpinionsTaken.as_view()
    ),
    path("statements/<statement_key:statement>/reviews", StatementReviews.as_view()),
    path("systems/<slug:system>/rapid-assessments", RapidAssessment.as_view()),
    path("review-wishes", ReviewWishes.as_view()),
    path("statements/<statement_key:statement>/guidance", StatementGuidance.as_view()),
    path("items/<item_key:item>/statements", ItemStatements.as_view()),
    path("items/<item_key:item>/decisions", ItemDecisions.as_view()),
    path("decisions/<number:decision>/changes", DecisionChanges.as_view()),
    path("decisions/<number:decision>/confirm", ConfirmDecision.as_view()),
    path("statements", Statements.as_view()),
    path("statements/<statement_key:statement>", OneStatement.as_view()),
    path("statements/<statement_key:statement>/publish", PublishStatement.as_view()),
    path("statements/<statement_key:statement>/withdraw", WithdrawStatement.as_view()),
    path("statements/<statement_key:statement>/supersede", SupersedeStatement.as_view()),
    path("statements/<statement_key:statement>/restore", RestoreStatement.as_view()),
    path("statements/<statement_key:statement>/ends", StatementEnds.as_view()),
    path("decisions/<number:decision>/undo", UndoDecision.as_view()),
    path("statements/<statement_key:statement>/revisions", Revisions.as_view()),
    path("statements/<statement_key:statement>/sensitivity", Sensitivity.as_view()),
    path("scale", Scale.as_view()),
    path("valuations", Valuations.as_view()),
]
