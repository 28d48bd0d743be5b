from celery import shared_task

from apps.accounts.services.tokens import job_tokens_forget


@shared_task(name="trust.forget")
def forget_job_tokens() -> None:
    job_tokens_forget()
