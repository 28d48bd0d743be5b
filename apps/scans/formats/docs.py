"""docs/formats.md, made of what the formats say about themselves."""

from collections.abc import Iterable, Mapping

from apps.scans.formats.types import Format

_INTRODUCTION = """\
# Report formats

This page is made from the format modules by `apps/scans/formats/docs.py`; a test says when it is stale. A report
is read by the format that the sender names with `format=`, or by the one that its content is recognised as.
Content that several formats could have written is an error that names them. How to write one more:
[add-a-format.md](add-a-format.md).

What is common to all:

- One finding is one record of the tool. A field of a wrong type is converted or left out, and a warning of the
  report says where; the report is not refused for it.
- JSON must be well-formed, and UTF-8 or, as Windows PowerShell writes it, UTF-16 with its mark; of duplicate keys
  the last one counts. XML may have a DOCTYPE, but declare no entity. A file that is cut off is refused, and says where.
- Text is plain text without NUL characters. References are http(s) links only.
- Severity is one scale: informational, low, medium, high, critical. The tool's own word is kept beside it. What a
  tool does not rate at all is medium; what it calls unknown is informational, unless a CVSS score says more.
- A CVSS vector is kept as printed if it is valid; of several, that of the highest CVSS version.
- CWE numbers, CVE / GHSA / OSV ids and package URLs are brought into one spelling.
- The tool's own record is kept with the finding. Secrets in it are masked: values of secret scanners by their
  field, credentials of well-known shape in the records of all tools.
- Tests, checks and experiments that passed are counted as outcomes of the report; they are no findings.
- 0 bytes, `null` and `[]` are read only when the sender names the format, since several tools write them.
- The scan status is *failed* where the tool says so, *unknown* where it may have failed or says nothing. Only a
  complete scan closes findings.

"""
_HEADER = ["| ours | theirs |", "| --- | --- |"]


def page(formats: Iterable[Format], counts: Mapping[str, str]) -> str:
    """The page. counts: file of the shared corpus -> why its independent count is not ours."""
    listed = list(formats)
    parts = [_INTRODUCTION, _overview(listed), *(_section(fmt) for fmt in listed)]
    if counts:
        parts.append(_counts(counts))
    return "\n".join(parts)


def _overview(formats: list[Format]) -> str:
    rows = [f"| `{fmt.slug}` | {fmt.name} | {', '.join(fmt.stages)} |" for fmt in formats]
    return "\n".join(["| format= | what | stages |", "| --- | --- | --- |", *rows, ""])


def _section(fmt: Format) -> str:
    rows = [f"| {field} | {_cell(source)} |" for field, source in fmt.mapping.items()]
    notes = [fmt.notes, ""] if fmt.notes else []
    return "\n".join(
        [f"## {fmt.name}", "", f"`format={fmt.slug}`", "", *notes, *_HEADER, *rows, ""]
    )


def _counts(counts: Mapping[str, str]) -> str:
    rows = [f"| {path} | {_cell(reason)} |" for path, reason in sorted(counts.items())]
    introduction = (
        "The findings of every file of the shared corpus were counted independently of this code. "
        "Where our number is another one, this is why:"
    )
    return "\n".join(
        [
            "## Counts that differ",
            "",
            introduction,
            "",
            "| file | why |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
