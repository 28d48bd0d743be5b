"""Inviting somebody by mail: the link by which that person chooses a password."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.places import place_of_person
from apps.accounts.services.passwords import NewLink, password_link_make
from apps.common.errors import Conflict

logger = logging.getLogger(__name__)
SECONDS = 15  # that a mail server has


def invitation_send(*, actor: Actor, user: User) -> None:
    """Make a link and mail it to the person. Raises: NotPermitted; Conflict where no mail goes out.

    SECURITY: whoever reads that mailbox becomes the person, as with any invitation: the link works once, for
    a few days, and only superusers send one to admins and staff (password_link_make).
    """
    if not settings.SECOPS_MAIL_ON:
        raise Conflict("This portal sends no mail; show the link and hand it over.")
    link = password_link_make(actor=actor, user=user)
    try:
        _mail(link, actor.label)
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("an invitation of person %s did not go out: %s", user.pk, error)
        raise Conflict("The mail did not go out. Show the link and hand it over.") from None


def _mail(link: NewLink, inviter: str) -> None:
    """In the language and the time zone of whom it goes to."""
    with place_of_person(link.user).entered():
        EmailMessage(
            subject=_("SecOps Portal: your invitation"),
            body=render_to_string("accounts/invitation.txt", {"link": link, "inviter": inviter}),
            to=[link.user.email],
            headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: nobody's absence answers it
            connection=get_connection(timeout=SECONDS),
        ).send()
