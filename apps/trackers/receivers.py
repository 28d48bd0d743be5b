"""Where trackers tell that something changed. No session and no token: the message is signed."""

import uuid

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.common.api.problems import plain
from apps.common.rates import address_of, look, take
from apps.trackers.services.hooks import hook_take


@login_not_required
@csrf_exempt
@require_POST
def tracker_hook(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """204 for a message that its tracker signed; 404 for any other, whether or not there is one.

    Wrong ones are counted by address, with all that strangers try.
    """
    strangers = (settings.SECOPS_RATE_STRANGERS, "stranger", address_of(request))
    left = look(*strangers)
    if left is not None and not left.allowed:
        answer = plain(request, 429, "throttled", "Too many messages that nobody signed.")
        answer.headers["Retry-After"] = str(max(left.reset, 1))
        return answer
    try:
        body = request.body  # at most DATA_UPLOAD_MAX_MEMORY_SIZE
    except RequestDataTooBig:
        return plain(request, 413, "too-large", "The message is larger than this address takes.")
    if not hook_take(uid, body, request.headers):
        take(*strangers)
        return plain(request, 404, "not-found", "There is nothing here, or it is signed otherwise.")
    return HttpResponse(status=204)
