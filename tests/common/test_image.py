"""What goes into the production image: what runs, and nothing else (the image itself is built by CI)."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from django.conf import settings as live
from django.core.management import CommandError, call_command

from apps.accounts.models import User

TOP = Path(live.BASE_DIR)
IGNORED = (TOP / ".dockerignore").read_text().splitlines()


def let_in() -> set[str]:
    """The context that Docker sends: nothing (*), but for what is named with a !."""
    assert IGNORED[1] == "*"
    return {line[1:] for line in IGNORED if line.startswith("!")}


def copied() -> set[str]:
    """What the Dockerfile copies of it."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (TOP / "Dockerfile").read_text(), re.MULTILINE)
    return {word for line in lines for word in line.split()[:-1]}


def test_nothing_is_sent_to_the_build_but_what_it_copies() -> None:
    assert let_in() - {"Dockerfile"} == copied()
    for name in ("tests", "demo", "docs", "cli", "bin", "requirements", ".git", ".env", ".data"):
        assert not any(fnmatch(name, each) for each in let_in()), name
    assert {"**/.env", "**/.env.*"} <= set(IGNORED)


@pytest.mark.django_db
def test_the_demo_stays_out_of_production(settings: object) -> None:
    """Its data are not in the image; its loader is, and refuses."""
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="not in production"):
        call_command("demo_load")
    assert not User.objects.exists()
