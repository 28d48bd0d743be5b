"""Components of pages: `{% load components %}`. A tag's template is templates/components/NAME.html.

Tags with an end tag take their body between the two. Keywords that a tag does not know become
HTML attributes, with "_" read as "-": `{% button "Send" hx_post=url %}`. /design shows them all.
"""

from collections.abc import Mapping

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.common.templatetags.blocks import (
    extra_attributes,
    kept,
    render_component,
    small_component,
)
from apps.common.ui.people import initials
from apps.common.ui.stages import stage_look
from apps.common.ui.states import SEVERITIES, TONE_ICONS, state_look

register = template.Library()
Text = str | Promise
Values = dict[str, object]
_SEVERITY_LEVELS = ("info", "low", "medium", "high", "critical")


@register.simple_tag
@kept
def icon(name: str, size: str = "", label: Text = "") -> SafeString:
    """A drawing of the sprite. size: "", "sm", "lg". label: what it says where no text does."""
    css = f"icon icon-{size}" if size else "icon"
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.simple_tag
def icon_href(shape: str) -> str:
    """The address of a severity's shape in the sprite."""
    return f"{static('icons.svg')}#severity-{shape}"


@register.simple_block_tag
def slot(content: SafeString) -> SafeString:
    """Keeps a piece of template for a component: {% slot as x %}...{% endslot %}."""
    return content


@register.simple_tag
@kept
def still(name: str, **values: str | int | tuple[str, ...]) -> SafeString:
    """A template of which all that enters is named here; drawn once for the same values and language.

    {% still "_navigation.html" section=section %}. For what stands on every page: it sees nothing of the
    page, its person or the database, and so can be nobody else's and never out of date.
    """
    return render_to_string(name, values)


# --- the page ------------------------------------------------------------------------------------
@register.simple_block_tag(takes_context=True)
def page_header(
    context: template.Context,
    content: SafeString,
    *,
    title: Text,
    lead: Text = "",
    crumbs: Text = "",
    eyebrow: Text = "",
) -> SafeString:
    """The page's h1. Body: its actions. crumbs, eyebrow: slots (links; badges)."""
    values = {
        "title": title,
        "lead": lead,
        "crumbs": crumbs,
        "eyebrow": eyebrow,
        "actions": content,
    }
    return render_component(context, "page_header", values)


@register.inclusion_tag("components/crumb.html")
def crumb(label: Text, url: str = "") -> Values:
    """One step of the way to this page, a link where url is given."""
    return {"label": label, "url": url}


@register.simple_tag(takes_context=True)
def nav_link(
    context: template.Context,
    url: str,
    label: Text,
    icon: str,
    *,
    key: str = "",
    count: int = 0,
) -> SafeString:
    """An entry of the main navigation. key: its letter after "g". count: what waits there.

    The context has the section of the page, as apps.common.context gives it.
    """
    here = context.get("section") == url
    return _nav_link(url=url, label=label, icon=icon, key=key, count=count, here=here)


@kept
def _nav_link(**values: Text | int) -> SafeString:
    return small_component("nav_link", values)


@register.simple_block_tag(takes_context=True)
def section(
    context: template.Context,
    content: SafeString,
    *,
    title: Text,
    note: Text = "",
    anchor: str = "",
    actions: Text = "",
) -> SafeString:
    """A part of a page under an h2. note: a short line beside it."""
    values = {"title": title, "note": note, "id": anchor, "actions": actions, "body": content}
    return render_component(context, "section", values)


@register.simple_block_tag(takes_context=True)
def tabs(context: template.Context, content: SafeString, *, label: Text) -> SafeString:
    """Links to the faces of one thing. label: what they are, for screen readers. Body: tab tags."""
    return render_component(context, "tabs", {"label": label, "body": content})


@register.inclusion_tag("components/tab.html")
def tab(label: Text, url: str, *, current: bool = False, count: int | None = None) -> Values:
    """One link among tabs. count: how many things are there."""
    return {"label": label, "url": url, "current": current, "count": count}


@register.inclusion_tag("components/pagination.html")
def pagination(
    next_url: str = "",
    previous_url: str = "",
    first_url: str = "",
    summary: Text = "",
    first_label: Text = "",
) -> Values:
    """Links of a keyset-paginated list; each only where given. summary: "50 of 1,204 findings".

    first_label: what stands first in the list; "Newest" where it is not given.
    """
    return {
        "first_label": first_label,
        "next_url": next_url,
        "previous_url": previous_url,
        "first_url": first_url,
        "summary": summary,
    }


# --- things to press -----------------------------------------------------------------------------
@register.inclusion_tag("components/button.html")
def button(
    label: Text,
    href: str = "",
    *,
    kind: str = "",
    icon: str = "",
    action: str = "submit",
    small: bool = False,
    hide_label: bool = False,
    **attributes: object,
) -> Values:
    """A button, or a link that looks like one where href is given.

    kind: "", "primary", "quiet" or "danger". icon: its name. action: "submit", "button" or "reset".
    hide_label: shows the icon alone and keeps the label for screen readers.
    """
    classes = ["button", f"button-{kind}" if kind else "", "button-small" if small else ""]
    classes.append("button-icon" if hide_label else "")
    return {
        "label": label,
        "href": href,
        "icon": icon,
        "type": action,
        "hide_label": hide_label,
        "css": " ".join(filter(None, classes)),
        "attributes": extra_attributes(attributes),
    }


@register.simple_block_tag(takes_context=True)
def menu(
    context: template.Context,
    content: SafeString,
    *,
    label: Text,
    icon: str = "ellipsis",
    show_label: bool = False,
) -> SafeString:
    """Further actions behind one button. Body: li elements with a .menu-item each."""
    values = {"label": label, "icon": icon, "show_label": show_label, "body": content}
    return render_component(context, "menu", values)


# --- marks ---------------------------------------------------------------------------------------
@register.simple_tag
@kept
def badge(
    label: Text, tone: str = "neutral", *, icon: str = "", outline: bool = False
) -> SafeString:
    """A word on a tinted ground. tone: neutral, accent, good, warn, bad, caution or info."""
    return small_component(
        "badge", {"label": label, "tone": tone, "icon": icon, "outline": outline}
    )


@register.simple_tag
@kept
def stage(slug: str, *, url: str = "", badge: bool = False) -> SafeString:
    """A stage of the loop by icon, name and colour. badge: on a tinted ground."""
    return small_component("stage", {"look": stage_look(slug), "url": url, "badge": badge})


@register.simple_tag
@kept
def severity(level: int | str, count: int | None = None) -> SafeString:
    """A severity by shape, word and colour. level: 0 (info) to 4 (critical), or the word."""
    slug = _SEVERITY_LEVELS[level] if isinstance(level, int) else level
    shape = slug if slug in _SEVERITY_LEVELS else "unknown"
    return small_component(
        "severity", {"slug": slug, "shape": shape, "label": SEVERITIES[slug], "count": count}
    )


@register.simple_tag
def severity_counts(counts: list[int] | tuple[int, ...]) -> SafeString:
    """How many of each severity, the worst first. counts: by level, index 0 (info) to 4 (critical)."""
    marks = [
        (severity(level, counts[level]),) for level in reversed(range(len(counts))) if counts[level]
    ]
    return format_html('<span class="severity-bar">{}</span>', format_html_join("", "{}", marks))


@register.simple_tag
@kept
def state(kind: str, value: str) -> SafeString:
    """The state of a thing. kind: finding, report, statement, ... (apps/common/ui/states.py)."""
    return small_component("state", {"look": state_look(kind, value)})


@register.simple_tag
@kept
def state_icon(kind: str, value: str, size: str = "") -> SafeString:
    """The icon of a state alone, where words stand beside it."""
    return icon(state_look(kind, value).icon, size)


@register.inclusion_tag("components/chip.html")
def chip(value: Text, key: Text = "", url: str = "", remove_url: str = "") -> Values:
    """A fact as "key value": a CWE, an active filter. remove_url: takes the filter away."""
    return {"value": value, "key": key, "url": url, "remove_url": remove_url}


@register.simple_tag
@kept
def person(name: str) -> SafeString:
    """A person's name beside the initials."""
    return small_component("person", {"name": name, "initials": initials(name)})


@register.simple_tag
@kept
def avatar(name: str) -> SafeString:
    """The initials alone, beside a name that is written out anyway."""
    return format_html('<span class="avatar" aria-hidden="true">{}</span>', initials(name))


# --- surfaces ------------------------------------------------------------------------------------
@register.simple_block_tag(takes_context=True)
def card(
    context: template.Context,
    content: SafeString,
    *,
    title: Text = "",
    icon: str = "",
    level: int = 2,
    actions: Text = "",
    footer: Text = "",
    flush: bool = False,
    **attributes: object,
) -> SafeString:
    """A surface with one subject. level: of its heading. flush: no padding, for a table or list."""
    values = {
        "title": title,
        "icon": icon,
        "level": level,
        "actions": actions,
        "footer": footer,
        "flush": flush,
        "body": content,
        "attributes": extra_attributes(attributes),
    }
    return render_component(context, "card", values)


@register.inclusion_tag("components/stat.html")
def stat(
    label: Text,
    value: Text | int,
    *,
    note: Text = "",
    url: str = "",
    icon: str = "",
    tone: str = "",
) -> Values:
    """One figure with its name; several stand in <div class="stats">. note: what it means."""
    return {"label": label, "value": value, "note": note, "url": url, "icon": icon, "tone": tone}


@register.simple_block_tag(takes_context=True)
def definitions(
    context: template.Context, content: SafeString, *, figures: bool = False
) -> SafeString:
    """A list of terms and their values. Body: definition tags. figures: numbers, one under the other."""
    return render_component(context, "definitions", {"body": content, "figures": figures})


@register.simple_block_tag(takes_context=True)
def definition(context: template.Context, content: SafeString, term: Text) -> SafeString:
    """A term; its value is the body."""
    return render_component(context, "definition", {"term": term, "body": content})


@register.simple_block_tag(takes_context=True)
def table(
    context: template.Context,
    content: SafeString,
    *,
    caption: Text,
    show_caption: bool = False,
    dense: bool = False,
    keep: bool = False,
    rows: bool = False,
) -> SafeString:
    """A table that becomes a list of cards where it is narrow. Body: thead and tbody.

    Cells carry data-label="column name" for the narrow form. keep: stays a table and scrolls.
    rows: j and k walk its .row-title links.
    """
    values = {
        "caption": caption,
        "show_caption": show_caption,
        "dense": dense,
        "keep": keep,
        "rows": rows,
        "body": content,
    }
    return render_component(context, "table", values)


@register.simple_block_tag(takes_context=True)
def notice(
    context: template.Context,
    content: SafeString,
    *,
    tone: str = "info",
    title: Text = "",
    icon: str = "",
    role: str = "",
    dismiss: bool = False,
) -> SafeString:
    """Something to know before going on. role: "status" or "alert" where it is news."""
    values = {
        "tone": tone,
        "title": title,
        "icon": icon or TONE_ICONS[tone],
        "role": role,
        "dismiss": dismiss,
        "body": content,
    }
    return render_component(context, "notice", values)


@register.inclusion_tag("components/messages.html")
def message_list(messages: object) -> Mapping[str, object]:
    """Django's messages, each in its tone."""
    return {"messages": messages}


@register.simple_block_tag(takes_context=True)
def empty(
    context: template.Context,
    content: SafeString,
    *,
    title: Text,
    icon: str = "inbox",
    actions: Text = "",
    level: int = 2,
) -> SafeString:
    """What stands where a list has nothing. Body: what would be here and how it comes."""
    values = {"title": title, "icon": icon, "actions": actions, "level": level, "body": content}
    return render_component(context, "empty", values)


@register.simple_block_tag(takes_context=True)
def disclosure(
    context: template.Context,
    content: SafeString,
    *,
    summary: Text,
    opened: bool = False,
    plain: bool = False,
    anchor: str = "",
) -> SafeString:
    """Detail that may be opened. plain: without the line above. anchor: an address that opens it."""
    values = {"summary": summary, "open": opened, "plain": plain, "body": content, "id": anchor}
    return render_component(context, "disclosure", values)
