"""What people paste of a tracker: an address or a key, alone or before a title. Nothing is asked of a tracker.

Sources: the addresses of issues at GitHub (/OWNER/REPOSITORY/issues/7), GitLab (/GROUP/PROJECT/-/issues/7)
and Jira (/browse/PAY-7, ?selectedIssue=PAY-7); GitHub's and GitLab's short form owner/repository#7.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
# Jira's default rule for keys of projects, in capitals; two letters at least.
_JIRA_KEY = re.compile(r"(?<![\w-])([A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9})(?![\w-])")
_SHORT = re.compile(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)+[#!][1-9][0-9]{0,9})(?!\w)")
_GITLAB = re.compile(r"/(.+?)/-/(?:issues|work_items|merge_requests)/([1-9][0-9]{0,9})/?")
_GITHUB = re.compile(r"/([\w.-]+/[\w.-]+)/(?:issues|pull)/([1-9][0-9]{0,9})/?")
_BROWSE = re.compile(r"/(?:[\w.-]+/)*browse/([A-Za-z][A-Za-z0-9_]{1,30}-[1-9][0-9]{0,9})/?")
_BETWEEN = " :-\N{EN DASH}"  # a reference and a title
LONGEST_KEY, LONGEST_URL = 80, 500  # as PlanningItem holds them


@dataclass(frozen=True)
class Reference:
    """An issue elsewhere. `key` is empty where an address says none, `url` where only a key was given."""

    key: str = ""
    url: str = ""

    def __bool__(self) -> bool:
        return bool(self.key or self.url)


def split_reference(text: str) -> tuple[str, Reference]:
    """What was typed as (title, reference): "PAY-7 Refunds" is "Refunds" and PAY-7.

    Only what stands at the beginning or end is a reference; in the middle of a sentence it stays
    there, and is one, too.
    """
    text = " ".join(text.split())
    for pattern, read in ((_ADDRESS, _of_address), (_SHORT, _of_key), (_JIRA_KEY, _of_key)):
        if found := pattern.search(text):
            reference = read(found[0])
            before, after = text[: found.start()].strip(), text[found.end() :].strip()
            is_within = bool(before and after)
            kept = text if is_within or not reference else (before or after).strip(_BETWEEN)
            return kept, reference
    return text, Reference()


def reference_of(address: str) -> Reference:
    """The reference that an address is; of one that is no issue's the address alone."""
    return _of_address(address)


def _of_key(key: str) -> Reference:
    return Reference(key=key) if len(key) <= LONGEST_KEY else Reference()


def _of_address(address: str) -> Reference:
    address = address.rstrip(".,;)>")
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname)
    except ValueError:  # a bracket that is no IPv6 address
        return Reference()
    if not has_host or parts.username or len(address) > LONGEST_URL:
        return Reference()
    key = _key_in(parts)
    plain = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), fragment="")
    # Of an issue's own page the query says only how it is looked at.
    is_page = bool(key) and "selectedIssue" not in parts.query
    url = (plain._replace(query="", path=parts.path.rstrip("/")) if is_page else plain).geturl()
    return Reference(key=key if len(key) <= LONGEST_KEY else "", url=url)


def _key_in(parts: SplitResult) -> str:
    if found := _GITLAB.fullmatch(parts.path):
        mark = "!" if "/merge_requests/" in parts.path else "#"
        return f"{found[1]}{mark}{found[2]}"
    if found := _GITHUB.fullmatch(parts.path):
        return f"{found[1]}#{found[2]}"
    if found := _BROWSE.fullmatch(parts.path):
        return found[1].upper()
    chosen = parse_qs(parts.query).get("selectedIssue", [""])[0]
    return chosen if _JIRA_KEY.fullmatch(chosen) else ""
