"""Made-up people, systems and advice for tests: `from tests.factories import make_item`.

Everything is written by the services, as in real life, so a test stands on what the product makes.
"""

from tests.factories.automation import make_automation
from tests.factories.catalog import make_system
from tests.factories.controls import make_control, make_effect
from tests.factories.guidance import make_guidance
from tests.factories.people import (
    actor_of,
    make_ci_token,
    make_member,
    make_team,
    make_token,
    make_user,
    make_users,
)
from tests.factories.planning import make_item, make_option, make_question
from tests.factories.risks import make_statement, statement_text
from tests.factories.scans import make_arrived, make_finding, make_report, make_series
from tests.factories.sources import make_credential, make_source

__all__ = [
    "actor_of",
    "make_arrived",
    "make_automation",
    "make_ci_token",
    "make_control",
    "make_credential",
    "make_effect",
    "make_finding",
    "make_guidance",
    "make_item",
    "make_member",
    "make_option",
    "make_question",
    "make_report",
    "make_series",
    "make_source",
    "make_statement",
    "make_system",
    "make_team",
    "make_token",
    "make_user",
    "make_users",
    "statement_text",
]
