"""What a web process has at hand before it is asked for anything."""

import gc
import itertools
from pathlib import Path

from django.conf import settings
from django.core.signals import request_finished
from django.template.loader import get_template
from django.urls import get_resolver

FIRST = 16  # answers after which the collector is first kept off what they left for good

_answers = itertools.count(1)


def load_all() -> None:
    """Load views and templates now and not in somebody's request, and keep the collector off them.

    They are 300 000 objects that never go. The garbage collector walks over them now and then, 0.15 s in
    the middle of a page, unless they are frozen: then it looks only at what requests left behind.
    """
    _ = get_resolver().url_patterns
    folder = Path(settings.BASE_DIR) / "templates"
    for file in folder.rglob("*.html"):
        get_template(str(file.relative_to(folder)))
    _freeze()
    request_finished.connect(freeze_now_and_then, dispatch_uid="freeze_now_and_then")


def freeze_now_and_then(**_signal: object) -> None:
    """Keep the collector off what requests left for good, too: once an answer is sent, each time that their
    number has doubled.

    What is compiled, looked up and translated for the first time stays: 16 000 objects of the first page, some
    of each other one. While they are not frozen every tenth page or so waits 8 ms for a walk over them, since
    the collector takes them for a large part of all there is. Doubled, so that what other requests hold at that
    moment, and what would be garbage afterwards, is kept a few times only.
    """
    number = next(_answers)
    if number >= FIRST and number & (number - 1) == 0:
        _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()
