"""The list of planning items, the board, and writing one. Its page: apps/advice/views/items.py."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.beginning import system_first_page
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.planning.forms import (
    FilterSaveForm,
    ItemCreateForm,
    ItemEditForm,
    ItemFilterForm,
    ItemMoveForm,
    QuickAddForm,
)
from apps.planning.models import PlanningItem, moves_from
from apps.planning.selectors import (
    FILTERS,
    ItemFilter,
    filters_saved,
    item_get,
    items_board,
    items_list,
    items_referring,
)
from apps.planning.services.filters import filter_remove, filter_save
from apps.planning.services.items import item_create, item_edit, item_move

PAGE = 50
BOARD_COLUMN = 30
SAME_SHOWN = 5
CREATED = "planning.created"  # in the session, until its page is shown: the item just written
MOVED = "planning.moved"  # in the session, until the board is shown: the card that was just moved
EDITED = ("title", "question", "kind", "stage", "status", "tracker_key", "tracker_url")


@require_GET
def item_list_page(request: PageRequest) -> HttpResponse:
    """The list, or the board with ?view=board."""
    form = ItemFilterForm(
        request.GET, systems=systems_offered(request.actor, request.GET.get("system", ""))
    )
    writable = System.objects.visible_to(request.actor, Permission.ITEM_EDIT)
    wanted = form.wanted()
    is_board = request.GET.get("view") == "board"
    context = {
        "form": form,
        "active": [
            (label, words, _address(request.GET, without=name))
            for name, label, words in form.active()
        ],
        "is_board": is_board,
        "is_list": not is_board,
        "clear_url": _address(QueryDict("view=board" if is_board else "")),
        "list_url": _address(request.GET, without="view"),
        "board_url": _address(request.GET, view="board"),
        "quick": QuickAddForm(systems=writable, initial={"system": request.GET.get("system")})
        if writable
        else None,
        "may_create": bool(writable),
        "may_import": may(request.actor, Permission.SYSTEM_MANAGE),
        "saved": [(each, _address(QueryDict(each.query))) for each in filters_saved(request.actor)],
        "moved": request.session.pop(MOVED, None) if is_board else None,
        "filters": request.GET.urlencode(),
    }
    context |= _board(request, wanted) if is_board else _rows(request, wanted)
    return render(request, "planning/list.html", context)


def _board(request: PageRequest, wanted: ItemFilter) -> dict[str, object]:
    columns = items_board(request.actor, wanted, shown=BOARD_COLUMN)
    return {
        "currency": settings.SECOPS_CURRENCY,
        "columns": [
            (column, _address(request.GET, without="view", status=column.status.value))
            for column in columns
        ],
        "is_empty": not any(column.total for column in columns),
    }


@require_POST
def item_move_action(request: PageRequest, pk: int) -> HttpResponse:
    """Put a card into another column, and come back to the board as it was filtered, at the card."""
    item = item_get(request.actor, pk)
    require(request.actor, Permission.ITEM_EDIT, item)
    form = ItemMoveForm(request.POST)
    if form.is_valid():
        status, version = form.cleaned_data["status"], form.cleaned_data["version"]
        try:
            moved = item_move(actor=request.actor, item=item, version=version, status=status)
        except EditConflict:
            messages.warning(
                request,
                _("Somebody changed %(key)s meanwhile. It was not moved; this is how it stands.")
                % {"key": item.key},
            )
        except Conflict as error:
            messages.error(request, error.message)
        else:
            request.session[MOVED] = _moved(before=item, after=moved)
    board = _address(QueryDict(request.POST.get("filters", "")), view="board")
    return redirect(f"{board}#{item.key}")


def _moved(*, before: PlanningItem, after: PlanningItem) -> dict[str, object]:
    """What the board says of a card that was moved, and how it goes back.

    The way back is a move like any other, on the version that this one made: where somebody changed
    the item since, it is refused. `back` is empty where the rules lead there no more.
    """
    may_return = before.status in moves_from(after.status, bound=after.has_decision_in_force())
    return {
        "item": after.pk,
        "key": after.key,
        "now": after.status,
        "back": before.status if may_return else "",
        "version": after.version,
    }


@require_POST
def filter_save_action(request: PageRequest) -> HttpResponse:
    """Keep the filter in use under a name, and come back to it."""
    address = _address(QueryDict(request.POST.get("filters", "")))
    form = FilterSaveForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, _("The filter was not saved: give it a name of at most 60 characters.")
        )
        return redirect(address)
    try:
        saved = filter_save(
            actor=request.actor,
            name=form.cleaned_data["name"],
            query=address.partition("?")[2],
        )
    except Invalid as error:
        messages.error(request, " ".join(error.fields["name"]))
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name})
    return redirect(address)


@require_POST
def filter_remove_action(request: PageRequest, pk: int) -> HttpResponse:
    removal = filter_remove(actor=request.actor, pk=pk)
    tell_undoable(request, _("The filter was removed."), "removed-undo", removal.uid)
    return redirect(_address(QueryDict(request.POST.get("filters", ""))))


def _rows(request: PageRequest, wanted: ItemFilter) -> dict[str, object]:
    """A page of the list by keyset: `before` is the last id that was shown."""
    found = items_list(request.actor, wanted)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) <= 18:
        found = found.filter(pk__lt=int(before))
    items = list(found[: PAGE + 1])
    more = len(items) > PAGE
    items = items[:PAGE]
    return {
        "items": items,
        "is_empty": not items,
        "next_url": _address(request.GET, before=str(items[-1].pk)) if more else "",
        "first_url": _address(request.GET) if before else "",
    }


def _address(given: QueryDict, *, without: str = "", **changes: str) -> str:
    """The list's address with its filters; pages begin anew unless `before` is given."""
    values = {name: given.get(name, "") for name in FILTERS if name != without} | changes
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{reverse('item-list')}?{query}" if query else reverse("item-list")


@require_POST
def item_quick_add_action(request: PageRequest) -> HttpResponse:
    """One line: a title, or what was pasted of a tracker. What is there already is offered instead."""
    systems = System.objects.visible_to(request.actor, Permission.ITEM_EDIT)
    if not systems.exists():
        require(request.actor, Permission.ITEM_EDIT)
    quick = QuickAddForm(request.POST, systems=systems)
    if not quick.is_valid():  # in the whole form, where everything typed stays and is marked
        form = ItemCreateForm(quick.as_typed(), systems=systems)
        return render(request, "planning/item_form.html", {"form": form}, status=422)
    values = quick.values()
    same = items_referring(request.actor, quick.reference) if quick.reference else ()
    if same:
        form = ItemCreateForm(systems=systems, initial=values | {"system": values["system"].key})
        context = {"form": form, "same": list(same[:SAME_SHOWN]), "reference": quick.reference}
        return render(request, "planning/item_form.html", context, status=409)
    item = item_create(actor=request.actor, **values)
    request.session[CREATED] = item.pk
    told = {"key": item.key, "title": item.title}
    if quick.is_untitled:
        words = _(
            "%(key)s is there, called %(title)s until you edit its title. Add the options next."
        )
    else:
        words = _("%(key)s is there. Add the options next.")
    messages.success(request, words % told)
    return redirect("item-detail", item.pk)


@require_http_methods(["GET", "POST"])
def item_create_page(request: PageRequest) -> HttpResponse:
    systems = System.objects.visible_to(request.actor, Permission.ITEM_EDIT)
    if not systems.exists():
        require(request.actor, Permission.ITEM_EDIT)
        return system_first_page(request, _("New planning item"))
    form = ItemCreateForm(request.POST or None, systems=systems, initial=_prefilled(request.GET))
    if request.method == "POST" and form.is_valid():
        try:
            item = item_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            request.session[CREATED] = item.pk
            messages.success(
                request, _("%(key)s is there. Add the options next.") % {"key": item.key}
            )
            return redirect("item-detail", item.pk)
    status = 422 if form.errors else 200
    return render(request, "planning/item_form.html", {"form": form}, status=status)


def _prefilled(given: QueryDict) -> dict[str, str]:
    """What a link may fill in: /planning/new/?system=payments&stage=build."""
    names = ("system", "stage", "title", "kind")
    return {name: given.get(name, "") for name in names if name in given}


@require_http_methods(["GET", "POST"])
def item_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    require(request.actor, Permission.ITEM_EDIT, item)
    initial = {name: getattr(item, name) for name in EDITED} | {"version": item.version}
    form = ItemEditForm(request.POST or None, initial=initial, item=item)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.typed()
            item_edit(
                actor=request.actor, item=item, version=form.cleaned_data["version"], **values
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        else:
            messages.success(request, _("Saved."))
            return redirect("item-detail", item.pk)
    context = {"form": form, "item": item}
    status = 409 if form.is_conflict else 422 if form.errors else 200
    return render(request, "planning/item_form.html", context, status=status)
