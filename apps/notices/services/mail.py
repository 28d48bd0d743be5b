"""Mails: what came since the last one, to each person as often as that person wants."""

import datetime as dt
import logging
import smtplib
from dataclasses import replace

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.places import place_of_person
from apps.audit.services import record
from apps.common.errors import Missing
from apps.notices.models import MailEvery, Notice, NoticeWish
from apps.notices.words import Words, words_of

logger = logging.getLogger(__name__)

SALT = "notices.unsubscribe"
MOST = 50  # notices in one mail; the others are in the portal
# A little less than a day, so that a task that runs each quarter of an hour does not drift.
DAY = dt.timedelta(hours=23, minutes=50)


def mails_send_due() -> int:
    """Send what is due. Returns how many mails went out; none where no mail server is set.

    A person's wishes are locked while a mail is on its way, so two workers never send the same; one
    that fails stays due, and is tried again by the next run.
    """
    if not settings.SECOPS_MAIL_ON:
        return 0
    sent = 0
    people = User.objects.filter(is_active=True, notices__is_due=True).distinct().order_by("pk")
    for user in people:
        try:
            sent += _send_to(user)
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("a mail to person %s did not go out: %s", user.pk, error)
    return sent


@transaction.atomic
def _send_to(user: User) -> bool:
    NoticeWish.objects.get_or_create(user=user)
    wish = NoticeWish.objects.select_for_update(skip_locked=True).filter(user=user).first()
    now = timezone.now()
    if wish is None or not _is_time(wish, now):
        return False
    visible = Notice.objects.visible_to(Actor(user=user)).filter(is_due=True, read_at=None)
    notices = list(visible.select_related("system")[:MOST])
    if notices:
        _mail(user, notices, visible.count())
        wish.last_mail_at = now
        wish.save(update_fields=["last_mail_at"])
    # What was read meanwhile, or may not be seen any more, is due no longer either.
    Notice.objects.filter(user=user, is_due=True, created_at__lte=now).update(
        is_due=False, mailed_at=now
    )
    return bool(notices)


def _is_time(wish: NoticeWish, now: dt.datetime) -> bool:
    if wish.mail_every == MailEvery.NEVER:
        return False
    last = wish.last_mail_at
    return wish.mail_every == MailEvery.ONCE or last is None or now - last >= DAY


def _mail(user: User, notices: list[Notice], total: int) -> None:
    """In the language and the time zone of whom it goes to, whatever the worker's are."""
    with place_of_person(user).entered():
        _mail_here(user, notices, total)


def _mail_here(user: User, notices: list[Notice], total: int) -> None:
    leave = settings.BASE_URL + reverse("notices-unsubscribe", args=[unsubscribe_token(user)])
    context = {
        "user": user,
        "notices": [(notice, _words(notice)) for notice in notices],
        "more": total - len(notices),
        "base_url": settings.BASE_URL,
        "unsubscribe_url": leave,
    }
    first = words_of(notices[0]).title
    subject = first if total == 1 else ngettext("%d notice", "%d notices", total) % total
    message = EmailMultiAlternatives(
        subject=" ".join(f"SecOps Portal: {subject}".split())[:150],
        body=render_to_string("notices/mail.txt", context),
        to=[user.email],
        headers={
            # RFC 8058: the mail client shows a button that leaves without asking further.
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence answers it
        },
        connection=get_connection(timeout=15),
    )
    message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    message.send()


def _words(notice: Notice) -> Words:
    """SECURITY: what people and tools wrote stays in the portal unless the operator lets it out."""
    told = words_of(notice)
    return told if settings.SECOPS_MAIL_TEXTS else replace(told, text="")


def unsubscribe_token(user: User) -> str:
    """Whoever has it may stop this person's mails, and nothing else. It does not end: a mail is read
    years later."""
    return signing.dumps(user.pk, salt=SALT)


def unsubscribed_user(token: str) -> User:
    """Raises: Missing."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise Missing("This link is not whole. Copy all of it from the mail.") from None
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise Missing("There is nobody here any more to whom this link belongs.")
    return user


@transaction.atomic
def unsubscribe(*, token: str) -> User:
    """No more mails; the notices stay in the portal. Raises: Missing."""
    user = unsubscribed_user(token)
    NoticeWish.objects.update_or_create(user=user, defaults={"mail_every": MailEvery.NEVER})
    Notice.objects.filter(user=user, is_due=True).update(is_due=False)
    record(
        actor=Actor(user=user),
        action="notices.unsubscribe",
        target=user,
        changes={"by": "a link in a mail"},
    )
    return user
