"""What each role may do, as the product says it (docs: "Roles"), not as the code has it."""

import pytest

from apps.accounts.roles import (
    CI_GRANT,
    GRANTS,
    PEOPLE_GRANT,
    READ_GRANT,
    WRITE_GRANT,
    Permission,
    Role,
)

# One row a permission: V viewer, A architect, S security, M admin.
TABLE = """
system.view           V A S M
report.view           V A S M
guidance.view         V A S M
guidance.discuss      V A S M
advice.view           V A S M
question.ask          V A S M
item.edit             - A S M
question.answer       - A S M
decision.record       - A S M
automation.manage     - A S M
guidance.edit         - - S M
statement.edit        - - S M
opinion.give          - A S M
recommendation.write  - - S M
report.upload         - - S M
report.reprocess      - - S M
finding.triage        - - S M
evidence.link         - - S M
source.manage         - - S M
coverage.manage       - - S M
token.manage          - - - M
people.manage         - - - M
audit.view            - - - M
webhook.manage        - - - M
tracker.manage        - - - M
ticket.file           - - S M
system.manage         - - - M
system.edit           - - - M
"""
LETTERS = {Role.VIEWER: "V", Role.ARCHITECT: "A", Role.SECURITY: "S", Role.ADMIN: "M"}


def rows() -> dict[str, set[str]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    return {name: set(letters) for name, *letters in lines}


def test_the_table_knows_every_permission() -> None:
    assert set(rows()) == {permission.value for permission in Permission}


@pytest.mark.parametrize("role", Role)
def test_a_role_holds_what_the_table_says(role: Role) -> None:
    held = {permission.value for permission in GRANTS[role]}
    assert held == {name for name, letters in rows().items() if LETTERS[role] in letters}


def test_a_pipeline_posts_reports_and_reads_their_status_and_the_advice() -> None:
    assert {permission.value for permission in CI_GRANT} == {
        "report.upload",
        "report.view",
        "advice.view",
    }


def test_a_reading_token_changes_nothing() -> None:
    names = {permission.value for permission in READ_GRANT}
    assert names == {
        "system.view",
        "guidance.view",
        "advice.view",
        "report.view",
        "audit.view",
    }


def test_a_token_for_people_does_nothing_else() -> None:
    assert {permission.value for permission in PEOPLE_GRANT} == {"people.manage"}


def test_a_writing_token_manages_neither_tokens_nor_people() -> None:
    assert set(Permission) - WRITE_GRANT == {Permission.TOKEN_MANAGE, Permission.PEOPLE_MANAGE}
