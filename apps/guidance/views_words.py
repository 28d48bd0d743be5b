"""Words that mean the same: what the portal brings, and the organisation's own lines."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import EditConflict, Invalid
from apps.common.forms import apply_domain_errors, status_of
from apps.guidance.forms import WordsForm
from apps.guidance.services_words import own_words_set
from apps.guidance.vocabulary import lines_given, own_words


@require_http_methods(["GET", "POST"])
def words_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.GUIDANCE_EDIT)
    row = own_words()
    form = WordsForm(request.POST or None, initial={"lines": row.lines, "version": row.version})
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            own_words_set(actor=request.actor, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        else:
            messages.success(request, _("Saved. Search and suggestions know them from now on."))
            return redirect("guidance-words")
    context = {"form": form, "given": lines_given()}
    return render(request, "guidance/words.html", context, status=status_of(form))
