"""A person's notices, how to be told, and the way out of the mails."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.requests import PageRequest
from apps.common.addresses import address, whole_number
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors
from apps.notices.forms import WishForm
from apps.notices.selectors import newest_number, notices_before, notices_list, wish_of
from apps.notices.services.mail import unsubscribe, unsubscribed_user
from apps.notices.services.reading import notice_read, notices_read_all, wish_set
from apps.notices.words import words_of

PAGE = 50
NAMES = ("unread",)


@require_GET
def notice_list_page(request: PageRequest) -> HttpResponse:
    given = request.GET
    unread = given.get("unread") == "1"
    rows = notices_list(request.actor, unread=unread)
    before = whole_number(given.get("before"))
    found = list((notices_before(request.actor, rows, before) if before else rows)[: PAGE + 1])
    notices = found[:PAGE]
    context = {
        "notices": [(notice, words_of(notice)) for notice in notices],
        "unread_only": unread,
        "has_unread": any(notice.read_at is None for notice in notices),
        "newest": newest_number(request.actor) if notices else 0,
        "next_url": address(request.path, given, NAMES, before=notices[-1].pk)
        if found[PAGE:]
        else "",
        "first_url": address(request.path, given, NAMES) if before else "",
    }
    return render(request, "notices/list.html", context)


@require_GET
def notice_open(request: PageRequest, pk: int) -> HttpResponse:
    """To what it is about; it counts as read then, as a mail does that one opens."""
    return redirect(notice_read(actor=request.actor, pk=pk).path)


@require_POST
def notice_mark_action(request: PageRequest, pk: int) -> HttpResponse:
    """Read, or unread again, without going there."""
    notice_read(actor=request.actor, pk=pk, is_read=request.POST.get("read") == "1")
    return redirect("notice-list")


@require_POST
def notices_read_action(request: PageRequest) -> HttpResponse:
    notices_read_all(actor=request.actor, through=whole_number(request.POST.get("through")) or 0)
    return redirect("notice-list")


@require_http_methods(["GET", "POST"])
def settings_notices_page(request: PageRequest) -> HttpResponse:
    wish = wish_of(request.actor.user_id or 0)
    form = WishForm(request.POST if request.method == "POST" else None, wish=wish)
    if form.is_bound and form.is_valid():
        try:
            wish_set(actor=request.actor, **form.said())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("settings-notices")
    status = 422 if form.errors else 200
    return render(request, "notices/settings.html", {"form": form, "wish": wish}, status=status)


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """The way out of the mails, without signing in. Opening it asks; the button, or a mail client's
    own button (RFC 8058), does it.

    SECURITY: no CSRF token, since a mail client has none; the signed link is the right to do this one
    thing, and it harms nobody.
    """
    is_done = request.method == "POST"
    user = unsubscribe(token=token) if is_done else unsubscribed_user(token)
    context = {"email": user.email, "is_done": is_done}
    return render(request, "notices/unsubscribe.html", context)
