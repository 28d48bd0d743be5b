"""One request at a time to a tracker, through the guarded client.

SECURITY: nothing is sent again here. An answer that got lost may belong to an issue that was created;
only the next attempt, which looks for it first, may ask again.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from apps.common.outgoing import Answer, Client, Limits, OutgoingFailed, errors, origin_of
from apps.sources.session import failure_of

LIMITS = Limits(connect=5.0, idle=10.0, total=20.0, max_bytes=16 * 1024 * 1024, max_redirects=0)
PER_PAGE = 100
MOVED = frozenset({301, 302, 307, 308})
MOST_HOPS = 3
MAX_PAGES = 100  # of one look; the next one goes on from there
FIND_PAGES = 10  # of the look for an issue that an attempt before may have created


@dataclass(frozen=True)
class Line:
    """What a client needs to know of its tracker. The token is in no repr."""

    url: str
    project: str
    labels: tuple[str, ...] = ()
    issue_type: str = ""
    username: str = ""
    token: str = field(default="", repr=False)

    def json(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
        follows: bool = False,
    ) -> tuple[Any, Answer]:
        """A good answer's JSON, and what came with it. Raises: OutgoingFailed.

        follows: a GET of a project that was renamed goes on where it is now, on the same server. SECURITY:
        nothing is written at a place that nobody named, and no single issue is read elsewhere.
        """
        sent = {"Accept": "application/json", "Authorization": self._authorization()}
        body = None
        if content is not None:
            body = json.dumps(content).encode()
            sent["Content-Type"] = "application/json"
        hops = MOST_HOPS if follows and method == "GET" else 0
        while True:
            self._check_origin(url)
            with Client(limits=LIMITS).send(
                method, url, headers={**sent, **(headers or {})}, body=body, follow=False
            ) as answer:
                if answer.status in {200, 201}:
                    return answer.json(), answer
                if answer.status == 204:
                    return None, answer
                there = answer.header("Location") if answer.status in MOVED else ""
                if not (there and hops):
                    raise _failure(method, answer)
            url, hops = urljoin(url, there), hops - 1

    def at(self, url: str, *, headers: Mapping[str, str] | None = None) -> Any:
        """What is at an address; None where it was deleted or moved away. Raises: OutgoingFailed."""
        try:
            return self.json("GET", url, headers=headers)[0]
        except OutgoingFailed as error:
            if error.code == errors.STATUS and error.permanent:
                return None
            raise

    def _check_origin(self, url: str) -> None:
        if origin_of(url) != origin_of(self.url):
            raise OutgoingFailed(
                errors.CONTENT, "It leads to another server, which is not followed."
            )

    def _authorization(self) -> str:
        if self.username:
            pair = f"{self.username}:{self.token}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        return f"Bearer {self.token}"


def _failure(method: str, answer: Answer) -> OutgoingFailed:
    """GitHub redirects also what writes; GitLab answers 405 to that where a project was moved."""
    if 300 <= answer.status < 400 or (answer.status == 405 and method != "GET"):
        text = f"The project was moved or renamed (HTTP {answer.status}). Give its new name."
        return OutgoingFailed(errors.STATUS, text, permanent=True)
    return failure_of(answer, time.time())
