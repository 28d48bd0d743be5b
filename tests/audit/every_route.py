"""What each route that writes is sent so that it does its work, where its own example or form does not say enough."""

import base64
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from apps.accounts.models import PersonIdentity, SecondFactor, Team
from apps.catalog.models import System
from apps.evidence.forecasts import forecasts_due
from apps.notices.services.mail import unsubscribe_token
from apps.outbound.models import WebhookDelivery
from apps.planning.models import PlanningItem
from apps.risks.models import RiskStatement
from apps.risks.services.opinions import opinion_give
from apps.risks.services.statements import statement_publish
from apps.scans.models import Report
from apps.sources.models import SourceRun
from apps.trackers.models import DecisionComment, Mirror, Ticket, Tracker
from tests.accounts.test_policy import MODEL, TESTS
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_credential,
    make_finding,
    make_option,
    make_statement,
    make_team,
)
from tests.factories.people import PASSWORD
from tests.scans.test_vex import document

SARIF = json.dumps(
    {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Bandit"}}, "results": []}]}
).encode()
CATALOGUE = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: shop}\nspec: {owner: nobody}\n"
OTHER_VEX = document(
    ("CVE-2021-45046", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "Off.")
)
ENDS = {
    name: Decimal(number)
    for name, number in {
        "frequency_low": 1,
        "frequency_high": 4,
        "magnitude_low": 10,
        "magnitude_high": 40,
    }.items()
}
EPSS = "cve,epss,percentile\nCVE-2021-44228,0.97,0.99\n"


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (2, 2)).save(kept, "PNG")
    return kept.getvalue()


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def packed() -> dict[str, Any]:
    return {
        "commit_sha": "a" * 40,
        "commit_oid": "a" * 40,
        "ref": "refs/heads/main",
        "sarif": base64.b64encode(gzip.compress(SARIF)).decode(),
        "tool_names": ["Bandit"],
    }


Names = dict[str, str]  # {word of an address: what stands for it}


def _failed_report(_people: People, there: Names) -> Names:
    failed = {"state": "failed", "error_reason": "unknown-format", "storage_name": "kept"}
    Report.objects.filter(uid=there["report"]).update(**failed)
    return {}


def _failed_ticket(_people: People, _there: Names) -> Names:
    Ticket.objects.update(state="failed")
    return {}


def _failed_delivery(_people: People, _there: Names) -> Names:
    WebhookDelivery.objects.update(state="failed")
    return {}


def _failed_comment(_people: People, _there: Names) -> Names:
    Mirror.objects.create(tracker=Tracker.objects.get(), is_on=True, tells_decisions=True)
    DecisionComment.objects.update(state="failed")
    return {}


def _no_run(_people: People, _there: Names) -> Names:
    SourceRun.objects.all().delete()
    return {}


def _tracker(_people: People, _there: Names) -> Names:
    Tracker.objects.update(url="https://api.github.com", project="example/payments")
    return {}


def _factor(people: People, _there: Names) -> Names:
    SecondFactor.objects.create(user=people.admin, kind="app", name="App", sealed=b"x")
    return {}


def _owner(people: People, there: Names) -> Names:
    System.objects.filter(pk=people.system.pk).update(owner=Team.objects.get(key=there["team"]))
    return {}


def _opinions(people: People, there: Names) -> Names:
    statement = RiskStatement.objects.get(pk=there["statement"].rpartition("-")[2])
    for person in (people.admin, people.security):
        opinion_give(actor=actor_of(person), statement=statement, ends=ENDS)
    return {}


def _item(there: Names) -> PlanningItem:
    return PlanningItem.objects.get(pk=there["item"].rpartition("-")[2])


def _forecast(_people: People, there: Names) -> Names:
    old = make_statement(_item(there))
    long_ago = timezone.now() - dt.timedelta(days=400)
    statement_publish(actor=TESTS, statement=old, at=long_ago)
    return {"revision": str(forecasts_due(TESTS, statement=old)[0].revision.pk)}


def _another_finding(people: People, _there: Names) -> Names:
    return {"finding": str(make_finding(people.system).pk)}


def _another_credential(people: People, _there: Names) -> Names:
    return {"credential": str(make_credential(people.system).pk)}


def _another_option(_people: People, there: Names) -> Names:
    return {"option": str(make_option(_item(there)).pk)}


def _another_statement(_people: People, there: Names) -> Names:
    return {"affected statement": make_statement(_item(there), published=True).key}


# {route: what makes it so that the route does its work}; returns what its address names instead
SETUPS: dict[str, Callable[[People, Names], Names]] = {
    "api/v1/reports/<uuid:report>/reprocess": _failed_report,
    "reports/<uuid:uid>/reprocess/": _failed_report,
    "api/v1/tickets/<uuid:ticket>/again": _failed_ticket,
    "tickets/<uuid:uid>/again/": _failed_ticket,
    "api/v1/webhooks/<number:webhook>/deliveries/<uuid:delivery>/again": _failed_delivery,
    "webhooks/<number:pk>/again/<uuid:uid>/": _failed_delivery,
    "api/v1/items/<item_key:item>/tracker/tell-again": _failed_comment,
    "planning/PI-<number:pk>/tracker/tell-again/": _failed_comment,
    "api/v1/sources/<number:source>/runs": _no_run,
    "sources/<number:pk>/run/": _no_run,
    "patch api/v1/trackers/<number:tracker>": _tracker,
    "trackers/<number:pk>/edit/": _tracker,
    "settings/security/codes/": _factor,
    "risks/reviews/": _owner,
    "api/v1/review-wishes": _owner,
    "api/v1/statements/<statement_key:statement>/opinions/take-over": _opinions,
    "risks/RS-<int:pk>/opinions/take-over/": _opinions,
    "api/v1/calibration/forecasts/<number:revision>/outcome": _forecast,
    "calibration/<int:revision>/": _forecast,
    "api/v1/tickets": _another_finding,
    "findings/ticket/": _another_finding,
    "findings/<number:pk>/ticket/": _another_finding,
    "credentials/<number:pk>/delete/": _another_credential,
    "delete api/v1/credentials/<number:credential>": _another_credential,
    "planning/options/<int:pk>/delete/": _another_option,
    "delete api/v1/options/<number:option>": _another_option,
    "api/v1/statements/<statement_key:statement>/supersede": _another_statement,
    "risks/RS-<int:pk>/supersede/": _another_statement,
    "settings/teams/<slug:key>/remove/": lambda _people, _there: {"team": make_team().key},
    "settings/sign-in/<slug:key>/people/<int:pk>/unlink/": lambda _people, _there: {
        "person": str(PersonIdentity.objects.get().pk)
    },
    "planning/PI-<int:pk>/guidance/G-<int:guidance>/remove/": lambda _people, there: {
        "guidance": there["linked guidance"]
    },
    "controls/<control_key:pk>/risks/<statement_key:statement>/remove/": lambda _people, there: {
        "statement": there["affected statement"]
    },
    "unsubscribe/<str:token>/": lambda people, _there: {"token": unsubscribe_token(people.viewer)},
}


# {route: the route, with its method where it is not POST, that is asked before it}
FIRST = {
    "api/v1/trackers/<number:tracker>/mirror/run": "patch api/v1/trackers/<number:tracker>/mirror",
    "trackers/<number:pk>/mirror/run/": "patch api/v1/trackers/<number:tracker>/mirror",
    "api/v1/guidance/<guidance_key:guidance>/return": "api/v1/guidance/<guidance_key:guidance>/retire",
    "guidance/G-<int:pk>/return/": "guidance/G-<int:pk>/retire/",
    "coverage/<slug:criticality>/reset/": "coverage/<slug:criticality>/",
    "delete api/v1/coverage/profiles/<slug:criticality>": "coverage/<slug:criticality>/",
    "systems/<slug:key>/restore/": "systems/<slug:key>/archive/",
    "api/v1/systems/<slug:system>/restore": "systems/<slug:key>/archive/",
    "api/v1/statements/<statement_key:statement>/restore": "risks/RS-<int:pk>/withdraw/",
    "risks/RS-<int:pk>/restore/": "risks/RS-<int:pk>/withdraw/",
    "api/v1/statements/<statement_key:statement>/publish": "patch api/v1/statements/<statement_key:statement>",
    "risks/RS-<int:pk>/publish/": "patch api/v1/statements/<statement_key:statement>",
    "api/v1/vex/<uuid:document>/restore": "findings/vex/<uuid:uid>/withdraw/",
    "findings/vex/<uuid:uid>/restore/": "findings/vex/<uuid:uid>/withdraw/",
    "api/v1/updates/<number:update>/return": "evidence/updates/<int:pk>/dismiss/",
    "evidence/updates/<int:pk>/return/": "evidence/updates/<int:pk>/dismiss/",
    "api/v1/updates/<number:update>/undo": "evidence/updates/<int:pk>/apply/",
    "evidence/updates/<int:pk>/undo/": "evidence/updates/<int:pk>/apply/",
    "api/v1/evidence/<number:link>/return": "evidence/links/<int:pk>/dismiss/",
    "evidence/links/<int:pk>/return/": "evidence/links/<int:pk>/dismiss/",
    "api/v1/triage-rules/<number:rule>/on": "findings/rules/<int:pk>/off/",
    "findings/rules/<int:pk>/on/": "findings/rules/<int:pk>/off/",
    "api/v1/sources/<number:source>/resume": "sources/<number:pk>/pause/",
    "controls/<control_key:pk>/risks/<statement_key:statement>/remove/": "controls/<control_key:pk>/risks/",
}
# {route: what is sent}; what begins with @ is the thing of that name in `things`
BODIES: dict[str, Any] = {
    "api/v1/imports/backstage": {"text": CATALOGUE},
    "imports/backstage/": {"text": CATALOGUE, "file": "", "confirm": "1"},
    "planning/PI-<int:pk>/guidance/": {"guidance": "@guidance number"},
    "planning/PI-<int:pk>/move/": {"status": "done", "version": "2"},
    "planning/quick/": {"text": "Signed addresses", "system": "payments"},
    "planning/filters/": {"name": "Open", "filters": "?status=open"},
    "patch api/v1/trackers/<number:tracker>/mirror": {
        "on": True,
        "rule": "security",
        "system": "payments",
    },
    "findings/evidence/": {"finding": "@finding", "confirm": "1"},
    "findings/ticket/": {"finding": "@finding", "tracker": "@tracker", "confirm": "1"},
    "findings/owner/": {"finding": "@finding", "team": "@team", "confirm": "1"},
    "findings/triage/": {
        "finding": "@finding",
        "verdict": "false_positive",
        "reason": "Tests.",
        "confirm": "1",
    },
    "api/v1/findings/owner": {"findings": ["@finding"], "team": "@team"},
    "api/v1/findings/<number:finding>/owner": {"team": "@team"},
    "api/v1/feeds/<str:kind>": EPSS.encode(),
    "findings/urgency/feed/": {"kind": "epss", "file": lambda: file("epss.csv", EPSS.encode())},
    "api/v1/attachments": {"file": lambda: file("a.png", picture()), "system": "payments"},
    "attachments/": {"file": lambda: file("a.png", picture()), "system": "payments"},
    "attachments/new/": {"file": lambda: file("a.png", picture()), "system": "payments"},
    "api/v1/reports": {
        "system": "payments",
        "stage": "test",
        "file": lambda: file("a.sarif", SARIF),
    },
    "reports/new/": {"file": lambda: file("a.sarif", SARIF), "stage": "test"},
    "api/v1/vex": json.loads(OTHER_VEX),
    "findings/vex/": {"system": "payments", "file": lambda: file("v.json", OTHER_VEX)},
    "api/v2/import-scan/": {
        "file": lambda: file("a.sarif", SARIF),
        "scan_type": "SARIF",
        "product_name": "payments",
        "engagement_name": "new",
        "auto_create_context": "true",
    },
    "api/v2/reimport-scan/": {
        "file": lambda: file("a.sarif", SARIF),
        "scan_type": "SARIF",
        "product_name": "payments",
        "engagement_name": "new",
        "auto_create_context": "true",
    },
    "api/v2/products/": {"name": "shop", "description": "A shop", "prod_type": 1},
    "api/v2/engagements/": {
        "product": "@product",
        "name": "weekly",
        "target_start": "2026-11-01",
        "target_end": "2026-11-02",
    },
    "api/v2/tests/": {
        "engagement": "@engagement",
        "test_type": 1,
        "title": "weekly",
        "target_start": "2026-11-01",
        "target_end": "2026-11-02",
    },
    "api/github/repos/<str:owner>/<str:repo>/code-scanning/sarifs": packed(),
    "api/v3/repos/<str:owner>/<str:repo>/code-scanning/sarifs": packed(),
    "put api/github/repos/<str:owner>/<str:repo>/code-scanning/analysis": packed(),
    "put api/v3/repos/<str:owner>/<str:repo>/code-scanning/analysis": packed(),
    "coverage/tools/": {"tool": "Our own linter", "kind": "static-analysis"},
    "api/v1/systems/<slug:system>/imports/threat-model": {
        "document": json.loads(MODEL.replace(b'"t"', b'"u"').replace(b"Read", b"Written"))
    },
    "systems/<slug:key>/imports/threat-model/": {
        "text": MODEL.replace(b'"t"', b'"u"').replace(b"Read", b"Written").decode(),
        "file": "",
        "confirm": "1",
    },
    "risks/RS-<int:pk>/review/": {"review-version": "1", "review-body": "So it is."},
    "risks/RS-<int:pk>/opinions/": {
        "opinion-frequency_low": "1",
        "opinion-frequency_high": "4",
        "opinion-magnitude_low": "10",
        "opinion-magnitude_high": "40",
    },
    "risks/RS-<int:pk>/supersede/": {
        "supersede-successors": "@affected statement",
        "supersede-reason": "Told anew.",
    },
    "api/v1/statements/<statement_key:statement>/supersede": {
        "by": ["@affected statement"],
        "reason": "Told anew.",
    },
    "calibration/answers/<int:pk>/undo/": {"reason": "Of another one."},
    "planning/PI-<int:pk>/undo/": {"decision": "@decision", "undo-reason": "Of another one."},
    "planning/PI-<int:pk>/confirm/": {"decision": "@decision"},
    "questions/<int:pk>/answers/": {"answer-@question-body": "So."},
    "api/v1/questions": {"body": "Why?", "about": "@item"},
    "api/v1/statements/<statement_key:statement>/reviews": {
        "body": "So it is.",
        "approves": True,
        "version": 1,
    },
    "controls/<control_key:pk>/status/": {"status": "in_place"},
    "controls/<control_key:pk>/risks/": {"frequency_mode": "30 %"},
    "sources/<number:pk>/pause/": {"pause": "yes"},
    "settings/people/new/": {"teams": []},
    "settings/people/<int:pk>/": {"name": "Another name"},
    "settings/sign-in/new/": {
        "key": "other",
        "issuer": "https://id.example.net",
        "domains": "example.net",
    },
    "webhooks/": {"url": "https://hooks.example.org/new"},
    "trackers/": {"url": "https://api.github.com", "project": "example/payments"},
    "trackers/<number:pk>/edit/": {"name": "Issues"},
    "guidance/new/": {"stages": ["build"]},
    "guidance/G-<int:pk>/edit/": {"stages": ["build"], "title": "Another title"},
    "settings/security/confirm/": {"password": PASSWORD},
    "settings/security/password/": {
        "old_password": PASSWORD,
        "new_password1": "a-lamp-on-the-quay",
        "new_password2": "a-lamp-on-the-quay",
    },
    "risks/reviews/": {"team": "@team", "wished": "1"},
    "api/v1/review-wishes": {"team": "@team", "wished": True},
    "api/v1/systems": {"key": "shop", "name": "Shop"},
    "api/v1/tickets": {"tracker": "@tracker", "finding": "@finding"},
    "reports/raw-copies/": {"masked": "yes"},
    "api/v1/systems/<slug:system>/roles": {"person": "@email", "role": "security"},
    "systems/<slug:key>/roles/": {"person": "@email", "team": "", "role": "security"},
    "systems/<slug:key>/trust/": {"repository": "alderhaven/shop", "stages": ["test"]},
    "api/v1/systems/<slug:system>/environments": {"key": "staging", "name": "Staging"},
    "api/v1/items/<item_key:item>/recommendation": {"option": "@option", "reason": "Cheap."},
    "api/v1/items/<item_key:item>/decisions": {"option": "@option", "reason": "Cheap."},
    "api/v1/items/<item_key:item>/guidance": {"guidance": ["@guidance key"]},
    "systems/<slug:key>/rapid-assessment/": {"happening_1": "It is read by all."},
    "risks/RS-<int:pk>/evidence/": {"cwes": "CWE-79"},
    "risks/RS-<int:pk>/count/": {
        "kind": "events",
        "count": "1",
        "base": "1",
        "relevance": "0.5",
        "source": "Log",
    },
    "credentials/": {"url": "https://ci.example.org"},
    "findings/rules/new/": {
        "rule": "B101",
        "verdict": "false_positive",
        "reason": "Tests.",
        "confirm": "1",
    },
    "incidents/new/": {"statements": []},
    "incidents/<incident_key:pk>/correct/": {"statements": [], "summary": "It was read."},
    "patch api/v1/systems/<slug:system>": {"name": "Pay"},
    "patch api/v1/systems/<slug:system>/owners": {"text": "* @@team"},
    "findings/owners/<slug:key>/": {"text": "* @@team"},
    "planning/PI-<number:pk>/tracker/take-over/": {"version": "2"},
    "planning/PI-<number:pk>/tracker/finish/": {"version": "2"},
    "api/v1/silences/<number:silence>/answer": {"answer": "ended"},
    "api/v1/triage-rules": {
        "name": "New",
        "filter": {"system": "payments", "path": "new/"},
        "verdict": "accepted",
        "reason": "Never deployed.",
    },
    "risks/RS-<int:pk>/opinions/take-over/": {"version": "1", "take-version": "1"},
    "api/v1/statements/<statement_key:statement>/opinions/take-over": {"version": 1},
    "calibration/<int:revision>/": {"events": "0"},
    "risks/RS-<int:pk>/restore/": {"restore-reason": "It counts again."},
    "risks/new/": {
        "condition": "it is open",
        "consequence": "all read it",
        "frequency_low": "1",
        "frequency_high": "4",
        "magnitude_low": "10",
        "magnitude_high": "40",
    },
    "sources/new/": {"config.url": "https://ci.example.org/trivy.json"},
    # Edits, each of something that stood otherwise.
    "risks/RS-<int:pk>/assumptions/": {"frequency_high": "2"},
    "risks/RS-<int:pk>/edit/": {"frequency_high": "2"},
    "settings/teams/<slug:key>/": {"name": "Another name"},
    "settings/sign-in/<slug:key>/edit/": {"name": "Another name"},
    "webhooks/<number:pk>/edit/": {"name": "Another name"},
    "patch api/v1/webhooks/<number:webhook>": {"name": "Another name"},
    "planning/options/<int:pk>/edit/": {"title": "Another title"},
    "planning/PI-<int:pk>/edit/": {"title": "Another title"},
    "automation/<automation_key:pk>/edit/": {"name": "Another name"},
    "guidance/words/": {"lines": "quay, pier"},
    "coverage/<slug:criticality>/": {"days_0": "300"},
    "systems/<slug:key>/edit/": {"name": "Another name"},
    "sources/<number:pk>/edit/": {"name": "Another name"},
    "controls/<control_key:pk>/edit/": {"name": "Another name"},
}
# {route: what follows ? in its address}
QUERIES = {
    "risks/new/": "item=@item",
    "sources/new/": "connector=https-url",
    "api/v1/receivers/alertmanager": "system=payments",
    "api/v1/receivers/falcosidekick": "system=payments",
    "api/v1/vex": "system=payments",
}
# Asked with a token made for it: no other one may.
BY_PEOPLE = {"api/v1/people", "patch api/v1/people/<number:person>"}
# Asked as a person in a browser, though of the API: no token may.
BY_SESSION = {
    "api/v1/tokens",
    "api/v1/systems/<slug:system>/tokens",
    "api/v1/systems/<slug:system>/trust-rules",
    "delete api/v1/systems/<slug:system>/trust-rules/<number:rule>",
    "delete api/v1/tokens/<number:token>",
}
