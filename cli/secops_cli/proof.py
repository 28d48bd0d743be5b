"""A short-lived token for the proof of who the job is, so that no secret lies in the pipeline."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from secops_cli.errors import Refused, WrongUse
from secops_cli.tries import Patience
from secops_cli.wire import ask

UNPROVEN = (
    "There is no token. Set SECOPS_TOKEN to one of the system's, or let the job prove itself: on GitHub "
    "Actions with `permissions: id-token: write`, on GitLab with `id_tokens: SECOPS_ID_TOKEN: aud: {portal}`."
)


def token_of(
    env: Mapping[str, str], portal: str, system: str, patience: Patience
) -> tuple[str, bool]:
    """The token, and whether it was exchanged for a proof just now. Raises: WrongUse, Trouble."""
    if kept := env.get("SECOPS_TOKEN", "").strip():
        return kept, False
    proof = _proof_of(env, portal)
    if proof is None:
        raise WrongUse(UNPROVEN.format(portal=portal))
    return patience.keep(lambda: _exchanged(portal, proof(), system)), True


def _proof_of(env: Mapping[str, str], portal: str) -> Callable[[], str] | None:
    """How to get one: GitHub signs when asked, so that each try has its own; elsewhere it lies ready."""
    url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    key = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if url and key:
        return lambda: _signed(url, key, portal)
    ready = env.get("SECOPS_ID_TOKEN") or env.get("ID_TOKEN")
    return (lambda: ready) if ready else None


def _signed(url: str, key: str, audience: str) -> str:
    """Source: GitHub Docs, "OpenID Connect reference", requesting the token with environment variables."""
    joint = "&" if urlsplit(url).query else "?"
    where = f"{url}{joint}audience={quote(audience, safe='')}"
    told = ask("GET", where, headers={"Authorization": f"Bearer {key}"}).json()
    if not isinstance(told, dict) or not isinstance(told.get("value"), str):
        raise Refused("GitHub's answer holds no ID token.", 0)
    return str(told["value"])


def _exchanged(portal: str, proof: str, system: str) -> str:
    told = ask(
        "POST",
        f"{portal}/api/v1/oidc/token",
        headers={"Authorization": f"Bearer {proof}", "Content-Type": "application/json"},
        body=json.dumps({"system": system}).encode(),
    ).json()
    return str(told["token"])
