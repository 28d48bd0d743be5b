"""What a SARIF run says once for all its results: rules, places, taxonomies, how the tool ran."""

import functools
import re
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote

from msgspec import Raw

from apps.scans.formats import ids, scores, severity
from apps.scans.formats import sarif_model as model
from apps.scans.formats.decode import Shape, is_null, warn
from apps.scans.formats.masking import is_about_secrets, scrub
from apps.scans.formats.text import clean, first_line, links, slash_path, tags
from apps.scans.formats.types import FormatError, ScanStatus, Severity

T = TypeVar("T")
LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.NONE,
}
_SCANNERS = "gitleaks trufflehog kingfisher detect-secrets betterleaks ggshield whispers"
SECRET_TOOLS = frozenset(_SCANNERS.split())
MAX_HELP = 20_000  # characters
_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.){0,500})\]\((?:[^()\s]|\([^()]{0,100}\)){0,1000}\)")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


@dataclass(frozen=True, slots=True)
class KnownRule:
    """A rule with everything that is the same for all its results, worked out once."""

    id: str
    name: str = ""
    title: str = ""
    full: str = ""
    remediation: str = ""
    level: str = ""
    rating: Severity | None = None  # from security-severity
    rating_source: str = ""
    score: float | None = None
    cwes: tuple[int, ...] = ()
    vulnerabilities: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    messages: dict[str, model.Message] = field(default_factory=dict)
    is_secret: bool = False
    purls: tuple[str, ...] = ()
    fixed_version: str = ""


def read_part(raw: Raw, shape: Shape[T], where: str, warnings: list[str]) -> T | None:
    """A part of a run that is kept undecoded until here; None if it is missing, null or something
    else."""
    if is_null(raw):
        return None
    try:
        return shape.read(scrub(bytes(raw)), where, warnings)
    except FormatError as error:
        if error.reason != "wrong-type":
            raise
        warn(warnings, f"{where} could not be read: {error.message}")
        return None


def plain_message(text: str) -> str:
    """Message text without embedded links: "[user input](1) flows" is "user input flows"."""
    return _LINK.sub(r"\1", text) if "](" in text else text


def message_text(message: model.Message | None, *templates: dict[str, model.Message]) -> str:
    """The text of a message, its template looked up by id and its placeholders filled in (3.11)."""
    if message is None:
        return ""
    text = message.text or message.markdown
    if text is None and message.id is not None:
        found = next((known[message.id] for known in templates if message.id in known), None)
        text = (found.text or found.markdown) if found else None
    if not text:
        return ""
    if message.arguments:
        text = _filled(text, message.arguments)
    return clean(plain_message(text))


def _filled(text: str, arguments: list[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        at = int(match[1])
        return arguments[at] if at < len(arguments) else match[0]

    return _PLACEHOLDER.sub(replace, text)


def rating(properties: model.Properties | None) -> tuple[Severity | None, str, float | None]:
    """Severity, its source and the score of a `security-severity`; None where there is none."""
    value = properties.security_severity if properties else None
    if value is None or value == "":
        return None, "", None
    number = scores.score(value)
    if number is not None:
        return severity.from_score(number), str(value), number
    word = clean(str(value))
    return (severity.from_word(word), word, None) if severity.is_word(word) else (None, "", None)


class Taxonomies:
    """Which taxonomy a reference points into, so that CWE ids are told from others."""

    def __init__(self, components: list[model.ToolComponent]) -> None:
        self._components = components

    def cwes(self, references: list[model.Reference]) -> tuple[int, ...]:
        return tuple(number for reference in references for number in self._cwe(reference))

    def _cwe(self, reference: model.Reference) -> tuple[int, ...]:
        component = reference.tool_component
        taxonomy = self._taxonomy(component)
        name = (
            (component.name if component else None) or (taxonomy.name if taxonomy else None) or ""
        )
        identifier = reference.id or self._id_at(taxonomy, reference.index)
        if "cwe" in name.lower():
            return ids.cwes(identifier)
        return ids.cwes_in(identifier)

    def _taxonomy(self, component: model.Component | None) -> model.ToolComponent | None:
        index = component.index if component else None
        if index is not None and 0 <= index < len(self._components):
            return self._components[index]
        return None

    @staticmethod
    def _id_at(taxonomy: model.ToolComponent | None, index: int | None) -> str:
        taxa = (taxonomy.taxa if taxonomy else None) or []
        return (taxa[index].id or "") if index is not None and 0 <= index < len(taxa) else ""


def known_rule(rule: model.Rule, taxonomies: Taxonomies, *, secrets: bool) -> KnownRule:
    """secrets: the tool is a secret scanner, whatever its rules are called."""
    properties = rule.properties
    identifier = clean(rule.id)
    short = message_text(rule.short_description)
    full = message_text(rule.full_description)
    rated, source, number = rating(properties)
    rule_tags = (properties.tags if properties else None) or []
    weaknesses = {
        *ids.cwes_in(" ".join([*rule_tags, identifier])),
        *ids.cwes(properties.cwe if properties else None),
        *taxonomies.cwes([r.target for r in rule.relationships or [] if r.target]),
    }
    return KnownRule(
        id=identifier,
        name=first_line(rule.name),
        title=first_line(short, full, rule.name),
        full=full or short,
        remediation=message_text(rule.help)[:MAX_HELP],
        level=(rule.default_configuration and rule.default_configuration.level) or "",
        rating=rated,
        rating_source=source,
        score=number,
        cwes=tuple(sorted(weaknesses)),
        vulnerabilities=ids.vulnerabilities_in(identifier, *rule_tags[:20]),
        references=links(rule.help_uri),
        tags=tags(rule_tags[:20]),
        messages=rule.message_strings or {},
        purls=tuple(filter(None, map(ids.purl, (properties.purls if properties else None) or []))),
        fixed_version=clean(properties.fixed_version if properties else None),
        is_secret=secrets or is_about_secrets(f"{identifier} {rule.name or ''}", weaknesses),
    )


class Rules:
    """The rules of a run's driver and extensions, found as 3.52.4 and 3.27.5 to 3.27.7 say."""

    def __init__(self, tool: model.Tool, taxonomies: Taxonomies) -> None:
        driver = tool.driver or model.ToolComponent()
        name = (driver.name or "").lower()
        secrets = any(name.startswith(known) for known in SECRET_TOOLS)
        self.globals = driver.global_message_strings or {}
        self._taxonomies, self._secrets = taxonomies, secrets
        self._components = [driver, *(tool.extensions or [])]
        self._by_place: list[list[KnownRule]] = [
            [known_rule(rule, taxonomies, secrets=secrets) for rule in component.rules or []]
            for component in self._components
        ]
        self._by_id: dict[str, KnownRule] = {}
        for rules in self._by_place:
            for rule in rules:
                self._by_id.setdefault(rule.id, rule)

    def find(self, result: model.Result) -> KnownRule:
        """The result's rule; one made up from its id where the run does not describe it."""
        index, identifier, place = result.rule_index, result.rule_id, 0
        if (reference := result.rule) is not None:
            identifier = identifier or reference.id
            index = reference.index if index is None else index
            place = self._place(reference.tool_component)
        rules = self._by_place[place]
        if index is not None and 0 <= index < len(rules):
            rule = rules[index]
            if identifier is None or _names(identifier, rule.id):
                return rule
        return self._named(identifier or "")

    def _place(self, component: model.Component | None) -> int:
        """0 for the driver, n + 1 for the extension n."""
        if component is None:
            return 0
        if component.index is not None and 0 <= component.index < len(self._components) - 1:
            return component.index + 1
        names = [known.name for known in self._components]
        return names.index(component.name) if component.name in names else 0

    def _named(self, identifier: str) -> KnownRule:
        name = identifier
        while name not in self._by_id and "/" in name:  # "CA1000/1" is a case of the rule "CA1000"
            name = name.rpartition("/")[0]
        if name in self._by_id:
            return self._by_id[name]
        made = known_rule(model.Rule(id=identifier), self._taxonomies, secrets=self._secrets)
        if len(self._by_id) < 100_000:
            self._by_id[identifier] = made
        return made

    def override(self, overrides: list[model.Override]) -> dict[str, str]:
        """Levels that the user of the tool set for rules (3.20.5), by rule id."""
        found: dict[str, str] = {}
        for item in overrides:
            descriptor, configuration = item.descriptor, item.configuration
            if descriptor and configuration and configuration.level:
                rule = self.find(model.Result(rule=descriptor))
                found[rule.id] = configuration.level
        return found


def _names(identifier: str, rule: str) -> bool:
    return identifier == rule or identifier.startswith(f"{rule}/")


_ARTIFACTS = Shape(list[model.Artifact])
_BASES = Shape(dict[str, model.ArtifactLocation])


class Places:
    """Turns artifact locations into paths: by index (3.4.5) and below their base (3.14.14)."""

    def __init__(self, run: model.Run, where: str, warnings: list[str]) -> None:
        self._artifacts_raw, self._where, self._warnings = run.artifacts, where, warnings
        bases = read_part(
            run.original_uri_base_ids, _BASES, f"{where}/originalUriBaseIds", warnings
        )
        self._bases = bases or {}
        self._prefixes: dict[str, str] = {}

    @functools.cached_property
    def _artifacts(self) -> list[model.Artifact]:
        where = f"{self._where}/artifacts"
        return read_part(self._artifacts_raw, _ARTIFACTS, where, self._warnings) or []

    def path(self, location: model.ArtifactLocation) -> str:
        """Path or URL, relative to the base where that is the root of the checkout."""
        uri, base = location.uri, location.uri_base_id
        if not uri and location.index is not None and 0 <= location.index < len(self._artifacts):
            found = self._artifacts[location.index].location or model.ArtifactLocation()
            uri, base = found.uri, base or found.uri_base_id
        if not uri:
            return ""
        if base:
            prefix = self._prefixes.get(base)
            if prefix is None:
                prefix = self._prefixes[base] = self._prefix(base, 0)
            uri = prefix + uri if prefix else uri
        return slash_path(unquote(uri) if "%" in uri else uri)

    def _prefix(self, base: str, depth: int) -> str:
        """The relative part of a base that lies below another base; an absolute one adds
        nothing."""
        found = self._bases.get(base)
        if found is None or depth > 8:
            return ""
        above = self._prefix(found.uri_base_id, depth + 1) if found.uri_base_id else ""
        uri = found.uri or ""
        if not uri or "://" in uri or uri.startswith(("/", "file:")):
            return above
        return f"{above}{uri.rstrip('/')}/"


def status_of(invocations: list[model.Invocation], warnings: list[str]) -> tuple[ScanStatus, str]:
    """Whether the tool says that it failed (3.20.14), and what it says about it."""
    errors = [text for item in invocations for text in _errors(item)]
    if any(item.execution_successful is False for item in invocations):
        described = [
            item.exit_code_description for item in invocations if item.exit_code_description
        ]
        return ScanStatus.FAILED, first_line(*errors, *described, "The tool says that it failed.")
    warnings.extend(f"The tool reports: {first_line(text)}" for text in errors[:5])
    return ScanStatus.COMPLETE, ""


def _errors(invocation: model.Invocation) -> list[str]:
    notes = [
        *(invocation.tool_execution_notifications or []),
        *(invocation.tool_configuration_notifications or []),
    ]
    return [
        text for note in notes if note.level == "error" and (text := message_text(note.message))
    ]
