"""An answer becomes guidance, and a piece of guidance says where it is used."""

import pytest

from apps.accounts.roles import Role
from apps.audit.models import AuditEntry
from apps.guidance.models import Guidance
from apps.planning.services.questions import question_answer
from apps.risks.services.statements import statement_create
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_automation,
    make_guidance,
    make_item,
    make_member,
    make_question,
    make_statement,
    statement_text,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_an_answer_becomes_a_draft(people: People) -> None:
    item = make_item(people.system, stage="build")
    question = make_question(item, body="Who may read the *bucket*?")
    answer = question_answer(
        actor=actor_of(people.security), question=question, body="Nobody: **sign** each address."
    )
    path = f"/answers/{answer.pk}/guidance/"
    for person, status in ((people.viewer, 403), (people.architect, 403), (people.outsider, 404)):
        client = signed_in(person)
        assert client.post(path).status_code == status
    page = text_of(signed_in(people.architect), f"/planning/{item.key}/")
    assert "Make guidance of it" not in page
    client = signed_in(people.chief)
    assert path in text_of(client, f"/planning/{item.key}/")
    made = client.post(path)
    guidance = Guidance.objects.get()
    assert made["Location"] == f"/guidance/{guidance.key}/edit/"
    assert (guidance.title, guidance.body, guidance.stages, guidance.state) == (
        "Who may read the bucket?",
        "Nobody: **sign** each address.",
        ["build"],
        "draft",
    )
    assert client.post(path)["Location"] == f"/guidance/{guidance.key}/"  # not a second one
    assert Guidance.objects.count() == 1
    assert f"Became {guidance.key}" in text_of(client, f"/planning/{item.key}/")
    assert AuditEntry.objects.filter(action="answer.to_guidance").count() == 1
    assert signed_in(people.viewer).get(f"/guidance/{guidance.key}/").status_code == 404  # a draft
    page = text_of(signed_in(people.architect), f"/planning/{item.key}/")
    assert f"/guidance/{guidance.key}/" not in page  # no way that ends nowhere
    assert "Security is making guidance of it" in page


def test_where_it_is_used(people: People) -> None:
    guidance = make_guidance(published=True)
    path = f"/guidance/{guidance.key}/"
    assert "Where it is used" not in text_of(signed_in(people.chief), path)
    for system in (people.system, people.other_system):
        statement_create(
            actor=actor_of(people.chief),
            item=make_item(system, title=f"Tickets of {system}"),
            content=statement_text(condition=f"If {system} leaks"),
            origin=guidance.current,
        )
    make_statement(item=make_item(people.system), condition="If something else happens")
    make_automation(people.system, name="Sign addresses", guidance=[guidance])
    page = text_of(signed_in(people.chief), path)
    assert "If Payments leaks" in page
    assert "If Payroll leaks" in page
    assert "If something else happens" not in page
    assert "Sign addresses" in page
    near = text_of(signed_in(make_member(people.system, Role.VIEWER)), path)
    assert "If Payments leaks" in near
    assert "If Payroll leaks" not in near
