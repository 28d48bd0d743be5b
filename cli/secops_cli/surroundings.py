"""What the CI system says of the job, by its environment variables.

Sources: GitHub Docs "Variables reference"; GitLab Docs "Predefined CI/CD variables reference"; Jenkins
"Using environment variables" and the Git and multibranch plug-ins.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """Empty where it is not known. `run` is the same for each try of one job."""

    commit: str = ""
    branch: str = ""
    run: str = ""
    log_mask: bool = False  # whether `::add-mask::` hides a text in the log


def job_of(env: Mapping[str, str]) -> Job:
    """SECOPS_COMMIT, SECOPS_BRANCH and SECOPS_RUN go before what is found out."""
    found = _found(env)
    return Job(
        commit=env.get("SECOPS_COMMIT") or found.commit,
        branch=env.get("SECOPS_BRANCH") or found.branch,
        run=env.get("SECOPS_RUN") or found.run,
        log_mask=found.log_mask,
    )


def _found(env: Mapping[str, str]) -> Job:
    def said(name: str) -> str:
        return env.get(name, "")

    if said("GITHUB_ACTIONS") == "true":
        run = "-".join(filter(None, map(said, ("GITHUB_RUN_ID", "GITHUB_JOB"))))
        branch = said("GITHUB_HEAD_REF") or said("GITHUB_REF_NAME")
        return Job(said("GITHUB_SHA"), branch, run, log_mask=True)
    if said("GITLAB_CI"):
        return Job(said("CI_COMMIT_SHA"), said("CI_COMMIT_REF_NAME"), said("CI_JOB_ID"))
    if said("JENKINS_URL") or said("BUILD_TAG"):
        branch = said("CHANGE_BRANCH") or said("BRANCH_NAME")
        return Job(said("GIT_COMMIT"), branch, said("BUILD_TAG"))
    return Job()
