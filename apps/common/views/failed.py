"""What is answered when the portal itself has failed; the log says why."""

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from apps.common.api.problems import CODES, plain


def failed(request: HttpRequest) -> HttpResponse:
    """Machines read a problem, people a page; the X-Request-ID of either is the one of the line in the log.

    SECURITY: nothing of the error is told.
    """
    if request.path.startswith("/api/"):
        return plain(request, 500, "internal-error", CODES["internal-error"])
    return server_error(request)
