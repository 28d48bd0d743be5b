"""What Backstage's catalog-info.yaml says of systems and what they are made of. Reading only.

Source: Backstage, "Descriptor Format of Catalog Entities".
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import yaml

from apps.common.errors import Invalid

LARGEST = 200_000  # characters; the safe loader takes about a second for them
MOST = 500  # entities of one file
DEEPEST = 50  # levels
_NOT_SLUG = re.compile(r"[^a-z0-9_-]+")
_LOCATION = "backstage.io/source-location"


@dataclass(frozen=True)
class Entity:
    """A System, Component or Resource. `system` and `owner` are keys, empty where none is named."""

    is_system: bool
    key: str
    name: str
    kind: str
    description: str
    system: str
    owner: str
    repository: str


@dataclass(frozen=True)
class Catalogue:
    """`left_out`: a sentence for each entity that is none of ours."""

    entities: tuple[Entity, ...]
    left_out: tuple[str, ...]


def read_catalogue(text: str) -> Catalogue:
    """Understand a file of one or more YAML documents. Raises: Invalid, saying what and where."""
    entities, left_out = list[Entity](), list[str]()
    for number, each in enumerate(_documents(text), 1):
        kind = str(each.get("kind", ""))[:40]
        if not _is_backstage(each):
            raise Invalid({"text": f"Document {number} is no entity of backstage.io."})
        if kind in {"System", "Component", "Resource"}:
            entities.append(_entity(each, kind, number))
        else:
            left_out.append(f"{kind or 'An entity without a kind'} in document {number}.")
    return Catalogue(
        tuple({(e.is_system, e.system, e.key): e for e in entities}.values()), tuple(left_out)
    )


def key_of(reference: Any) -> str:
    """The key that a reference such as `group:default/Payments.Team` stands for; empty for none."""
    if not isinstance(reference, str):
        return ""
    name = reference.rpartition(":")[2].rpartition("/")[2]
    return _NOT_SLUG.sub("-", name.lower()).strip("-")[:60]


def _check(text: str) -> None:
    """SECURITY: aliases let a small file stand for a huge one, and the loader's time grows with the
    square of the depth; a catalogue needs neither. Raises: Invalid, and yaml's errors."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid({"text": "Aliases are not read here."})
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Invalid({"text": f"It is nested more than {DEEPEST} levels deep."})


def _documents(text: str) -> list[dict[str, Any]]:
    if len(text) > LARGEST:
        raise Invalid({"text": f"At most {LARGEST:,} characters."})
    try:
        _check(text)
        found = [each for each in yaml.safe_load_all(text) if each is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise Invalid({"text": f"This is not readable YAML{where}."}) from error
    if not found or not all(isinstance(each, dict) for each in found):
        raise Invalid({"text": "Give the entities of a catalog-info.yaml."})
    if len(found) > MOST:
        raise Invalid({"text": f"At most {MOST} entities at once."})
    return found


def _is_backstage(entity: dict[str, Any]) -> bool:
    return str(entity.get("apiVersion", "")).startswith("backstage.io/")


def _entity(entity: dict[str, Any], kind: str, number: int) -> Entity:
    about, spec = _part(entity, "metadata"), _part(entity, "spec")
    key = key_of(about.get("name"))
    if not key:
        raise Invalid({"text": f"Document {number} has no metadata.name."})
    return Entity(
        is_system=kind == "System",
        key=key,
        name=_words(about.get("title"), 120) or _words(about.get("name"), 120),
        kind=_words(spec.get("type"), 40) or kind.lower(),
        description=_words(about.get("description"), 2000),
        system=key_of(spec.get("system")),
        owner=key_of(spec.get("owner")),
        repository=_address(_part(about, "annotations").get(_LOCATION)),
    )


def _part(entity: dict[str, Any], name: str) -> dict[str, Any]:
    part = entity.get(name)
    return part if isinstance(part, dict) else {}


def _words(value: Any, most: int) -> str:
    """One line that PostgreSQL can hold."""
    return " ".join(value.replace("\x00", "").split())[:most] if isinstance(value, str) else ""


def _address(location: Any) -> str:
    """The address behind `url:`, if it is one that a page may link to."""
    address = _words(location, 301).removeprefix("url:").rstrip("/")
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (
        address
        if parts.scheme in {"http", "https"} and parts.hostname and len(address) <= 300
        else ""
    )
