"""The parts of SARIF 2.1.0 that are read, as typed structs. Source: OASIS SARIF 2.1.0, section
3."""

import msgspec
from msgspec import Raw


class Edge(msgspec.Struct, rename="camel", gc=False):
    """Base of what comes from outside: every field may be missing or null."""


class Message(Edge):
    text: str | None = None
    markdown: str | None = None
    id: str | None = None
    arguments: list[str] | None = None


class Content(Edge):
    text: str | None = None


class Region(Edge):
    start_line: int | None = None
    start_column: int | None = None
    end_line: int | None = None
    snippet: Content | None = None


class ArtifactLocation(Edge):
    uri: str | None = None
    uri_base_id: str | None = None
    index: int | None = None


class PhysicalLocation(Edge):
    artifact_location: ArtifactLocation | None = None
    region: Region | None = None


class LogicalLocation(Edge):
    fully_qualified_name: str | None = None
    name: str | None = None
    kind: str | None = None
    index: int | None = None


class Location(Edge):
    physical_location: PhysicalLocation | None = None
    logical_locations: list[LogicalLocation] | None = None


class ThreadFlowLocation(Edge):
    location: Location | None = None


class ThreadFlow(Edge):
    locations: list[ThreadFlowLocation] | None = None


class CodeFlow(Edge):
    thread_flows: list[ThreadFlow] | None = None


class Component(Edge):
    name: str | None = None
    index: int | None = None


class Reference(Edge):
    """A reportingDescriptorReference: to a rule or to a taxon."""

    id: str | None = None
    index: int | None = None
    tool_component: Component | None = None


class Relationship(Edge):
    target: Reference | None = None


class Suppression(Edge):
    kind: str | None = None
    status: str | None = None
    justification: str | None = None


class Fix(Edge):
    description: Message | None = None


class Properties(msgspec.Struct, rename="kebab", gc=False):
    """The property bag's members that tools agree on."""

    tags: list[str] | None = None
    security_severity: str | float | None = None
    cwe: str | int | list[str] | None = None
    purls: list[str] | None = None  # of Grype and Docker Scout
    fixed_version: str | None = msgspec.field(name="fixed_version", default=None)


class Result(Edge):
    rule_id: str | None = None
    rule_index: int | None = None
    rule: Reference | None = None
    level: str | None = None
    kind: str | None = None
    message: Message | None = None
    locations: list[Location] | None = None
    fingerprints: dict[str, str] | None = None
    partial_fingerprints: dict[str, str] | None = None
    baseline_state: str | None = None
    suppressions: list[Suppression] | None = None
    code_flows: list[CodeFlow] | None = None
    taxa: list[Reference] | None = None
    fixes: list[Fix] | None = None
    hosted_viewer_uri: str | None = None
    work_item_uris: list[str] | None = None
    properties: Properties | None = None


class Fingerprints(Edge):
    """Whether a result has any, which is found out before its places are read."""

    fingerprints: dict[str, str] | None = None
    partial_fingerprints: dict[str, str] | None = None


class Marks(Edge):
    """What the check of the tool's fingerprints needs of a result, read before the results
    themselves."""

    fingerprints: dict[str, str] | None = None
    partial_fingerprints: dict[str, str] | None = None
    locations: list[Location] | None = None


class Configuration(Edge):
    level: str | None = None


class Rule(Edge):
    id: str | None = None
    name: str | None = None
    short_description: Message | None = None
    full_description: Message | None = None
    help: Message | None = None
    help_uri: str | None = None
    message_strings: dict[str, Message] | None = None
    default_configuration: Configuration | None = None
    relationships: list[Relationship] | None = None
    properties: Properties | None = None


class ToolComponent(Edge):
    name: str | None = None
    full_name: str | None = None
    version: str | None = None
    semantic_version: str | None = None
    dotted_quad_file_version: str | None = None
    rules: list[Rule] | None = None
    taxa: list[Rule] | None = None
    global_message_strings: dict[str, Message] | None = None


class Tool(Edge):
    driver: ToolComponent | None = None
    extensions: list[ToolComponent] | None = None


class Notification(Edge):
    level: str | None = None
    message: Message | None = None


class Override(Edge):
    descriptor: Reference | None = None
    configuration: Configuration | None = None


class Invocation(Edge):
    execution_successful: bool | None = None
    exit_code_description: str | None = None
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    tool_execution_notifications: list[Notification] | None = None
    tool_configuration_notifications: list[Notification] | None = None
    rule_configuration_overrides: list[Override] | None = None


class Revision(Edge):
    revision_id: str | None = None


class Artifact(Edge):
    location: ArtifactLocation | None = None


class AutomationDetails(Edge):
    id: str | None = None


class Run(Edge):
    tool: Raw = Raw()
    automation_details: Raw = Raw()
    results: list[Raw] | None = None
    invocations: Raw = Raw()
    artifacts: Raw = Raw()
    logical_locations: Raw = Raw()
    taxonomies: Raw = Raw()
    original_uri_base_ids: Raw = Raw()
    version_control_provenance: Raw = Raw()


class Log(Edge):
    version: str | None = None
    runs: list[Run] | None = None
