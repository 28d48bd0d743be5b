"""How component tags are made: keyword arguments, extra attributes, a template file each."""

from collections.abc import Mapping

from django.forms.utils import flatatt
from django.template import Context
from django.utils.safestring import SafeString


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
