"""How component tags are made: keyword arguments, extra attributes, a template file each."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from django.forms.utils import flatatt
from django.template import Context
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

P = ParamSpec("P")
KEPT = 1024  # drawings of each component, about 200 bytes each


def kept(draw: Callable[P, SafeString]) -> Callable[P, SafeString]:
    """A component that is drawn once for the same arguments in the same language, and kept.

    For marks that stand on a page a hundred times. What else enters the HTML (the clock, a time zone,
    a person, a row) must be among the arguments, which are texts, numbers, truths and None.
    """

    # SECURITY: typed, because a text that was marked as safe equals the same text that was not.
    @functools.lru_cache(KEPT, typed=True)
    def drawn(_language: str | None, *args: Any, **kwargs: Any) -> SafeString:
        return draw(*args, **kwargs)

    @functools.wraps(draw)
    def found(*args: P.args, **kwargs: P.kwargs) -> SafeString:
        texts = {name: _in_words(value) for name, value in kwargs.items()}
        return drawn(get_language(), *map(_in_words, args), **texts)

    return found


def _in_words(value: object) -> object:
    """What is translated lazily, as text: in the next language it would be another."""
    return str(value) if isinstance(value, Promise) else value


def small_component(name: str, values: Mapping[str, object]) -> SafeString:
    """templates/components/NAME.html with these values; it sees nothing of the page."""
    return render_to_string(f"components/{name}.html", dict(values))


def extra_attributes(given: Mapping[str, object]) -> SafeString:
    """Further HTML attributes from a tag's keywords: hx_get="/x" becomes hx-get="/x".

    True gives a bare name; None and False leave the attribute out. Values are escaped.
    """
    return flatatt(
        {name.replace("_", "-"): value for name, value in given.items() if value is not None}
    )


def render_component(context: Context, name: str, values: Mapping[str, object]) -> SafeString:
    """templates/components/NAME.html with these values; of the page it sees the CSRF token only."""
    assert context.template is not None  # noqa: S101  # a tag renders inside a template only
    isolated = context.new(dict(values))
    if (token := context.get("csrf_token")) is not None:
        isolated["csrf_token"] = token
    return context.template.engine.get_template(f"components/{name}.html").render(isolated)
