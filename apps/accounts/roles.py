"""Roles and what each may do. Pure data: whoever wants to know "who may do that?" reads this page."""

import enum


class Permission(enum.StrEnum):
    SYSTEM_VIEW = "system.view"
    SYSTEM_MANAGE = "system.manage"  # who gets in; archived, and back
    SYSTEM_EDIT = "system.edit"  # what it says of itself, its components and environments
    ITEM_EDIT = "item.edit"
    QUESTION_ASK = "question.ask"
    QUESTION_ANSWER = "question.answer"
    DECISION_RECORD = "decision.record"
    GUIDANCE_VIEW = "guidance.view"
    GUIDANCE_DISCUSS = "guidance.discuss"  # ask about a piece, say whether it was useful
    GUIDANCE_EDIT = "guidance.edit"
    STATEMENT_EDIT = "statement.edit"
    OPINION_GIVE = "opinion.give"  # an estimate of one's own beside a statement's
    RECOMMEND = "recommendation.write"
    ADVICE_VIEW = (
        "advice.view"  # what a system's stage is advised, with the risks and findings behind it
    )
    REPORT_VIEW = "report.view"
    REPORT_UPLOAD = "report.upload"
    REPORT_REPROCESS = "report.reprocess"
    FINDING_TRIAGE = "finding.triage"
    EVIDENCE_LINK = "evidence.link"
    SOURCE_MANAGE = "source.manage"
    AUTOMATION_MANAGE = "automation.manage"  # the register of scripts, tests and experiments
    COVERAGE_MANAGE = "coverage.manage"  # which evidence is expected where
    TOKEN_MANAGE = "token.manage"  # noqa: S105  # a permission's name
    PEOPLE_MANAGE = "people.manage"
    AUDIT_VIEW = "audit.view"
    WEBHOOK_MANAGE = "webhook.manage"  # who outside is told of events
    TRACKER_MANAGE = "tracker.manage"  # which issue trackers are connected
    TICKET_FILE = "ticket.file"  # a weakness leaves the portal


class Role(enum.StrEnum):
    VIEWER = "viewer"
    ARCHITECT = "architect"
    SECURITY = "security"
    ADMIN = "admin"


_P = Permission
_LIBRARY = frozenset({_P.GUIDANCE_VIEW, _P.GUIDANCE_DISCUSS})
_VIEW = _LIBRARY | {_P.SYSTEM_VIEW, _P.ADVICE_VIEW, _P.REPORT_VIEW, _P.QUESTION_ASK}
_ARCHITECT = _VIEW | {
    _P.ITEM_EDIT,
    _P.QUESTION_ANSWER,
    _P.DECISION_RECORD,
    _P.OPINION_GIVE,
    _P.AUTOMATION_MANAGE,
}
_SECURITY = _ARCHITECT | {
    _P.GUIDANCE_EDIT,
    _P.STATEMENT_EDIT,
    _P.RECOMMEND,
    _P.REPORT_UPLOAD,
    _P.REPORT_REPROCESS,
    _P.FINDING_TRIAGE,
    _P.EVIDENCE_LINK,
    _P.SOURCE_MANAGE,
    _P.COVERAGE_MANAGE,
    _P.TICKET_FILE,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEW,
    Role.ARCHITECT: _ARCHITECT,
    Role.SECURITY: _SECURITY,
    Role.ADMIN: frozenset(Permission),
}


# What any role may do on a system that was archived: read it, and say who gets in.
ARCHIVED_GRANT = frozenset(
    {
        _P.SYSTEM_VIEW,
        _P.SYSTEM_MANAGE,
        _P.GUIDANCE_VIEW,
        _P.ADVICE_VIEW,
        _P.REPORT_VIEW,
        _P.TOKEN_MANAGE,
        _P.AUDIT_VIEW,
    }
)


# The library of advice is why the portal exists: it is open to everyone who signs in.
EVERYONE = _LIBRARY


class Scope(enum.StrEnum):
    """What a token may be used for."""

    REPORT_UPLOAD = "report:upload"  # a pipeline's: post reports of one system, read their status and the advice
    READ = "read"  # a person's own: everything that the person may read
    WRITE = "write"  # a person's own: everything that the person may do, but to manage people and tokens
    PEOPLE = "people"  # an admin's own: who joins, moves and leaves, and nothing else


CI_GRANT = frozenset({_P.REPORT_UPLOAD, _P.REPORT_VIEW, _P.ADVICE_VIEW})
READ_GRANT = frozenset(
    {_P.SYSTEM_VIEW, _P.GUIDANCE_VIEW, _P.ADVICE_VIEW, _P.REPORT_VIEW, _P.AUDIT_VIEW}
)
WRITE_GRANT = frozenset(Permission) - {_P.TOKEN_MANAGE, _P.PEOPLE_MANAGE}
PEOPLE_GRANT = frozenset({_P.PEOPLE_MANAGE})
