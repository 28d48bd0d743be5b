"""Form fields and filters. `{% load fields %}`."""

from collections.abc import Mapping

from django import template
from django.forms import BaseForm, BoundField
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from apps.common.said import said
from apps.common.templatetags.blocks import extra_attributes, render_component

register = template.Library()
Values = dict[str, object]


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, unit: str | Promise = "", *, marked: bool = True) -> Values:
    """A form field with label, help and errors, joined for screen readers. unit: before it.

    marked: says where it is optional; not for fields that another choice makes needed.
    """
    widget = bound.field.widget
    return {
        "field": bound,
        "unit": unit,
        "is_check": bound.widget_type == "checkbox",
        "is_hidden": bound.is_hidden,
        "is_group": widget.use_fieldset,
        "optional": marked and not bound.field.required and bound.widget_type != "checkbox",
    }


@register.inclusion_tag("components/field.html")
def markdown_field(
    bound: BoundField,
    system: str = "",
    chosen: BoundField | None = None,
    *,
    calls: bool = False,
) -> Values:
    """A field for Markdown, which shows how it will look (assets/js/preview.js) and takes pictures: pasted,
    dropped or chosen (pictures.js).

    system: key of the system whose text it is, empty for the library; chosen: the field of the form
    that says it, where it is chosen there; calls: an @ calls people (people.js).
    """
    values = field(bound)
    return values | {
        "takes_pictures": True,
        "calls_people": calls,
        "pictures_of": system,
        "pictures_chosen": chosen.auto_id if chosen is not None else "",
    }


@register.filter
def as_attributes(given: Mapping[str, object]) -> SafeString:
    """A widget's HTML attributes in their order, each with a space before it: True gives a bare name,
    False nothing. A form has hundreds, and a template asks twice for each.
    """
    # SECURITY: every part is escaped here; format_html for each of them takes thrice as long.
    return SafeString("".join(_attribute(*each) for each in given.items() if each[1] is not False))


def _attribute(name: str, value: object) -> str:
    called = conditional_escape(name)
    return f" {called}" if value is True else f' {called}="{conditional_escape(str(value))}"'


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm) -> Values:
    """What is wrong with a form, at its top: errors of no single field, and links to the fields.

    Where two people edited the same thing, also what both changed, to choose from (common.merging).
    A field whose label says little by itself ("At least") has `said_of`, which says more.
    """
    wrong = [bound for bound in form if bound.errors and not bound.is_hidden]
    return {
        "differences": getattr(form, "differences", ()),
        "taken": getattr(form, "taken", ()),
        "is_conflict": getattr(form, "is_conflict", False),
        "general": [said(error) for error in form.non_field_errors()],
        "fields": [
            {
                "auto_id": each.auto_id,
                "label": getattr(each.field, "said_of", "") or each.label,
                "errors": [said(each.errors[0])],
            }
            for each in wrong
        ],
    }


@register.simple_block_tag(takes_context=True)
def filters(
    context: template.Context,
    content: SafeString,
    *,
    label: str | Promise,
    active: str | Promise = "",
    clear_url: str = "",
    autosubmit: bool = True,
    **attributes: object,
) -> SafeString:
    """A GET form over a list. Body: fields. active: a slot of chips; clear_url: without any filter.

    autosubmit: a changed choice sends the form where script runs; a button stands there otherwise.
    """
    values = {
        "label": label,
        "active": active,
        "clear_url": clear_url,
        "autosubmit": autosubmit,
        "attributes": extra_attributes(attributes),
        "body": content,
    }
    return render_component(context, "filters", values)
