"""What the known code hosts are called."""

_NAMES = {
    "https://token.actions.githubusercontent.com": "GitHub Actions",
    "https://gitlab.com": "GitLab.com",
}


def host_name(issuer: str) -> str:
    """The host's own name for itself; of one that only the operator knows its address, unschemed."""
    return _NAMES.get(issuer) or issuer.removeprefix("https://")
