"""Wrong tries at a secret, counted so that nobody can guess, and nobody can lock out another."""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from apps.common.rates import Rate, address_of, forget, holding, look, take

logger = logging.getLogger("secops.sign_in")
Counted = tuple[str, tuple[str, ...]]  # a rate, and what is counted by


@dataclass(frozen=True)
class Tries:
    """The first is forgotten when a try works."""

    counted: tuple[Counted, ...]

    def wait(self) -> int:
        """Seconds until there may be another try; 0: now."""
        return _seconds(look(rate, *who) for rate, who in self.counted)

    @contextmanager
    def under_way(self) -> Iterator[int]:
        """`wait`, where tries at the same moment see each other; counted inside, as `failed` or `worked`."""
        with ExitStack() as places:
            held = [places.enter_context(holding(rate, *who)) for rate, who in self.counted]
            yield _seconds(held)

    def failed(self) -> None:
        (_rate, who) = self.counted[0]
        logger.warning("a try failed: %s", " ".join(json.dumps(each) for each in who))
        for rate, who in self.counted:
            take(rate, *who)

    def worked(self) -> None:
        rate, who = self.counted[0]
        forget(rate, *who)


def _seconds(rates: Iterable[Rate | None]) -> int:
    """Until the first of them that allows nothing has room; 0: all allow it."""
    return next((max(each.reset, 1) for each in rates if each and not each.allowed), 0)


def of_account(account: str, request: HttpRequest | None) -> Tries:
    """By account and address together, and by address alone: whoever tries somebody else's account
    shuts out only himself."""
    address = address_of(request) if request else ""
    return Tries(
        (
            (settings.SECOPS_RATE_SIGN_IN, ("sign-in", account, address)),
            (settings.SECOPS_RATE_SIGN_IN_ADDRESS, ("sign-in-address", address)),
        )
    )


def of_second_step(user_id: int, request: HttpRequest) -> Tries:
    """Besides by account alone, from wherever: who is asked here has shown the password already."""
    address, account = address_of(request), str(user_id)
    return Tries(
        (
            (settings.SECOPS_RATE_SIGN_IN, ("second-step", account, address)),
            (settings.SECOPS_RATE_SIGN_IN_ADDRESS, ("second-step-account", account)),
            (settings.SECOPS_RATE_SIGN_IN_ADDRESS, ("sign-in-address", address)),
        )
    )


def of_provider(request: HttpRequest) -> Tries:
    """By address alone: who it is, is not known before the provider says so. Apart from passwords, so
    that a provider that is set up wrongly does not shut a whole office out."""
    return Tries(
        ((settings.SECOPS_RATE_SIGN_IN_ADDRESS, ("sign-in-provider", address_of(request))),)
    )


def too_often(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many tries from here. Wait %(n)d minute, then try again.",
        "Too many tries from here. Wait %(n)d minutes, then try again.",
        minutes,
    ) % {"n": minutes}


def throttled(answer: HttpResponse, form: Any) -> HttpResponse:
    """429 where the tries of the form that the page shows are used up."""
    if wait := getattr(form, "wait", 0):
        answer.status_code = 429
        answer.headers["Retry-After"] = str(wait)
    return answer
