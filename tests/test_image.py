"""iqa.image: every source, upright, complete, no larger than asked; and what a header tells."""

import io
from datetime import datetime
from functools import cache
from pathlib import Path

import hostile_bytes as raw
import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from iqa import image as reader
from iqa.errors import ArgumentError, ImageError
from iqa.image import Limits, info, load

LOSSLESS = {"PNG": {}, "TIFF": {}, "BMP": {}, "WEBP": {"lossless": True}}
LOSSY = {"JPEG": {"quality": 95}, "WEBP": {"quality": 95}, "AVIF": {"quality": 95}}
# The stored picture [[1, 2, 3], [4, 5, 6]] as a viewer shows it: CIPA DC-008, tag Orientation.
UPRIGHT = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}
SIDEWAYS = (5, 6, 7, 8)


def oriented(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def large(height: int, width: int) -> Image.Image:
    return Image.fromarray(raw.picture(height, width))


@cache
def large_file(kind: str, shape: tuple[int, int], orientation: int) -> bytes:
    return raw.encode(kind, large(*shape), exif=oriented(orientation))


@pytest.mark.parametrize("kind", LOSSLESS)
def test_pixels_of_lossless_files_come_back_exactly(kind: str) -> None:
    image = load(raw.encode(kind, **LOSSLESS[kind]))
    assert (image == raw.picture()).all()
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.flags.writeable


@pytest.mark.parametrize("kind", LOSSY)
def test_pixels_of_lossy_files_come_back_as_pillow_decodes_them(kind: str) -> None:
    data = raw.encode(kind, **LOSSY[kind])
    assert (load(data) == np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))).all()


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    data, path = raw.encode("PNG"), tmp_path / "photo.with.dots"
    path.write_bytes(data)
    behind = io.BytesIO(b"a letter first" + data)
    behind.seek(14)
    with path.open("rb") as file, path.open("rb", buffering=0) as unbuffered, Image.open(path) as lazy:
        sources = (str(path), path, data, bytearray(data), memoryview(data), file, unbuffered, behind, lazy)
        for source in sources:
            assert (load(source) == raw.picture()).all()
        assert not file.closed
        assert not unbuffered.closed


def test_a_pil_image_is_read_like_its_file_and_left_as_it_is() -> None:
    stored = Image.fromarray(raw.picture())
    stored.info["exif"] = oriented(6).tobytes()
    before = stored.tobytes()
    assert load(stored).shape == (64, 48, 3)
    assert load(stored, max_side=16).shape == (16, 12, 3)
    assert (stored.tobytes(), stored.size, stored.info) == (before, (64, 48), {"exif": oriented(6).tobytes()})
    assert (info(stored).format, info(stored).bytes, info(stored).width) == ("PIL", None, 48)


@pytest.mark.parametrize("value", UPRIGHT)
@pytest.mark.parametrize("kind", LOSSLESS.keys() - {"BMP"})
def test_orientation_is_applied(kind: str, value: int) -> None:
    small = np.repeat(np.array(UPRIGHT[1], np.uint8)[..., None], 3, axis=2)
    data = raw.encode(kind, Image.fromarray(small), exif=oriented(value), **LOSSLESS[kind])
    assert load(data)[..., 0].tolist() == UPRIGHT[value]
    found = info(data)
    assert (found.height, found.width) == np.shape(UPRIGHT[value])
    assert found.orientation == value


@pytest.mark.parametrize("value", range(10))
def test_orientation_agrees_with_pillow_and_ignores_unknown_values(value: int) -> None:
    for kind in ("JPEG", "AVIF"):
        data = raw.encode(kind, exif=oriented(value))
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        assert (load(data) == np.asarray(expected)).all()
        assert (info(data).width, info(data).height) == expected.size


def test_orientation_behind_the_pixels_of_a_png_counts() -> None:
    data = raw.png(9, 4, tail=raw.png_chunk(b"eXIf", oriented(6).tobytes()[6:]))
    assert load(data).shape == (9, 4, 3)
    assert (info(data).height, info(data).width, info(data).orientation) == (9, 4, 6)


@pytest.mark.parametrize("value", UPRIGHT)
def test_a_reduced_copy_is_the_same_in_every_orientation(value: int) -> None:
    upright = large(300, 410)
    undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(value, value)
    stored = Image.fromarray(load(raw.encode("PNG", upright, exif=oriented(undo))))
    turned = load(raw.encode("PNG", stored, exif=oriented(value)), max_side=133)
    assert (turned == load(upright, max_side=133)).all()


@pytest.mark.parametrize("max_side", [1, 37, 199, 200, 201, 400, 555, 799])
@pytest.mark.parametrize("shape", [(600, 800), (800, 603), (800, 40)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_longer_side_is_as_asked_and_the_mean_stays(kind: str, shape: tuple[int, int], max_side: int) -> None:
    for value in (1, 6):
        data = large_file(kind, shape, value)
        full, reduced = load(data), load(data, max_side=max_side)
        assert max(reduced.shape) == max(max_side, 3)
        assert reduced.shape[:2] == tuple(max(1, round(side * max_side / 800)) for side in full.shape[:2])
        if min(reduced.shape[:2]) > 4:
            assert abs(reduced.mean() - full.mean()) < 0.5


@pytest.mark.parametrize("max_side", [800, 801, 10**9])
def test_nothing_is_enlarged(max_side: int) -> None:
    for kind in ("JPEG", "PNG"):
        data = raw.encode(kind, large(600, 800))
        assert (load(data, max_side=max_side) == load(data)).all()


@pytest.mark.parametrize(
    ("max_side", "decoded"), [(100, 100), (101, 200), (200, 200), (399, 400), (401, 800), (99, 100)]
)
def test_a_jpeg_is_decoded_at_the_coarsest_scale_that_suffices(
    max_side: int, decoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    convert = reader.to_srgb
    monkeypatch.setattr(reader, "to_srgb", lambda image: sizes.append(max(image.size)) or convert(image))
    load(raw.encode("JPEG", large(599, 800)), max_side=max_side)
    assert sizes == [decoded]


@pytest.mark.parametrize("max_side", [0, -1, True])
def test_a_senseless_max_side_is_an_argument_error(max_side: int) -> None:
    with pytest.raises(ArgumentError, match="max_side"):
        load(raw.encode("PNG"), max_side=max_side)


@pytest.mark.parametrize("quality", range(10, 96))
def test_jpeg_quality_is_recognized_within_one(quality: int) -> None:
    assert abs(info(raw.encode("JPEG", quality=quality)).jpeg_quality - quality) <= 1


def test_info_tells_the_format_by_content_and_decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("info decoded pixels")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"):
        data = raw.encode(kind)
        found = info(data)
        assert (found.format, found.width, found.height, found.bytes) == (kind, 64, 48, len(data))
        assert (found.jpeg_quality is None) == (kind != "JPEG")
        assert found.orientation == 1
        assert found.captured is None


@pytest.mark.parametrize(
    ("moment", "fraction", "expected"),
    [
        ("2024:02:29 23:59:58", "5", datetime(2024, 2, 29, 23, 59, 58, 500_000)),
        ("2024:02:29 23:59:58", "047", datetime(2024, 2, 29, 23, 59, 58, 47_000)),
        ("2024:02:29 23:59:58", "123456789", datetime(2024, 2, 29, 23, 59, 58, 123_456)),
        ("2024:02:29 23:59:58", "  ", datetime(2024, 2, 29, 23, 59, 58)),
        ("2024:02:29 23:59:58", None, datetime(2024, 2, 29, 23, 59, 58)),
        ("0000:00:00 00:00:00", "1", None),
        ("2023:02:29 12:00:00", None, None),
        ("yesterday", None, None),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_capture_time_has_its_sub_seconds(
    kind: str, moment: str, fraction: str | None, expected: datetime | None
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = moment
    if fraction is not None:
        exif.get_ifd(0x8769)[0x9291] = fraction
    assert info(raw.encode(kind, exif=exif.tobytes())).captured == expected


def test_a_jpeg_of_several_frames_is_its_first() -> None:
    file = io.BytesIO()
    large(40, 60).save(file, "MPO", save_all=True, append_images=[large(20, 20)], quality=95)
    assert load(file.getvalue()).shape == (40, 60, 3)
    assert info(file.getvalue()).format == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_a_file_cut_anywhere_is_an_error_or_complete(kind: str) -> None:
    data = raw.encode(kind)
    whole = load(data)
    outcomes = []
    for end in [*range(0, len(data) - 40, 97), *range(len(data) - 40, len(data))]:
        try:
            outcomes.append("whole" if (load(data[:end]) == whole).all() else "damaged")
        except ImageError as error:
            outcomes.append("says how far" if f"{end:,}" in str(error) else str(error))
    assert outcomes.count("says how far") > len(outcomes) / 2
    assert set(outcomes) <= {"whole", "says how far"}


def test_a_jpeg_that_lacks_only_its_end_is_complete_and_one_byte_less_is_not() -> None:
    for data in (raw.encode("JPEG"), raw.encode("JPEG", large(603, 801)), raw.encode("JPEG", restart_marker_rows=1)):
        assert (load(data[:-2]) == load(data)).all()
        assert (load(data[:-1]) == load(data)).all()
        with pytest.raises(ImageError, match="before its picture is complete"):
            load(data[:-4])


def test_bytes_behind_a_picture_do_not_matter() -> None:
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"):
        data = raw.encode(kind)
        assert (load(data + b"\xff\xda\0\x08 garbage \xff\xd9" * 50) == load(data)).all()


def test_limits_are_checked_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(reader, "decode", refuse)
    path = tmp_path / "photo.png"
    path.write_bytes(raw.encode("PNG"))
    for limits, words in (
        (Limits(max_bytes=99), "more than 99 bytes"),
        (Limits(max_pixels=3_000), "megapixels"),
        (Limits(max_side_ratio=1.3), "too unequal"),
        (Limits(max_header_bytes=20), "metadata"),
    ):
        for opened in (lambda: path, path.read_bytes, lambda: io.BytesIO(path.read_bytes())):
            with pytest.raises(ImageError, match=words):
                load(opened(), limits=limits)
            with pytest.raises(ImageError, match=words):
                info(opened(), limits=limits)
    with pytest.raises(ImageError, match="too unequal"):
        load(Image.new("L", (65_535, 1)))


def test_a_200_megapixel_photo_and_a_long_panorama_pass_the_limits() -> None:
    phone = raw.png_header(16_320, 12_240) + bytes(3_000_000)
    assert info(phone).width * info(phone).height == 199_756_800
    panorama = raw.png_header(40_000, 1_000) + bytes(1_000_000)
    assert info(panorama).width == 40_000
