"""What is cleared away of sign-ins."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from apps.accounts.services.logouts import logout_notices_forget_ended
from apps.accounts.services.passwords import password_links_forget_ended
from apps.accounts.services.sessions import sessions_forget_ended


@shared_task(name="accounts.sweep", ignore_result=True)
def sweep() -> None:
    SessionStore.clear_expired()
    sessions_forget_ended()
    password_links_forget_ended()
    logout_notices_forget_ended()
