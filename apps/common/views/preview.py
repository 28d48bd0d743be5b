"""What a Markdown field will look like when it is read."""

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.common.markdown import render


@require_POST
def markdown_preview(request: HttpRequest) -> HttpResponse:
    """The `text` of the form, as HTML for assets/js/preview.js. Nothing is kept."""
    text = request.POST.get("text", "")
    if not text.strip():
        return HttpResponse(format_html('<p class="muted">{}</p>', _("Nothing is written yet.")))
    return HttpResponse(render(text))
