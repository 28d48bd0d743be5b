"""Greenbone (OpenVAS): the newest finished report of each scan task, over GMP with TLS.

Needs the package python-gvm, which is under the GPL and therefore not among our dependencies: whoever
wants it installs it beside the portal. It speaks the protocol; the connection is ours, so the guard
checks where it goes. Source: Greenbone Management Protocol 22.4 and newer.
"""

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from apps.common.outgoing import OutgoingFailed, errors
from apps.common.outgoing.sockets import TimedSocket
from apps.sources.connectors.fields import Field
from apps.sources.connectors.types import Connector, Context, Found

MISSING = "The package python-gvm is not installed beside this portal."
# All results, whatever the task's own view hides; overrides stay the portal's business.
RESULTS = "apply_overrides=0 levels=hmlg rows=-1 min_qod=0"
TASKS = "rows=-1"


class GreenboneReports(Connector):
    slug = "greenbone"
    name = "Greenbone"
    summary = "The newest finished report of each scan task (needs the package python-gvm)."
    fields = (
        Field(
            "url", "Manager", "url", help="https://greenbone.example.org:9390, where GMP listens."
        ),
        Field("task", "Only task", required=False, help="Its name; empty: all of them."),
    )
    credentials = frozenset({"basic"})
    needs_credential = True
    stages = ("operate",)

    def check(self, config: Mapping[str, Any]) -> dict[str, str]:
        return {} if importlib.util.find_spec("gvm") else {"url": MISSING}

    def pull(self, context: Context) -> Iterator[Found]:
        """One report a task, in the order of the tasks' names."""
        with _manager(context) as manager:
            for name, report in self._reports(context, manager):
                key = f"{context.config['url']} report {report}"
                if context.known([key]):
                    continue
                body = manager.get_report(
                    report, details=True, ignore_pagination=True, filter_string=RESULTS
                )
                yield Found(
                    chunks=[body.encode()],
                    cursor={},
                    key=key,
                    filename=f"{name[:100]}.xml",
                    format="openvas-xml",
                    category=name,
                )

    def probe(self, context: Context) -> str:
        with _manager(context) as manager:
            count = len(self._reports(context, manager))
        return f"{count} tasks have a finished report."

    def _reports(self, context: Context, manager: Any) -> list[tuple[str, str]]:
        """(name, id of the last finished report) of each task."""
        wanted = str(context.config["task"])
        found = []
        for task in _parsed(manager.get_tasks(filter_string=TASKS)).iterfind("task"):
            name = (task.findtext("name") or "").strip()
            report = task.find("last_report/report")
            if report is not None and wanted in {"", name}:
                found.append((name, str(report.get("id", ""))))
        return sorted(each for each in found if each[1])


@contextlib.contextmanager
def _manager(context: Context) -> Iterator[Any]:
    """Signed in. Raises: OutgoingFailed."""
    try:
        from gvm.errors import GvmError  # noqa: PLC0415  # only where it is installed
        from gvm.protocols.gmp import GMP  # noqa: PLC0415
    except ImportError:
        raise OutgoingFailed(errors.PROTOCOL, MISSING, permanent=True) from None
    secret = context.http.secret
    if secret is None:
        raise OutgoingFailed(errors.AUTH, "It asks for a credential.")
    try:
        with GMP(_Line(context)) as manager:
            answer = _parsed(manager.authenticate(secret.username, secret.text))
            if not str(answer.get("status", "")).startswith("2"):
                raise OutgoingFailed(errors.AUTH, "Greenbone does not let us in.")
            yield manager
    except GvmError as error:
        text = "Greenbone does not speak a protocol that python-gvm reads, or broke off."
        raise OutgoingFailed(errors.CONTENT, text) from error
    except OSError as error:
        raise OutgoingFailed(errors.BROKEN, "Greenbone broke off.") from error


class _Line:
    """A connection as python-gvm uses one, made by the guard."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._socket: TimedSocket | None = None
        self._reader: Any = None

    def connect(self) -> None:
        self._socket = self._context.http.stream(str(self._context.config["url"]))
        self._reader = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        assert self._socket is not None  # noqa: S101  # python-gvm connects first
        self._socket.sendall(data)

    def read(self) -> bytes:
        data: bytes = self._reader.read1(64 * 1024)
        if not data:
            raise OutgoingFailed(errors.BROKEN, "Greenbone hung up.")
        return data

    def disconnect(self) -> None:
        for each in (self._reader, self._socket):
            if each is not None:
                each.close()

    def finish_send(self) -> None:
        """GMP ends with the connection."""


def _parsed(text: str) -> Any:
    """SECURITY: without entities, network or huge trees."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        raise OutgoingFailed(errors.CONTENT, "Greenbone's answer is no XML.") from None
