"""Log lines with the ids of what they are about; one JSON object a line in production."""

import contextlib
import contextvars
import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from celery import current_task

from apps.common.middleware import request_id_var

_about: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("about")


@contextlib.contextmanager
def about(**ids: object) -> Iterator[None]:
    """Whatever is logged meanwhile says so: about(report=report.uid)."""
    token = _about.set({**_about.get({}), **{name: str(each) for name, each in ids.items()}})
    try:
        yield
    finally:
        _about.reset(token)


class RequestIdFilter(logging.Filter):
    """Notes on each record what it belongs to: a request, a task, and what `about` names."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or request_id_var.get()
        record.ids = {**_task(), **_about.get({})}
        return True


def _task() -> dict[str, str]:
    """The task that this process works on, {} outside of one."""
    task: Any = current_task
    return {"task": str(task.name), "task_id": str(task.request.id)} if task else {}


class JsonFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "ids", {}),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
