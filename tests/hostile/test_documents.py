"""Documents made to break readers, through the whole ingestion."""

import socket
from collections.abc import Iterator

import pytest

from apps.catalog.models import System
from apps.scans.models import FindingDetail, Report
from tests.factories import make_system
from tests.hostile.bytes_in import TURNS, take_in
from tests.scans.formats.support import Sample, name_of, registry, samples
from tests.scans.reports import Weakness, sarif, weaknesses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
XML = [sample for sample in samples() if sample.is_xml]
FORMATS = sorted(registry().formats)


@pytest.fixture
def system(db: None) -> System:
    return make_system()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server of ours to which a parser that follows addresses would connect."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


# --- XML -----------------------------------------------------------------------------------------

BOMB = "".join(f'<!ENTITY l{n} "' + f"&l{n - 1};" * 10 + '">' for n in range(1, 10))


def with_doctype(sample: Sample, declarations: str, reference: str) -> bytes:
    """The sample with a DOCTYPE, and a reference in the first text or attribute that there is."""
    text = sample.data.decode()
    head, _, rest = text.partition("?>") if text.startswith("<?xml") else ("", "", text)
    first = rest.index("<") + 1
    while rest[first] in "!?":
        first = rest.index("<", first) + 1
    end = min(rest.index(mark, first) for mark in " >\n" if mark in rest[first:])
    name = rest[first:end]
    doctype = f"<!DOCTYPE {name} [{declarations}]>"
    body = rest[: first - 1] + doctype + rest[first - 1 :]
    at = body.index(">", body.index(doctype) + len(doctype)) + 1
    body = body[:at] + reference + body[at:]
    return f"{head}?>{body}".encode() if head else body.encode()


def nothing_of(secret: str) -> None:
    for detail in FindingDetail.objects.select_related("finding"):
        assert secret not in detail.raw + detail.description + detail.finding.title
    for report in Report.objects.all():
        assert secret not in f"{report.error_message} {report.warnings} {report.outcomes}"


@pytest.mark.parametrize("sample", XML, ids=name_of)
def test_files_of_the_server_do_not_come_in(sample: Sample, system: System) -> None:
    content = with_doctype(sample, '<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")
    report = take_in(system, content, format=sample.slug)
    assert report.state == "failed"
    nothing_of("root:")


@pytest.mark.parametrize("sample", XML, ids=name_of)
def test_nothing_is_fetched(sample: Sample, system: System, listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for declarations, reference in (
        (f'<!ENTITY x SYSTEM "{url}/entity">', "&x;"),
        (f'<!ENTITY % x SYSTEM "{url}/parameters"> %x;', ""),
    ):
        take_in(system, with_doctype(sample, declarations, reference), format=sample.slug)
    external = with_doctype(sample, "", "").replace(b" []>", f' SYSTEM "{url}/dtd">'.encode())
    assert url.encode() in external
    take_in(system, external, format=sample.slug)
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("sample", XML, ids=name_of)
@pytest.mark.timeout(20)
def test_entities_that_grow(sample: Sample, system: System) -> None:
    """A billion laughs, and the same in breadth."""
    laughs = with_doctype(sample, f'<!ENTITY l0 "ha">{BOMB}', "&l9;")
    assert take_in(system, laughs, format=sample.slug).state == "failed"
    broad = with_doctype(sample, f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 20_000)
    assert take_in(system, broad, format=sample.slug).state == "failed"


@pytest.mark.parametrize("sample", XML, ids=name_of)
@pytest.mark.timeout(30)
def test_xml_of_impossible_shape(sample: Sample, system: System) -> None:
    text = sample.data.decode()
    end = text.rindex("</")
    for addition in (
        "<a>" * 10_000 + "</a>" * 10_000,
        "<a " + " ".join(f'b{n}="c"' for n in range(100_000)) + "/>",
        f"<{'n' * 1_000_000}/>",
        f"<!-- {'-' * 10 + 'c' * 1_000_000} -->",
        f"<![CDATA[{'d' * 1_000_000}]]>",
    ):
        take_in(system, (text[:end] + addition + text[end:]).encode(), format=sample.slug)


# --- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1_000, 10_000, 200_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"runs":[', "]}")], ids=repr
)
@pytest.mark.timeout(30)
def test_json_that_is_nested_deeply(opening: str, closing: str, depth: int, system: System) -> None:
    deep = opening * depth + "1" + closing * depth
    inside = f'{{"version": "2.1.0", "unknown": {deep}, "runs": []}}'
    in_a_result = sarif(weaknesses(1)).replace(
        b'"ruleId"', f'"properties":{deep},"ruleId"'.encode()
    )
    for content in (deep.encode(), inside.encode(), in_a_result):
        take_in(system, content)
        take_in(system, content, format="sarif")


HARDLY = [b"null", b"true", b"0", b'""', b'"text"', b"{}", b"[]", b"[null]", b"[[]]", b"[{}]"]
HARDLY += [
    b'{"":{}}',
    b" ",
    b"\n\n",
    b"\xef\xbb\xbf",
    b"{}{}",
    b"[1,",
    b'{"a"',
    b"\\",
    b"NaN",
    b"[NaN]",
]
HARDLY += [b"-", b"<", b"<a", b"<a/>"]


@pytest.mark.parametrize("content", HARDLY, ids=repr)
def test_hardly_anything(content: bytes, system: System) -> None:
    take_in(system, content)
    turn = HARDLY.index(content)
    for slug in FORMATS if TURNS > 1 else FORMATS[turn % 8 :: 8]:
        take_in(system, content, format=slug)


def test_a_member_that_is_there_twice(system: System) -> None:
    once = sarif(weaknesses(1))
    report = take_in(system, once[:-1] + b', "runs": []}')
    assert report.state in {"processed", "failed"}


@pytest.mark.timeout(60)
def test_texts_of_megabytes(system: System) -> None:
    """Nothing is too long to be stored; what is kept is cut, and the identity is of the whole."""
    big = "x" * 5_000_000
    for weakness in (
        Weakness(code=big),
        Weakness(rule=big),
        Weakness(path=f"{big}.py"),
        Weakness(path="/".join("a" * 3 for _ in range(100_000))),
    ):
        report = take_in(system, sarif([weakness]), category=weakness.path[:20])
        assert (report.state, report.total) == ("processed", 1), report.error_message
        again = take_in(system, sarif([weakness]), category=weakness.path[:20])
        assert (again.new, again.unchanged) == (0, 1)


def test_a_tool_with_a_name_that_nobody_has(system: System) -> None:
    for name in ("", " ", "\n", "t" * 10_000, "\u202eevil", "\0", "a\0b", "'; DROP TABLE x; --"):
        take_in(system, sarif(weaknesses(1), tool=name))
