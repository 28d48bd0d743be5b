from django.urls import path

from apps.advice.views import (
    assumptions,
    endings,
    findings,
    guidance,
    home,
    item_guidance,
    items,
    opinions,
    options,
    portfolio,
    registers,
    search,
    statements,
    systems,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("planning/PI-<int:pk>/", items.item_page, name="item-detail"),
    path(
        "planning/guidance/", item_guidance.guidance_suggested_part, name="item-guidance-suggested"
    ),
    path(
        "planning/PI-<int:pk>/guidance/",
        item_guidance.item_guidance_link,
        name="item-guidance-link",
    ),
    path(
        "planning/PI-<int:pk>/guidance/G-<int:guidance>/remove/",
        item_guidance.item_guidance_unlink,
        name="item-guidance-unlink",
    ),
    path("planning/PI-<int:pk>/questions/", items.item_ask, name="item-ask"),
    path("planning/PI-<int:pk>/recommendation/", items.item_recommend, name="item-recommend"),
    path("planning/PI-<int:pk>/decision/", items.item_decide, name="item-decide"),
    path("planning/PI-<int:pk>/confirm/", items.item_confirm, name="item-confirm"),
    path(
        "planning/PI-<int:pk>/decisions/<int:decision>.md",
        registers.decision_madr,
        name="decision-madr",
    ),
    path(
        "planning/PI-<int:pk>/decisions/<int:decision>.pdf",
        registers.decision_pdf,
        name="decision-pdf",
    ),
    path("planning/PI-<int:pk>/undo/", endings.item_undo, name="item-undo"),
    path("planning/PI-<int:pk>/revisit/", items.item_revisit, name="item-revisit"),
    path("planning/PI-<int:pk>/options/new/", options.option_create_page, name="option-create"),
    path("planning/options/<int:pk>/edit/", options.option_edit_page, name="option-edit"),
    path("planning/options/<int:pk>/delete/", options.option_delete_page, name="option-delete"),
    path("questions/new/", search.question_place, name="question-place"),
    path("questions/<int:pk>/answers/", items.question_answer_page, name="question-answer"),
    path("answers/<int:pk>/accept/", items.answer_accept_page, name="answer-accept"),
    path("risks/RS-<int:pk>/", statements.statement_page, name="statement-detail"),
    path(
        "risks/RS-<int:pk>/assumptions/",
        assumptions.statement_assumptions_page,
        name="statement-assumptions",
    ),
    path("risks/RS-<int:pk>/guidance/", assumptions.statement_follow_page, name="statement-follow"),
    path("risks/RS-<int:pk>/review/", statements.statement_review_page, name="statement-review"),
    path("risks/RS-<int:pk>/opinions/", opinions.opinion_give_page, name="opinion-give"),
    path(
        "risks/RS-<int:pk>/opinions/take-over/",
        opinions.opinions_take_over_page,
        name="opinions-take-over",
    ),
    path("risks/RS-<int:pk>/publish/", statements.statement_publish_page, name="statement-publish"),
    path("risks/RS-<int:pk>/withdraw/", endings.statement_withdraw_page, name="statement-withdraw"),
    path(
        "risks/RS-<int:pk>/supersede/",
        endings.statement_supersede_page,
        name="statement-supersede",
    ),
    path("risks/RS-<int:pk>/restore/", endings.statement_restore_page, name="statement-restore"),
]

urlpatterns += [
    path("guidance/G-<int:pk>/", guidance.guidance_page, name="guidance-detail"),
    path("guidance/G-<int:pk>/questions/", guidance.guidance_ask_action, name="guidance-ask"),
    path(
        "guidance/G-<int:pk>/questions/<int:question_id>/answers/",
        guidance.guidance_answer_action,
        name="guidance-answer",
    ),
    path(
        "guidance/G-<int:pk>/answers/<int:answer_id>/accept/",
        guidance.guidance_accept_action,
        name="guidance-accept",
    ),
    path("guidance/G-<int:pk>/useful/", guidance.guidance_useful_action, name="guidance-useful"),
    path(
        "guidance/G-<int:pk>/useful/undo/",
        guidance.guidance_useful_undo_action,
        name="guidance-useful-undo",
    ),
    path("findings/<int:pk>/", findings.finding_page, name="finding-detail"),
    path("findings/<int:pk>/owner/", findings.finding_owner_action, name="finding-owner"),
    path("systems/", systems.system_list_page, name="system-list"),
    path("systems/new/", systems.system_create_page, name="system-create"),
    path("systems/<slug:key>/", systems.system_page, name="system-detail"),
    path("systems/<slug:key>/tokens/", systems.system_token_action, name="system-token"),
    path("portfolio/risks.csv", registers.risk_register, name="risk-register"),
    path("portfolio/risks.xlsx", registers.risk_workbook, name="risk-workbook"),
    path("portfolio/risks.oscal.json", registers.risk_poam, name="risk-poam"),
    path("portfolio/risks.cdx.json", registers.risk_cyclonedx, name="risk-cyclonedx"),
    path("portfolio/", portfolio.portfolio_page, name="portfolio"),
    path("palette/", search.palette, name="palette"),
    path("search/", search.search_page, name="search"),
]
