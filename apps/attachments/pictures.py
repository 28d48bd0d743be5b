"""Pictures of people: read by Pillow, then drawn anew, so that nothing is kept but what can be seen.

SECURITY: only four decoders run, and only after the header has said a size that is bearable. What is
stored was written by us: no metadata, no second file behind the first, no script, no animation.
"""

import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

from apps.common.errors import Invalid

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 32_000_000  # four bytes each while it is drawn anew; a photo of a telephone fits
LONGEST_EDGE = 3840  # pixels; more is made smaller, which no page would show anyway
# What Pillow's decoders raise for bytes that are no such picture, or not all of one.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    struct.error,
    zlib.error,
)
# A few kilobytes may say that they are 32 million pixels, a few hundred megabytes while they are drawn: that
# much once in a process, not in each of its threads.
_ONE_AT_A_TIME = threading.Lock()
# Of Pillow's own, which stands before ours.
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
TOO_MANY_PIXELS = "The picture has more than 32 million pixels."
NO_PICTURE = "This is no picture that can be read whole. PNG, JPEG, WebP and GIF are taken."


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept. Sizes in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int
    was_animated: bool  # only the first frame is left then


def read_picture(source: IO[bytes]) -> Picture:
    """Check a picture by decoding all of it, and draw it anew. Raises: Invalid, for the field `file`."""
    try:
        with _ONE_AT_A_TIME, Image.open(source, formats=FORMATS) as image:
            _bearable(image)
            was_animated = bool(getattr(image, "is_animated", False))
            kind = image.format or ""
            # The largest that is wanted: a JPEG is decoded at a fraction of its size where that is enough.
            image.draft(None, (LONGEST_EDGE, LONGEST_EDGE))
            image.load()
            drawn = ImageOps.exif_transpose(image)
            drawn.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
            media_type, data = _WRITERS[kind](drawn)
    except _BOMBS as error:
        raise Invalid({"file": TOO_MANY_PIXELS}) from error
    except _BROKEN as error:
        raise Invalid({"file": NO_PICTURE}) from error
    return Picture(data, media_type, *drawn.size, was_animated)


def _bearable(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise Invalid({"file": TOO_MANY_PIXELS})


def _png(image: Image.Image) -> tuple[str, bytes]:
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return "image/png", _written(image.convert("RGBA" if has_alpha else "RGB"), "PNG")


def _jpeg(image: Image.Image) -> tuple[str, bytes]:
    return "image/jpeg", _written(image.convert("RGB"), "JPEG", quality=88, progressive=True)


def _webp(image: Image.Image) -> tuple[str, bytes]:
    plain = image if image.mode in {"RGB", "RGBA"} else image.convert("RGBA")
    return "image/webp", _written(plain, "WEBP", quality=90)


def _written(image: Image.Image, kind: str, **how: int) -> bytes:
    """SECURITY: writers take metadata over from `info` (EXIF, profiles, comments); nothing is left there."""
    image.info = {}
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


_WRITERS: dict[str, Callable[[Image.Image], tuple[str, bytes]]] = {
    "PNG": _png,
    "GIF": _png,  # a still picture, without the 256 colours
    "JPEG": _jpeg,
    "WEBP": _webp,
}
