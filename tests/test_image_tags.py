"""iqa.image.tags: when, and with which camera, a photo was taken."""

from datetime import timedelta

import hostile_bytes as raw
import pytest
from PIL import ExifTags, Image

from iqa.image import Capture, info


def read(base: dict[int, object], inner: dict[int, object], kind: str = "JPEG") -> Capture:
    exif = Image.Exif()
    exif.update(base)
    exif.get_ifd(ExifTags.IFD.Exif).update(inner)
    return info(raw.encode(kind, exif=exif.tobytes())).capture


TIME = {0x9003: "2024:02:29 23:59:58"}


@pytest.mark.parametrize(
    ("fraction", "step"), [(None, 1.0), ("", 1.0), ("  ", 1.0), ("5", 0.1), ("05", 0.01), ("123", 0.001)]
)
def test_the_step_of_the_clock_follows_from_its_digits(fraction: str | None, step: float) -> None:
    found = read({}, TIME if fraction is None else TIME | {0x9291: fraction})
    assert found.step_s == pytest.approx(step)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-05:30", -330),
        ("+14:00", 840),
        ("Z", 0),
        ("+00:00", 0),
        ("   :  ", None),
        ("+99:00", None),
        ("+02:75", None),
        ("2", None),
        ("", None),
    ],
)
def test_the_offset_from_utc_is_read_or_unknown(text: str, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert read({}, TIME | {0x9011: text}).utc_offset == expected


def test_the_offset_of_the_exposure_counts_before_that_of_the_file() -> None:
    assert read({}, TIME | {0x9010: "+01:00"}).utc_offset == timedelta(hours=1)
    assert read({}, TIME | {0x9010: "+01:00", 0x9011: "+02:00"}).utc_offset == timedelta(hours=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_camera_is_known_with_and_without_a_time(kind: str) -> None:
    names = {0x010F: "Maker\0", 0x0110: " One "}
    assert read(names, {0xA431: "1001"}, kind).camera == ("Maker", "One", "1001")
    assert read(names, TIME, kind).camera == ("Maker", "One", "")
    assert read(names, {}, kind).local is None


def test_nothing_is_known_of_a_photo_without_exif() -> None:
    assert info(raw.encode("JPEG")).capture == Capture()
