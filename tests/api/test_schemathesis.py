"""Every operation of the API against its own description, with requests that schemathesis makes up.

No request may end in a server error, nor in an answer that docs/openapi.yaml does not name: its
status, its media type, its headers and the shape of its body. The requests are the same in each run;
SECOPS_SCHEMATHESIS_EXAMPLES=50 makes more of them.
"""

import os
from typing import Any

import pytest
import requests  # noqa: TID251  # nothing is sent with it: schemathesis' words for a request
import schemathesis
from django.apps import apps as installed
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.accounts.api.reference import schema as description
from apps.accounts.roles import Scope
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice
from apps.outbound.services.webhooks import webhook_create, webhook_ping
from apps.planning.services.questions import question_answer
from apps.scans.services.triage import finding_triage
from tests.accounts.test_policy import TESTS, fill
from tests.conftest import People
from tests.factories import make_ci_token, make_finding, make_guidance, make_question, make_token

EXAMPLES = int(os.environ.get("SECOPS_SCHEMATHESIS_EXAMPLES", "1"))  # each operation, each way
PARTS = 1 if EXAMPLES == 1 else 8  # so that several processes share what takes long
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Words of the code would come in, too, whichever modules are loaded by then.
STEADY = {"seed": 1, "analysis": {"constants": {"enabled": False}}}
HOST = "http://testserver"
# What a word of an address or a body names; where two are called alike, by the address's beginning.
NAMED = {
    "answer": "planning.Answer",
    "attachment": "attachments.Attachment",
    "automation": "automation.Automation",
    "control": "controls.Control",
    "credential": "sources.Credential",
    "decision": "planning.Decision",
    "delivery": "outbound.WebhookDelivery",
    "document": "scans.VexDocument",
    "exception": "coverage.SystemExpectation",
    "finding": "scans.Finding",
    "guidance": "guidance.Guidance",
    "item": "planning.PlanningItem",
    "link": "evidence.EvidenceLink",
    "notice": "notices.Notice",
    "option": "planning.Option",
    "person": "accounts.User",
    "question": "planning.Question",
    "removal": "removals.Removal",
    "report": "scans.Report",
    "revision": "risks.RiskRevision",
    "/api/v1/rules/": "evidence.EvidenceRule",
    "/api/v1/systems/": "trust.TrustRule",
    "/api/v1/triage-rules/": "scans.TriageRule",
    "series": "scans.Series",
    "silence": "coverage.Silence",
    "source": "sources.Source",
    "statement": "risks.RiskStatement",
    "system": "catalog.System",
    "ticket": "trackers.Ticket",
    "token": "accounts.ApiToken",
    "tracker": "trackers.Tracker",
    "triage": "scans.Triage",
    "update": "evidence.ValueUpdate",
    "webhook": "outbound.Webhook",
}
WORDS = {"kind": "epss", "criticality": "high", "stage": "test"}


@pytest.mark.django_db
@pytest.mark.timeout(max(300, 60 * EXAMPLES))
@pytest.mark.parametrize("part", range(PARTS))
def test_every_operation_answers_as_described(people: People, part: int) -> None:
    populate(people)
    admin, architect = make_token(people.admin).text, make_token(people.architect).text
    viewer = make_token(people.viewer, Scope.READ).text
    others = [
        make_token(people.security).text,
        make_token(people.outsider).text,
        make_ci_token(people.system).text,
    ]
    if EXAMPLES == 1:
        others = []
    client, there, wrong = Client(raise_request_exception=False), addresses(), []
    config = SchemathesisConfig.from_dict(STEADY)
    described = schemathesis.openapi.from_dict(description(), config=config)
    found = list(described.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) == len(found)
    assert len(operations) > 200
    for operation in operations[part::PARTS]:
        fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        unfitting = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        wrong += complaints(client, fitting, [admin, architect, viewer, *others], there)
        if EXAMPLES > 1 or operation.body:  # what does not fit is most telling in a body
            wrong += complaints(client, unfitting, [admin, architect, *others], there)
    assert not wrong, "\n\n".join(wrong[:50])


def populate(people: People) -> None:
    """At least one of everything that an address names."""
    Notice.objects.create(user=people.admin, kind=NoticeKind.QUESTION, event_id=1, path="/")
    fill(people.system)
    make_guidance(published=True)
    question_answer(actor=TESTS, question=make_question(), body="The build does.")
    finding = make_finding(people.system)
    finding_triage(actor=TESTS, finding=finding, verdict="false_positive", reason="A test file.")
    address = "https://hooks.example.org/"
    hook = webhook_create(actor=TESTS, name="Hook", url=address, events=["report.failed"]).webhook
    webhook_ping(actor=TESTS, webhook=hook)


def addresses() -> dict[str, str]:
    """What stands for each word: something that is there."""
    found = dict(WORDS)
    for word, label in NAMED.items():
        row: Any = installed.get_model(label)._default_manager.order_by("pk").first()
        found[word] = str(getattr(row, "key", None) or getattr(row, "uid", None) or row.pk)
    return found


def complaints(client: Client, cases: Any, tokens: list[str], there: dict[str, str]) -> list[str]:
    """What is wrong with the answers to some of the cases, each asked by each of the callers."""
    found: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, astray=st.integers(0, 4))
    def each(case: Case[Any], astray: int) -> None:
        if astray < 4:
            lead(case, there)
        for token in tokens:
            found.update(complaints_of_one(client, case, token))

    each()
    return list(found.values())


def complaints_of_one(client: Client, case: Case[Any], token: str) -> dict[str, str]:
    """By what makes them the same complaint."""
    with transaction.atomic():  # taken back, so that each request meets the same portal
        answer = send(client, case, token)
        transaction.set_rollback(True)
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return {
            f"{case.operation.label}: {failure}": (
                f"{case.operation.label} answered {answer.status_code}: {failure}\n"
                f"{case.as_curl_command()[:1000]}\n{answer.content[:500]!r}"
            )
            for failure in group.exceptions
        }
    return {}


def lead(case: Case[Any], there: dict[str, str]) -> None:
    """Point the address, the version and what the body names at things that exist."""
    path = case.path_parameters or {}
    for word in path:
        begins = next((key for key in there if case.operation.path.startswith(key)), "")
        path[word] = there.get(begins if word == "rule" else word, path[word])
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = '"1"'
    for said in (case.query, case.body):
        words: dict[str, Any] = said if isinstance(said, dict) else {}
        for word in NAMED.keys() & words:
            if isinstance(words[word], str):
                words[word] = there[word]
            elif isinstance(words[word], int) and there[word].isdigit():
                words[word] = int(there[word])


def send(client: Client, case: Case[Any], token: str) -> Response:
    """Through Django's own client, which leaves the test's transaction open."""
    told = case.as_transport_kwargs(base_url=HOST)
    parts = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    asked = requests.Request(**{name: told[name] for name in parts if name in told}).prepare()
    body = asked.body or b""
    headers = {name: _text(value) for name, value in asked.headers.items()}
    headers.pop("Content-Length", None)
    answer: Any = client.generic(
        str(asked.method),
        str(asked.url).removeprefix(HOST),
        body.encode() if isinstance(body, str) else body,
        content_type=headers.pop("Content-Type", ""),
        headers=headers | {"Authorization": f"Bearer {token}"},
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told_back = {name: [value] for name, value in answer.items()}
    return Response(answer.status_code, told_back, content, asked, elapsed=0.0, verify=False)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
