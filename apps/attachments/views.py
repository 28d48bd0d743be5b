"""Pictures in texts: their bytes, for whoever may see the text; and two ways to add one."""

import uuid

from csp.decorators import csp
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.requests import PageRequest
from apps.attachments.answers import file_answer
from apps.attachments.forms import PictureForm
from apps.attachments.models import Attachment
from apps.attachments.selectors import attachment_get
from apps.attachments.services.attachments import attachment_add
from apps.catalog.selectors import system_get
from apps.common.errors import DomainError, Invalid
from apps.common.forms import apply_domain_errors
from apps.common.http import status_of
from apps.common.said import said


@require_GET
@csp({"default-src": ["'none'"], "sandbox": []})  # type: ignore[arg-type]  # its types know plain requests
def attachment_file(request: PageRequest, uid: uuid.UUID) -> HttpResponseBase:
    """SECURITY: we drew these bytes, and still a browser may only take them for a picture: the type is
    ours, nothing is guessed, and opened by itself it runs in a sandbox without anything."""
    return file_answer(attachment_get(request.actor, uid))


@require_POST
def attachment_upload(request: PageRequest) -> JsonResponse:
    """What assets/js/pictures.js sends: answers with the Markdown, or with a sentence in the reader's
    language."""
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        return JsonResponse({"error": str(first)}, status=422)
    try:
        row = _add(request, form)
    except Invalid as error:
        sentence = next(iter(error.fields.values()))[0]
        return JsonResponse({"error": said(sentence)}, status=422)
    except DomainError as error:
        return JsonResponse({"error": said(error.message)}, status=status_of(error))
    return JsonResponse({"address": row.address})


@require_http_methods(["GET", "POST"])
def attachment_page(request: PageRequest) -> HttpResponse:
    """The same without script: a file goes in, and the line to put into a text comes out."""
    sent = request.method == "POST"
    system = request.GET.get("system", "")
    form = PictureForm(
        request.POST if sent else None, request.FILES if sent else None, initial={"system": system}
    )
    made = None
    if sent and form.is_valid():
        try:
            made = _add(request, form)
        except Invalid as error:
            apply_domain_errors(form, error)
    line = f"![{_('What it shows')}]({made.address})" if made else ""
    context = {"form": form, "made": made, "line": line}
    return render(request, "attachments/new.html", context, status=422 if form.errors else 200)


def _add(request: PageRequest, form: PictureForm) -> Attachment:
    key = form.cleaned_data["system"]
    return attachment_add(
        actor=request.actor,
        system=system_get(request.actor, key) if key else None,
        file=form.cleaned_data["file"],
    )
