"""Paths, URLs and targets without what differs from build to build."""

import functools
import re
from urllib.parse import unquote, urlsplit

# Where build machines keep the checkout; what follows is the path in the repository.
_CHECKOUTS = re.compile(
    r"""^(?:[a-z]:)?/?(?:
      home/runner/_?work/[^/]+/[^/]+
    | github/workspace
    | (?:__w|_work)/[^/]+/[^/]+
    | home/(?:vsts|[^/]+/(?:_?agent|azp))/_?work/\d+/s
    | (?:[^/]+/)?(?:agent|vsts-agent|azagent)[^/]*/_work/\d+/s
    | a/\d+/s
    | builds/(?:[0-9a-z_-]{8,}/\d+/)?[^/]+/[^/]+
    | var/(?:lib/)?jenkins(?:_home)?/workspace/[^/]+(?:@\d+)?
    | home/jenkins/(?:agent/)?workspace/[^/]+(?:@\d+)?
    | (?:jenkins|workspace)/workspace/[^/]+
    | home/circleci/(?:project|repo)
    | root/project
    | drone/src
    | woodpecker/src/[^/]+/[^/]+/[^/]+
    | bitrise/src
    | opt/atlassian/pipelines/agent/build
    | codebuild/output/src\d+/src/[^/]+\.[^/]+/[^/]+/[^/]+
    | codebuild/output/src\d+/src
    | home/travis/build/[^/]+/[^/]+
    | tmp/(?:tmp|build|checkout|scan|repo)[^/]*
    | usr/src/app | zap/wrk | workspace(?:/source)? | app/src(?=/src/)
    )/""",
    re.VERBOSE | re.IGNORECASE,
)
_ROOT_NAMES = re.compile(
    r"^(?:%?SRCROOT%?|\$\{?GITHUB_WORKSPACE\}?|\$\{?CI_PROJECT_DIR\}?)/", re.IGNORECASE
)
_DRIVE = re.compile(r"^/?[a-z]:/", re.IGNORECASE)
_ID_SEGMENT = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}|(?=[^/]*\d)[A-Za-z0-9_-]{24,}",
    re.IGNORECASE,
)
_TARGET_NOTE = re.compile(r"\s+\([^()]*\)\s*$")  # "alpine:3.19 (alpine 3.19.1)"
_DIGEST = re.compile(r"@sha(?:256|512):[0-9a-f]+", re.IGNORECASE)
_TAG = re.compile(r"(?<=[^/:]):[\w][\w.-]{0,127}(?=$|/)")


@functools.lru_cache(maxsize=10_000)
def repository_path(path: str) -> str:
    """The path in the repository: no scheme, no build machine's prefix, no "." and "..", / between.

    >>> repository_path("/builds/team/shop/src/./a.py")
    'src/a.py'
    """
    text = path.replace("\\", "/")
    if "://" in text[:12] and not text.lower().startswith("file://"):
        return text
    if text[:5].lower() == "file:":
        text = unquote(text[5:]).lstrip("/")
    text = _ROOT_NAMES.sub("", _CHECKOUTS.sub("", text, count=1), count=1)
    text = _DRIVE.sub("", text, count=1)
    parts: list[str] = []
    for part in text.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return "/".join(parts)


@functools.lru_cache(maxsize=10_000)
def url_template(url: str) -> str:
    """Host and path of a URL, ids in the path replaced, without query and fragment.

    >>> url_template("https://shop.example:8443/orders/4711?page=2")
    'shop.example/orders/{}'
    """
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = parts.hostname or ""
    except ValueError:
        return url
    segments = [
        "{}" if _ID_SEGMENT.fullmatch(segment) else segment for segment in parts.path.split("/")
    ]
    return host + "/".join(segments).rstrip("/")


@functools.lru_cache(maxsize=10_000)
def target(name: str) -> str:
    """An image, lock file or project without tag, digest and the tool's note about the system
    inside.

    >>> target("registry.example:5000/shop/web:1.4.2 (debian 12.5)")
    'registry.example:5000/shop/web'
    """
    text = _DIGEST.sub("", _TARGET_NOTE.sub("", name))
    if "/" in text and not text.startswith(("/", ".")):
        first, _, rest = text.partition("/")
        return f"{first}/{_TAG.sub('', rest)}"
    return _TAG.sub("", text)


@functools.lru_cache(maxsize=10_000)
def path_of_package(path: str, purl: str) -> str:
    """Where a package lies, without its version, which many put into the names of its files.

    >>> path_of_package("/lib/Django-3.2.9.dist-info/METADATA", "pkg:pypi/django@3.2.9")
    'lib/Django-{}.dist-info/METADATA'
    """
    text, version = repository_path(path), package_version(purl)
    if len(version) < 3 or not any(mark in version for mark in ".-"):
        return text  # "1" may stand for anything
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(version)}(?![0-9A-Za-z])", "{}", text)


def package_version(purl: str) -> str:
    """The version of a package URL, decoded; empty if it has none.

    >>> package_version("pkg:deb/debian/openssl@1%3A3.0.11-1?arch=amd64")
    '1:3.0.11-1'
    """
    text = purl.partition("#")[0].partition("?")[0]
    _, _, version = text.rpartition("@")
    return "" if "/" in version or version == text else unquote(version)


@functools.lru_cache(maxsize=10_000)
def package_name(purl: str) -> str:
    """A package URL without version, qualifiers and subpath.

    >>> package_name("pkg:deb/debian/openssl@3.0.11-1?arch=amd64")
    'pkg:deb/debian/openssl'
    """
    text = purl.partition("#")[0].partition("?")[0]
    name, at, version = text.rpartition("@")
    return name if at and "/" not in version else text
