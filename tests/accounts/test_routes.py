"""Who gets in where: every route of the URL conf, for everybody there is, with and without a role."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps as installed
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import PersonIdentity, PersonSession, SecondFactor, User
from apps.accounts.services.providers import provider_create
from apps.accounts.signing_in import SURE
from apps.audit.models import AuditEntry
from apps.compat.models import Engagement, ScanRun
from apps.controls.models import ControlEffect
from apps.evidence.models import Outcome
from apps.evidence.models_incidents import Incident
from apps.guidance.models import Guidance
from apps.guidance.services import vote_give
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice
from apps.outbound.services.webhooks import webhook_create, webhook_ping
from apps.planning.models import Question, SavedFilter
from apps.planning.services.questions import question_answer, question_ask_of_guidance
from apps.risks.models import RiskStatement
from apps.risks.services.opinions import opinion_give
from apps.scans.services.triage import finding_triage
from apps.trackers.models import Tracker
from tests.accounts.test_policy import TESTS, fill
from tests.api.test_schemathesis import NAMED, WORDS
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_ci_token,
    make_finding,
    make_guidance,
    make_team,
    make_token,
)


def routes(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Every route of the URL conf and its view, but those of Django's administration (test_administration.py)."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif not path.startswith("admin/"):
            yield path, pattern.callback


BY_KEY = {"item", "statement", "guidance", "control", "incident", "automation", "system"}
BY_UID = {"attachment", "delivery", "document", "removal", "report", "ticket", "triage"}


# Who may GET and who may POST, each with everyone above them on the ladder viewer, architect, security,
# manager (admin of the system), chief (security of the organisation), admin. Those below are refused with
# 403; strangers (no role, or one on another system only) with 404 where the address names something of a
# system, because that it exists is secret.
#
# open                 whoever calls, signed in or not
# everyone             who is signed in
# members, architects, security, managers    of the system that the address names something of
# ...-anywhere         who has that role on some system: the address names none
# chiefs, admins       the organisation's;  chiefs-seen: those, where the address names something of a system
# own                  one's own only; 404 for everybody else, admins too
# nobody               refused to all here: there is none of it, or staff alone may see it
# -                    there is no such method
# .../404              those below are refused with 404, too;  .../403: strangers with 403, nothing is named
# ...?                 an empty body comes back to whoever sees the thing before rights are asked for; nothing
#                      is written
TABLE = {
    ("open", "open"): """
        api/v1/oidc/token
        favicon.ico
        healthz
        readyz
        metrics
        sign-in/
        sign-in/second/
        sign-in/passkey/options/
        sign-in/passkey/
        sign-in/with/<slug:key>/
        sign-in/with/<slug:key>/return/
        sign-in/with/<slug:key>/logout/
        sign-out/with/<slug:key>/
        sign-in/password/
        session/
        sign-out/
        unsubscribe/<str:token>/
        hooks/trackers/<uuid:uid>/
        api/^[\\s\\S]*\\Z
    """,
    ("-", "-"): """
        api/v1/removals/<uuid:removal>
        api/v1/tokens/<number:token>
        api/v1/systems/<slug:system>/roles/<number:role>
        api/v1/item-filters/<number:filter>
        api/v1/guidance/<guidance_key:guidance>/votes/mine
        api/v1/systems/<slug:system>/trust-rules/<number:rule>
        api/v1/systems/<slug:system>/coverage/exceptions/<number:exception>
        api/v1/controls/<control_key:control>/effects/<statement_key:statement>
        api/v1/evidence/<number:link>
        api/v1/rules/<number:rule>
        api/v1/items/<item_key:item>/guidance/<guidance_key:guidance>
        api/github/repos/<str:owner>/<str:repo>/code-scanning/analysis
        api/v3/repos/<str:owner>/<str:repo>/code-scanning/analysis
    """,
    ("-", "admins"): """
        api/v1/imports/backstage
        api/v1/webhooks/<number:webhook>/secret
        api/v1/webhooks/<number:webhook>/test
        api/v1/webhooks/<number:webhook>/pause
        api/v1/webhooks/<number:webhook>/deliveries/<uuid:delivery>/again
        api/v1/trackers/<number:tracker>/test
        api/v1/trackers/<number:tracker>/pause
        api/v1/trackers/<number:tracker>/hook
        api/v1/trackers/<number:tracker>/mirror/try
        api/v1/trackers/<number:tracker>/mirror/run
        settings/people/<int:pk>/invite/
        settings/people/<int:pk>/link/
        settings/people/<int:pk>/sessions/end/
        settings/people/<int:pk>/factors/reset/
        settings/teams/<slug:key>/remove/
        settings/sign-in/sessions/end/
        settings/sign-in/<slug:key>/test/
        settings/sign-in/<slug:key>/switch/
        settings/sign-in/<slug:key>/delete/
        webhooks/<number:pk>/test/
        webhooks/<number:pk>/rotate/
        webhooks/<number:pk>/pause/
        webhooks/<number:pk>/delete/
        trackers/<number:pk>/test/
        trackers/<number:pk>/pause/
        trackers/<number:pk>/delete/
        trackers/<number:pk>/hook/
        trackers/<number:pk>/mirror/run/
        webhooks/<number:pk>/again/<uuid:uid>/
    """,
    ("-", "architects"): """
        api/v1/items/<item_key:item>/revisit
        api/v1/answers/<number:answer>/accept
        api/v1/decisions/<number:decision>/confirm
        api/v1/automations/<automation_key:automation>/retire
        api/v1/items/<item_key:item>/tracker/take-over
        api/v1/items/<item_key:item>/tracker/tell-again
        planning/PI-<int:pk>/guidance/
        planning/PI-<int:pk>/revisit/
        planning/options/<int:pk>/delete/
        answers/<int:pk>/accept/
        planning/PI-<int:pk>/move/
        automation/<automation_key:pk>/runs/
        automation/<automation_key:pk>/retire/
        planning/PI-<number:pk>/tracker/take-over/
        planning/PI-<number:pk>/tracker/finish/
        planning/PI-<number:pk>/tracker/tell-again/
    """,
    ("-", "architects-anywhere"): """
        planning/quick/
    """,
    ("-", "chiefs-seen"): """
        answers/<int:pk>/guidance/
    """,
    ("-", "chiefs"): """
        api/v1/guidance/<guidance_key:guidance>/publish
        api/v1/guidance/<guidance_key:guidance>/retire
        api/v1/guidance/<guidance_key:guidance>/return
        api/v1/feeds/<str:kind>
        guidance/G-<int:pk>/answers/<int:answer_id>/accept/
        guidance/G-<int:pk>/publish/
        guidance/G-<int:pk>/retire/
        guidance/G-<int:pk>/return/
        coverage/<slug:criticality>/reset/
    """,
    ("-", "chiefs/404"): """
        api/v1/triage/<uuid:triage>/undo
        findings/triage/<uuid:uid>/undo/
    """,
    ("-", "everyone"): """
        api/v1/attachments
        api/mcp
        preview/
        settings/security/passkey/options/
        settings/security/passkey/
        settings/security/codes/
        settings/security/sessions/end/
        planning/guidance/
        planning/filters/
        findings/columns/
        notices/read/
        findings/evidence/
        findings/ticket/
    """,
    ("-", "everyone?"): """
        api/v1/valuations
        api/v1/findings/owner
        api/v1/receivers/alertmanager
        api/v1/receivers/falcosidekick
        api/v1/silences/<number:silence>/answer
        api/v1/notices/read
        api/v1/calibration/forecasts/<number:revision>/outcome
        api/github/repos/<str:owner>/<str:repo>/code-scanning/sarifs
        api/v3/repos/<str:owner>/<str:repo>/code-scanning/sarifs
        guidance/G-<int:pk>/questions/
        guidance/G-<int:pk>/questions/<int:question_id>/answers/
        guidance/G-<int:pk>/useful/
        attachments/
        findings/urgency/feed/
        coverage/tools/
    """,
    ("-", "managers"): """
        systems/<slug:key>/restore/
        api/v1/systems/<slug:system>/restore
        systems/<slug:key>/tokens/
        settings/pictures/<uuid:uid>/remove/
        systems/<slug:key>/trust/<number:pk>/delete/
    """,
    ("-", "architects/404"): """
        settings/removed/<uuid:uid>/undo/
        settings/removed/<uuid:uid>/forget/
        api/v1/removals/<uuid:removal>/restore
    """,
    ("-", "managers/404"): """
        tokens/<int:pk>/revoke/
    """,
    ("-", "members?"): """
        api/v1/systems/<slug:system>/archive
        api/v1/questions/<number:question>/answers
        api/v1/statements/<statement_key:statement>/opinions/take-over
        api/v1/systems/<slug:system>/rapid-assessments
        api/v1/statements/<statement_key:statement>/withdraw
        api/v1/statements/<statement_key:statement>/supersede
        api/v1/statements/<statement_key:statement>/restore
        api/v1/decisions/<number:decision>/undo
        api/v1/controls/<control_key:control>/effects
        api/v1/calibration/outcomes/<number:outcome>/undo
        api/v1/incidents/<incident_key:incident>/correct
        api/v1/incidents/<incident_key:incident>/undo
        api/v1/systems/<slug:system>/imports/threat-model
        planning/PI-<int:pk>/questions/
        planning/PI-<int:pk>/recommendation/
        planning/PI-<int:pk>/decision/
        planning/PI-<int:pk>/confirm/
        planning/PI-<int:pk>/undo/
        questions/<int:pk>/answers/
        risks/RS-<int:pk>/review/
        risks/RS-<int:pk>/opinions/
        risks/RS-<int:pk>/withdraw/
        risks/RS-<int:pk>/supersede/
        risks/RS-<int:pk>/restore/
        calibration/answers/<int:pk>/undo/
        incidents/<incident_key:pk>/undo/
    """,
    ("-", "nobody"): """
        settings/sign-in/<slug:key>/people/<int:pk>/unlink/
        planning/PI-<int:pk>/guidance/G-<int:guidance>/remove/
        guidance/G-<int:pk>/useful/undo/
        controls/<control_key:pk>/risks/<statement_key:statement>/remove/
        calibration/<int:revision>/
    """,
    ("-", "own"): """
        api/v1/notices/<number:notice>/read
        settings/security/factors/<int:pk>/remove/
        settings/security/identities/<int:pk>/remove/
        settings/security/sessions/<int:pk>/end/
        planning/filters/<int:pk>/remove/
        notices/<number:pk>/mark/
    """,
    ("-", "security"): """
        api/v1/statements/<statement_key:statement>/publish
        api/v1/reports/<uuid:report>/reprocess
        api/v1/vex/<uuid:document>/withdraw
        api/v1/vex/<uuid:document>/restore
        api/v1/sources/<number:source>/test
        api/v1/sources/<number:source>/pause
        api/v1/sources/<number:source>/resume
        api/v1/updates/<number:update>/apply
        api/v1/updates/<number:update>/dismiss
        api/v1/updates/<number:update>/return
        api/v1/evidence/<number:link>/return
        api/v1/updates/<number:update>/undo
        api/v1/triage-rules/<number:rule>/off
        api/v1/triage-rules/<number:rule>/on
        api/v1/tickets/<uuid:ticket>/again
        risks/RS-<int:pk>/assumptions/
        risks/RS-<int:pk>/guidance/
        risks/RS-<int:pk>/opinions/take-over/
        risks/RS-<int:pk>/publish/
        findings/<int:pk>/owner/
        findings/rules/<int:pk>/off/
        findings/rules/<int:pk>/on/
        findings/vex/<uuid:uid>/withdraw/
        findings/vex/<uuid:uid>/restore/
        reports/<uuid:uid>/reprocess/
        sources/<number:pk>/run/
        sources/<number:pk>/test/
        sources/<number:pk>/pause/
        sources/<number:pk>/delete/
        systems/<slug:key>/coverage/exceptions/
        systems/<slug:key>/coverage/exceptions/<number:pk>/remove/
        silences/<number:pk>/answer/
        controls/<control_key:pk>/status/
        evidence/rules/<int:pk>/delete/
        evidence/links/<int:pk>/dismiss/
        evidence/links/<int:pk>/return/
        risks/RS-<int:pk>/evidence-policy/
        evidence/updates/<int:pk>/apply/
        evidence/updates/<int:pk>/dismiss/
        evidence/updates/<int:pk>/return/
        evidence/updates/<int:pk>/undo/
        tickets/<uuid:uid>/again/
    """,
    ("-", "security-anywhere"): """
        api/v2/import-scan/
        api/v2/reimport-scan/
        risks/preview/
        findings/owner/
        findings/triage/
    """,
    ("-", "security/404"): """
        credentials/<number:pk>/delete/
    """,
    ("admins", "-"): """
        api/v1/webhooks/<number:webhook>
        api/v1/webhooks/<number:webhook>/deliveries
        api/v1/trackers/<number:tracker>
        api/v1/trackers/<number:tracker>/mirror
        settings/people/
        settings/sign-in/
        settings/sign-in/<slug:key>/
        webhooks/<number:pk>/
        trackers/<number:pk>/
    """,
    ("admins", "admins"): """
        api/v1/webhooks
        api/v1/trackers
        settings/people/new/
        settings/people/<int:pk>/
        settings/teams/
        settings/teams/<slug:key>/
        settings/sign-in/new/
        settings/sign-in/<slug:key>/edit/
        systems/new/
        imports/backstage/
        webhooks/
        webhooks/<number:pk>/edit/
        trackers/
        trackers/<number:pk>/edit/
        trackers/<number:pk>/mirror/
    """,
    ("architects", "architects"): """
        planning/PI-<int:pk>/options/new/
        planning/options/<int:pk>/edit/
        planning/PI-<int:pk>/edit/
        automation/<automation_key:pk>/edit/
    """,
    ("architects-anywhere", "architects-anywhere"): """
        planning/new/
        automation/new/
    """,
    ("chiefs", "chiefs"): """
        guidance/new/
        guidance/words/
        settings/scale/
        guidance/G-<int:pk>/edit/
    """,
    ("chiefs", "-"): """
        api/v1/vocabulary
    """,
    ("chiefs/404", "-"): """
        api/v1/triage/<uuid:triage>
        findings/triage/<uuid:uid>/
    """,
    ("everyone", "-"): """
        api/docs
        api/v1/openapi.json
        api/v1/openapi.yaml
        api/v1/me
        api/v1/guidance/<guidance_key:guidance>
        api/v1/guidance/<guidance_key:guidance>/versions
        api/v1/statements
        api/v1/findings
        api/v1/finding-groups
        api/v1/feeds
        api/v1/series
        api/v1/formats
        api/v1/connectors
        api/v1/coverage
        api/v1/coverage/profiles
        api/v1/coverage/profiles/<slug:criticality>
        api/v1/silences
        api/v1/notices
        api/v1/calibration
        api/v1/calibration/forecasts
        api/v1/calibration/outcomes
        api/v1/incidents/years
        api/v1/portfolio/risks
        api/v1/portfolio/risks.xlsx
        api/v1/portfolio/risks.cdx.json
        api/v2/test_types/
        api/v2/user_profile/
        settings/security/
        settings/
        settings/removed/
        api/v1/removals
        (home)
        questions/
        guidance/G-<int:pk>/
        systems/
        risks/
        portfolio/risks.csv
        portfolio/risks.xlsx
        portfolio/risks.cdx.json
        settings/pictures/
        palette/
        search/
        people/named/
        planning/
        guidance/
        guidance/G-<int:pk>/versions/
        guidance/G-<int:pk>/versions/<int:number>/
        findings/
        findings/groups/
        findings/export/
        reports/
        sources/
        coverage/
        automation/
        controls/
        notices/
        findings/rules/
        calibration/
        incidents/
        incidents/export.csv
    """,
    ("everyone", "admins"): """
        reports/retention/
    """,
    ("everyone", "chiefs"): """
        api/v1/remediation-targets
        portfolio/
        risks/reviews/
        findings/urgency/
        coverage/<slug:criticality>/
    """,
    ("everyone", "everyone"): """
        api/v1/notices/wishes
        settings/tokens/
        settings/place/
        settings/security/confirm/
        settings/security/password/
        settings/security/app/
    """,
    ("everyone", "everyone?"): """
        questions/new/
        api/v1/questions
        api/v1/tokens
        api/v1/systems
        api/v1/item-filters
        api/v1/items
        api/v1/guidance
        api/v1/guidance/<guidance_key:guidance>/votes
        api/v1/review-wishes
        api/v1/scale
        api/v1/triage
        api/v1/vex
        api/v1/retention
        api/v1/raw-copies
        api/v1/sources
        api/v1/credentials
        api/v1/coverage/tools
        api/v1/automations
        api/v1/controls
        api/v1/incidents
        api/v1/triage-rules
        api/v1/tickets
        api/v1/tolerance
        api/v1/guidance/<guidance_key:guidance>/questions
        api/v2/product_types/
        api/v2/products/
        api/v2/engagements/
        api/v2/tests/
        attachments/new/
        reports/raw-copies/
        settings/notices/
    """,
    ("everyone", "security-anywhere"): """
        api/v1/reports
        findings/vex/
    """,
    ("everyone?", "-"): """
        api/v1/findings/export
    """,
    ("managers", "managers"): """
        api/v1/systems/<slug:system>/roles
        systems/<slug:key>/archive/
        systems/<slug:key>/edit/
        systems/<slug:key>/roles/
        systems/<slug:key>/trust/
    """,
    ("managers/403", "-"): """
        api/v1/audit
        audit/
        audit/export/
    """,
    ("members", "-"): """
        questions/<int:pk>/
        api/v1/systems/<slug:system>
        api/v1/attachments/<uuid:attachment>
        api/v1/attachments/<uuid:attachment>/content
        api/v1/items/<item_key:item>
        api/v1/options/<number:option>
        api/v1/decisions/<number:decision>/changes
        api/v1/statements/<statement_key:statement>
        api/v1/statements/<statement_key:statement>/ends
        api/v1/statements/<statement_key:statement>/comparables
        api/v1/statements/<statement_key:statement>/revisions
        api/v1/statements/<statement_key:statement>/sensitivity
        api/v1/reports/<uuid:report>
        api/v1/reports/<uuid:report>/findings
        api/v1/systems/<slug:system>/owners
        api/v1/vex/<uuid:document>
        api/v1/sources/<number:source>
        api/v1/systems/<slug:system>/coverage
        api/v1/automations/<automation_key:automation>
        api/v1/controls/<control_key:control>
        api/v1/controls/<control_key:control>/worth
        api/v1/controls/<control_key:control>/moved
        api/v1/statements/<statement_key:statement>/controls
        api/v1/incidents/<incident_key:incident>
        api/v1/triage-rules/<number:rule>
        api/v1/findings/<number:finding>
        api/v1/items/<item_key:item>/tracker
        api/v1/tickets/<uuid:ticket>
        api/v1/items/<item_key:item>/decisions/<number:decision>/record
        api/v1/items/<item_key:item>/decisions/<number:decision>/record.pdf
        api/v1/items/<item_key:item>/comparison
        api/v1/items/<item_key:item>/guidance/suggested
        api/v1/portfolio/risks.oscal.json
        api/v1/portfolio
        api/v1/systems/<slug:system>/stages/<slug:stage>/advice
        api/v2/products/<number:product>/
        api/v2/engagements/<number:engagement>/
        api/v2/tests/<number:test>/
        planning/PI-<int:pk>/
        planning/PI-<int:pk>/comparables/
        planning/PI-<int:pk>/history/
        planning/PI-<int:pk>/decisions/<int:decision>.md
        planning/PI-<int:pk>/decisions/<int:decision>.pdf
        risks/RS-<int:pk>/
        systems/<slug:key>/
        portfolio/risks.oscal.json
        attachments/<uuid:uid>
        findings/vex/<uuid:uid>/
        reports/<uuid:uid>/
        reports/<uuid:uid>/progress/
        sources/<number:pk>/
        systems/<slug:key>/coverage/
        automation/<automation_key:pk>/
        controls/<control_key:pk>/
        incidents/<incident_key:pk>/
    """,
    ("members", "everyone?"): """
        api/v1/statements/<statement_key:statement>/opinions
        api/v1/systems/<slug:system>/trust-rules
        api/v1/systems/<slug:system>/coverage/exceptions
        api/v1/automations/<automation_key:automation>/runs
    """,
    ("members", "members?"): """
        api/v1/systems/<slug:system>/components
        api/v1/systems/<slug:system>/environments
        api/v1/items/<item_key:item>/options
        api/v1/items/<item_key:item>/questions
        api/v1/items/<item_key:item>/recommendation
        api/v1/statements/<statement_key:statement>/reviews
        api/v1/items/<item_key:item>/statements
        api/v1/items/<item_key:item>/decisions
        api/v1/findings/<number:finding>/owner
        api/v1/findings/<number:finding>/triage
        api/v1/statements/<statement_key:statement>/evidence
        api/v1/statements/<statement_key:statement>/updates
        api/v1/items/<item_key:item>/guidance
        findings/<int:pk>/
    """,
    ("members", "security"): """
        api/v1/sources/<number:source>/runs
        api/v1/statements/<statement_key:statement>/rules
        api/v1/statements/<statement_key:statement>/evidence-policy
        findings/owners/<slug:key>/
    """,
    ("nobody", "nobody"): """
        api/v1/people
    """,
    ("nobody", "-"): """
        api/v1/people/<number:person>
        api/v1/teams
        api/docs/<slug:name>
        design/
        design/<slug:part>/
    """,
    ("nobody", "everyone?"): """
        api/v1/statements/<statement_key:statement>/guidance
    """,
    ("nobody", "members?"): """
        api/v1/systems/<slug:system>/tokens
    """,
    ("own", "-"): """
        notices/<number:pk>/
    """,
    ("security", "-"): """
        api/v1/reports/<uuid:report>/raw
        reports/<uuid:uid>/raw/
    """,
    ("security", "security"): """
        systems/<slug:key>/rapid-assessment/
        risks/RS-<int:pk>/edit/
        sources/<number:pk>/edit/
        controls/<control_key:pk>/edit/
        controls/<control_key:pk>/risks/
        incidents/<incident_key:pk>/correct/
        systems/<slug:key>/imports/threat-model/
        risks/RS-<int:pk>/evidence/
        risks/RS-<int:pk>/evidence/link/
        risks/RS-<int:pk>/count/
        findings/<number:pk>/ticket/
        risks/RS-<number:pk>/ticket/
    """,
    ("security-anywhere", "-"): """
        risks/rapid-assessment/
    """,
    ("security-anywhere", "security-anywhere"): """
        risks/new/
        reports/new/
        sources/new/
        credentials/
        controls/new/
        findings/rules/new/
        incidents/new/
    """,
    ("security/404", "-"): """
        api/v1/credentials/<number:credential>
        api/github/repos/<str:owner>/<str:repo>/code-scanning/sarifs/<uuid:sarif>
        api/v3/repos/<str:owner>/<str:repo>/code-scanning/sarifs/<uuid:sarif>
    """,
    ("security/404", "security/404"): """
        credentials/<number:pk>/
    """,
}


# Who may PUT, PATCH and DELETE, over the API with a token of their own: a row for each method that a view knows.
# The words are those of TABLE. Tokens manage no tokens, and so trust no jobs; people only those made for it.
CHANGES = {
    ("put", "open"): """
        sign-in/
    """,
    ("put", "everyone?"): """
        api/github/repos/<str:owner>/<str:repo>/code-scanning/analysis
        api/v3/repos/<str:owner>/<str:repo>/code-scanning/analysis
    """,
    ("patch", "architects"): """
        api/v1/items/<item_key:item>
        api/v1/options/<number:option>
        api/v1/automations/<automation_key:automation>
    """,
    ("patch", "security"): """
        api/v1/statements/<statement_key:statement>
        api/v1/sources/<number:source>
        api/v1/controls/<control_key:control>
        api/v2/engagements/<number:engagement>/
    """,
    ("patch", "security/404"): """
        api/v1/credentials/<number:credential>
    """,
    ("patch", "members?"): """
        api/v1/systems/<slug:system>/owners
    """,
    ("patch", "managers"): """
        api/v1/systems/<slug:system>
    """,
    ("patch", "chiefs"): """
        api/v1/guidance/<guidance_key:guidance>
        api/v1/vocabulary
    """,
    ("patch", "everyone?"): """
        api/v1/coverage/profiles/<slug:criticality>
    """,
    ("patch", "admins"): """
        api/v1/webhooks/<number:webhook>
        api/v1/trackers/<number:tracker>
        api/v1/trackers/<number:tracker>/mirror
    """,
    ("delete", "own"): """
        api/v1/item-filters/<number:filter>
        api/v1/guidance/<guidance_key:guidance>/votes/mine
    """,
    ("delete", "own/404"): """
        api/v1/statements/<statement_key:statement>/opinions
    """,
    ("delete", "architects/404"): """
        api/v1/removals/<uuid:removal>
    """,
    ("delete", "architects"): """
        api/v1/options/<number:option>
        api/v1/answers/<number:answer>/accept
        api/v1/items/<item_key:item>/guidance/<guidance_key:guidance>
    """,
    ("delete", "security"): """
        api/v1/sources/<number:source>
        api/v1/systems/<slug:system>/coverage/exceptions/<number:exception>
        api/v1/controls/<control_key:control>/effects/<statement_key:statement>
        api/v1/evidence/<number:link>
        api/v1/rules/<number:rule>
    """,
    ("delete", "security/404"): """
        api/v1/credentials/<number:credential>
    """,
    ("delete", "managers"): """
        api/v1/systems/<slug:system>/roles/<number:role>
        api/v1/attachments/<uuid:attachment>
    """,
    ("patch", "nobody"): """
        api/v1/people/<number:person>
    """,
    ("delete", "nobody"): """
        api/v1/systems/<slug:system>/trust-rules/<number:rule>
        api/v1/tokens/<number:token>
    """,
    ("delete", "chiefs"): """
        api/v1/coverage/profiles/<slug:criticality>
    """,
    ("delete", "admins"): """
        api/v1/webhooks/<number:webhook>
        api/v1/trackers/<number:tracker>
        api/v1/trackers/<number:tracker>/hook
    """,
}


# Where an empty body changes nothing and so is refused to nobody.
BODIES = {"api/v2/engagements/<number:engagement>/": '{"commit_hash": "c0ffee"}'}


# What stands in a place, by the words before it; the longest beginning counts.
PLACES = {
    "planning/PI-": "item",
    "planning/options/": "option",
    "planning/filters/": "filter",
    "questions/": "question",
    "answers/": "answer",
    "risks/RS-": "statement",
    "guidance/G-": "guidance",
    "findings/": "finding",
    "findings/rules/": "triage rule",
    "findings/vex/": "document",
    "findings/triage/": "triage",
    "reports/": "report",
    "sources/": "source",
    "credentials/": "credential",
    "systems/": "system",
    "systems/<slug:key>/trust/": "trust rule",
    "systems/<slug:key>/coverage/exceptions/": "exception",
    "silences/": "silence",
    "automation/": "automation",
    "controls/": "control",
    "notices/": "notice",
    "calibration/": "revision",
    "calibration/answers/": "outcome",
    "incidents/": "incident",
    "evidence/rules/": "evidence rule",
    "evidence/links/": "link",
    "evidence/updates/": "update",
    "webhooks/": "webhook",
    "trackers/": "tracker",
    "hooks/trackers/": "tracker uid",
    "tickets/": "ticket",
    "attachments/": "attachment",
    "settings/pictures/": "attachment",
    "settings/removed/": "removal",
    "tokens/": "token",
    "settings/security/factors/": "factor",
    "settings/security/identities/": "identity",
    "settings/security/sessions/": "session",
    "settings/people/": "person",
    "settings/teams/": "team",
    "settings/sign-in/": "provider",
    "sign-in/with/": "provider",
    "sign-out/with/": "provider",
    "settings/sign-in/<slug:key>/people/": "person",
    "findings/owners/": "system",
    "webhooks/<number:pk>/again/": "delivery",
    "api/v1/systems/<slug:system>/trust-rules/": "trust rule",
    "api/v1/systems/<slug:system>/roles/": "role",
    "api/v1/rules/": "evidence rule",
    "api/v1/triage-rules/": "triage rule",
    "api/v1/item-filters/": "filter",
    "api/v1/items/<item_key:item>/guidance/": "linked guidance",
    "api/v1/controls/<control_key:control>/effects/": "affected statement",
    "guidance/G-<int:pk>/questions/": "guidance question",
    "guidance/G-<int:pk>/answers/": "guidance answer",
}


def things(people: People) -> dict[str, str]:
    """What each word of an address names: something of `people.system`, of the organisation, or one's own."""
    fill(people.system)
    guidance = make_guidance(published=True)
    asked = question_ask_of_guidance(actor=TESTS, guidance=guidance, body="Why?")
    said = question_answer(actor=TESTS, question=asked, body="So.")
    question = Question.objects.get(item__system=people.system)
    finding = make_finding(people.system)
    finding_triage(actor=TESTS, finding=finding, verdict="false_positive", reason="A test file.")
    hook = webhook_create(
        actor=TESTS, name="Hook", url="https://hooks.example.org/", events=["report.failed"]
    ).webhook
    webhook_ping(actor=TESTS, webhook=hook)
    provider = provider_create(
        actor=TESTS,
        secret="not-so-secret",
        name="Harbour",
        key="harbour",
        issuer="https://id.example.org",
        client_id="portal",
        domains=["example.org"],
    )
    vote_give(actor=actor_of(people.system_admin), guidance=guidance, useful=True)
    narrow = {"frequency_low": 1, "frequency_high": 4, "magnitude_low": 10, "magnitude_high": 40}
    opinion_give(
        actor=actor_of(people.system_admin),
        statement=RiskStatement.objects.order_by("pk")[0],
        ends={name: Decimal(number) for name, number in narrow.items()},
    )
    own = people.system_admin  # whose filters, notices and sessions nobody else sees
    made: dict[str, Any] = {
        "answer": question_answer(actor=TESTS, question=question, body="The build does."),
        "engagement": Engagement.objects.get(),
        "factor": SecondFactor.objects.create(user=own, kind="app", name="App", sealed=b"x"),
        "filter": SavedFilter.objects.create(user=own, name="Mine", query="q=x"),
        "guidance answer": said,
        "guidance question": asked,
        "identity": PersonIdentity.objects.create(user=own, provider=provider, subject="1"),
        "notice": Notice.objects.create(user=own, kind=NoticeKind.QUESTION, event_id=1, path="/"),
        "outcome": Outcome.objects.get(),
        "person": own,
        "product": people.system,
        "question": question,
        "role": people.viewer.memberships.get(),
        "session": PersonSession.objects.create(user=own, session_key="k"),
        "test": ScanRun.objects.get(),
        "token": make_ci_token(people.system).token,
    }
    found = {word: str(row.pk) for word, row in made.items()} | {
        "incident": Incident.objects.get().key,
        "name": "x",
        "number": "1",
        "owner": "alderhaven",
        "part": "buttons",
        "provider": provider.key,
        "repo": "payments",
        "team": make_team("", own).key,
    }
    for word, label in NAMED.items():
        row: Any = installed.get_model(label)._default_manager.order_by("pk").first()
        kind = "key" if word in BY_KEY else "uid" if word in BY_UID else "pk"
        found.setdefault(word, str(getattr(row, kind)))
    return (
        found
        | WORDS
        | {
            "affected statement": ControlEffect.objects.get().statement.key,
            "linked guidance": Guidance.objects.order_by("pk")[0].key,
            "evidence rule": found["/api/v1/rules/"],
            "guidance": guidance.key,
            "sarif": found["report"],
            "tracker uid": str(Tracker.objects.get().uid),
            "triage rule": found["/api/v1/triage-rules/"],
            "trust rule": found["/api/v1/systems/"],
        }
    )


def address(route: str, there: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        before, word = route[: match.start()], match[2]
        found = PLACES.get(before)
        key = there[found or word]
        return key.rpartition("-")[2] if before.endswith(("PI-", "RS-", "G-")) else key

    if route == "findings/export/":
        return "/findings/export/?format=csv"
    return "/" + re.sub(r"<(\w+):(\w+)>", value, route)


def cells(method: str) -> Iterator[tuple[str, str]]:
    """(route, who may call it) for a method."""
    if method in {"get", "post"}:
        for words, listed in TABLE.items():
            for route in listed.split():
                yield route.replace("(home)", ""), words[method == "post"]
    for (name, word), listed in CHANGES.items():
        if name == method:
            yield from ((route, word) for route in listed.split())


def known(path: str, view: Any) -> Iterator[tuple[str, str]]:
    """(method, route) of what changes, as the views know methods."""
    made = getattr(view, "view_class", None) or getattr(view, "cls", None)
    for method in ("put", "patch", "delete"):
        if made is not None and hasattr(made, method):
            yield method, path


def test_every_route_has_a_row() -> None:
    listed = [route for route, _ in cells("get")]
    assert sorted(listed) == sorted(route for route, _ in routes())
    changes = [
        (method, route) for method in ("put", "patch", "delete") for route, _ in cells(method)
    ]
    assert sorted(changes) == sorted(each for path, view in routes() for each in known(path, view))


# Of each: those next below, who are refused, and the first who may.
LADDER = {
    "everyone": ((), "nobody"),
    "members": (("outsider",), "viewer"),
    "architects": (("viewer", "outsider"), "architect"),
    "security": (("architect", "outsider"), "security"),
    "managers": (("chief", "outsider"), "manager"),
    "architects-anywhere": (("viewer", "nobody"), "outsider"),
    "security-anywhere": (("architect", "nobody"), "outsider"),
    "chiefs": (("security", "outsider"), "chief"),
    "chiefs-seen": (("security", "outsider"), "chief"),
    "admins": (("chief", "manager"), "admin"),
    "own": (("viewer", "admin", "outsider"), "manager"),
    "nobody": (("outsider", "admin"), ""),
}
OF_A_SYSTEM = {"members", "architects", "security", "managers", "chiefs-seen", "own"}
LET_IN = {200, 201, 202, 204, 302, 400, 409, 412, 415, 422}


@dataclass(frozen=True)
class Asking:
    """One portal, and everybody who calls it."""

    there: dict[str, str]
    callers: dict[str, tuple[Client, dict[str, str]]]
    method: str

    def ask(self, route: str, name: str) -> tuple[int, str, int]:
        """The status, the address that it leads to, and how many entries of the audit trail it made."""
        client, token = self.callers[name]
        is_api = route.startswith("api/")
        body: tuple[Any, ...] = ({},)
        if is_api:
            body = (BODIES.get(route, "{}"), "application/json")
        before = AuditEntry.objects.count()
        with transaction.atomic():  # taken back, so that each meets the same portal
            sent = body if self.method in {"post", "put", "patch"} else ()
            call = getattr(client, self.method)
            told = {**token, "If-Match": '"1"'} if self.method == "patch" else token
            answer = call(address(route, self.there), *sent, headers=told if is_api else {})
            if answer.streaming:
                b"".join(answer.streaming_content)  # the client closes it at its end
            written = AuditEntry.objects.count() - before
            transaction.set_rollback(True)
        return answer.status_code, answer.headers.get("Location", ""), written

    def complaints(self, route: str, word: str) -> Iterator[str]:
        who, _, refusal = word.rstrip("?").partition("/")
        status, leads_to, written = self.ask(route, "anonymous")
        if not (status == 401 or leads_to.startswith("/sign-in/?next=")) or written:
            yield f"{self.method} {route or '/'} as anonymous: {status} {leads_to}"
        below, first = LADDER[who]
        for name in below:
            hidden = who in OF_A_SYSTEM and (name == "outsider" or who == "own")
            told = int(refusal) if refusal else 404 if hidden else 403
            status, _, written = self.ask(route, name)
            if status not in ({403, 404} if who == "nobody" else {told}) or written:
                yield f"{self.method} {route} as {name}: {status}, not {told}; {written} written"
        if first and (self.method != "get" or who not in {"everyone", "members"}):
            status, _, written = self.ask(route, first)
            if status not in LET_IN or (written and word.endswith("?")):
                yield f"{self.method} {route or '/'} as {first}: {status}, {written} written"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_who_gets_in_where(people: People, method: str) -> None:
    callers = {name: caller(getattr(people, field)) for name, field in FIELDS.items()}
    callers["anonymous"] = (Client(), {})
    asking = Asking(things(people), callers, method)
    wrong = [
        complaint
        for route, word in cells(method)
        if word not in {"open", "-"}
        for complaint in asking.complaints(route, word)
    ]
    assert not wrong, "\n".join(wrong)


# Where other products' words are spoken: what an error says itself in there.
SPOKEN = {"api/github/": "message", "api/v3/": "message", "api/v2/": "detail", "api/mcp": "detail"}


@pytest.mark.django_db
def test_strangers_are_told_in_the_words_of_each_shape(people: People) -> None:
    """Without a token and with one that is made up: 401, how to come in, and nothing of what is there."""
    there = things(people)
    made_up = {"Authorization": "Bearer secops_" + "a" * 59}
    for method in ("get", "post", "put", "patch"):
        for route, who in cells(method):
            word = next((word for start, word in SPOKEN.items() if route.startswith(start)), "")
            if not word or who == "-":
                continue
            for headers in ({}, made_up):
                body = () if method == "get" else ("{}", "application/json")
                answer = getattr(Client(), method)(address(route, there), *body, headers=headers)
                assert answer.status_code == 401, (method, route)
                assert answer.headers["WWW-Authenticate"], route
                assert answer.json()[word], route
                assert "payments" not in answer.content.decode(), route


FIELDS = {
    name: {"manager": "system_admin"}.get(name, name)
    for name in (
        "nobody",
        "outsider",
        "viewer",
        "architect",
        "security",
        "manager",
        "chief",
        "admin",
    )
}


def caller(user: User) -> tuple[Client, dict[str, str]]:
    """A browser that has just shown who it is, and the headers of an API token."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[SURE] = time.time()
    session.save()
    return client, {"Authorization": f"Bearer {make_token(user).text}"}
