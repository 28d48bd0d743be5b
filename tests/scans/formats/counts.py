"""Where our number of findings differs from the corpus's own, and where content tells no format."""

# File -> (our number, why). docs/formats.md shows it.
DIFFERENT_COUNTS: dict[str, tuple[int, str]] = {
    "sarif/so-kics.sarif": (
        2,
        'Counted 3: one of the results has the kind "pass": no problem (SARIF 2.1.0, 3.27.9).',
    ),
}
# File -> why its content belongs to no format, or to several.
AMBIGUOUS: dict[str, str] = {
    "trivy/dd-legacy_no_vuln.json": "`null`",
    "alertmanager-api/live-alertmanager-api-empty.json": "`[]`",
}
