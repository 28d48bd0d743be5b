from celery import shared_task

from apps.sources.services import runs, sweep


@shared_task(name="sources.pull")
def pull(run_id: int) -> None:
    runs.run_perform(run_id)


@shared_task(name="sources.forget_runs")
def forget_runs() -> None:
    sweep.runs_forget()


@shared_task(name="sources.sweep")
def sweep_due() -> None:
    sweep.runs_send_due()
