"""iqa.image.load: the colors of every pixel layout, against values computed by hand or published."""

import io
import struct

import cv2
import hostile_bytes as raw
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from iqa.image import load
from iqa.image.color import to_8_bit

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_colorants(**places: str | tuple[float, float, float]) -> bytes:
    """Pillow's sRGB profile with the colorant tags replaced: by those of another channel, or by XYZ under D50."""
    profile = bytearray(SRGB)
    rows = {SRGB[at : at + 4].decode(): at for at in range(132, 132 + 12 * struct.unpack_from(">I", SRGB, 128)[0], 12)}
    for tag, value in places.items():
        if isinstance(value, str):
            profile[rows[tag] + 4 : rows[tag] + 12] = SRGB[rows[value] + 4 : rows[value] + 12]
        else:
            start = struct.unpack_from(">I", SRGB, rows[tag] + 4)[0]
            struct.pack_into(">3i", profile, start + 8, *(round(part * 65536) for part in value))
    return bytes(profile)


SWAPPED = with_colorants(rXYZ="gXYZ", gXYZ="rXYZ")
DISPLAY_P3 = with_colorants(
    rXYZ=(0.51512, 0.24120, -0.00105), gXYZ=(0.29198, 0.69225, 0.04189), bXYZ=(0.15710, 0.06657, 0.78407)
)


def ink_profile(darkest: float) -> bytes:
    """A CMYK profile without hue, on yellow paper: L* falls in proportion to the mean ink, from 100 to `darkest`."""
    nodes = np.array([bin(node).count("1") for node in range(16)])
    lab = (
        np.stack([255 - nodes * (100 - darkest) * 255 / 400, np.full(16, 128), np.full(16, 128)], axis=-1)
        .round()
        .astype(np.uint8)
    )
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 if at in (0, 4, 8) else 0 for at in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + lab.tobytes() + ramp * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 30000)
    start = 128 + 4 + 36
    places = (b"wtpt", start, 20, b"A2B0", start + 20, len(table), b"A2B1", start + 20, len(table))
    tags = struct.pack(">I4sII4sII4sII", 3, *places)
    size = start + 20 + len(table)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"scnr", b"CMYK", b"Lab ") + bytes(12) + b"acsp"
    return head + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + tags + white + table


def color_of(image: NDArray[np.uint8]) -> list[int]:
    """The one color of a flat picture."""
    assert (image == image[0, 0]).all()
    return [int(part) for part in image[0, 0]]


def flat(mode: str, color: object, side: int = 8) -> Image.Image:
    return Image.new(mode, (side, side), color)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_profile_with_red_and_green_exchanged_exchanges_them(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = raw.encode(kind, flat("RGB", (255, 0, 0)), icc_profile=SWAPPED, **options)
    assert color_of(load(data)) == [0, 255, 0]


def test_the_display_p3_coordinates_of_srgb_red_become_srgb_red() -> None:
    # color(display-p3 0.9175 0.2003 0.1386) is sRGB red: CSS Color Module Level 4.
    data = raw.encode("PNG", flat("RGB", (234, 51, 35)), icc_profile=DISPLAY_P3)
    np.testing.assert_allclose(color_of(load(data)), (255, 0, 0), atol=2)


def test_a_profile_on_a_palette_picture_is_applied() -> None:
    palette = flat("RGB", (255, 0, 0)).quantize(4)
    assert color_of(load(raw.encode("PNG", palette, icc_profile=SWAPPED))) == [0, 255, 0]


def test_a_color_profile_on_a_grey_picture_leaves_it_grey() -> None:
    assert color_of(load(raw.encode("PNG", flat("L", 77), icc_profile=SWAPPED))) == [77, 77, 77]


def test_an_srgb_profile_changes_no_pixel() -> None:
    picture = raw.picture()
    assert (load(raw.encode("PNG", Image.fromarray(picture), icc_profile=SRGB)) == picture).all()


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        SRGB[:100],
        SRGB[:400],
        SRGB[:132] + bytes(len(SRGB) - 132),
        b"\xff" * 3000,
        SRGB.replace(b"RGB ", b"CMYK", 1),
    ],
    ids=["empty", "short", "cut", "zeroed", "noise", "of inks"],
)
def test_a_broken_profile_costs_no_pixel(profile: bytes) -> None:
    picture = raw.picture()
    assert (load(raw.encode("PNG", Image.fromarray(picture), icc_profile=profile)) == picture).all()


def test_a_profile_that_maps_all_colors_to_one_is_ignored() -> None:
    black = with_colorants(rXYZ=(0.0, 0.0, 0.0), gXYZ=(0.0, 0.0, 0.0), bXYZ=(0.0, 0.0, 0.0))
    picture = raw.picture()
    assert (load(raw.encode("PNG", Image.fromarray(picture), icc_profile=black)) == picture).all()


@pytest.mark.parametrize(
    ("darkest", "inks", "level"),
    [
        (0, (255, 0, 0, 0), 185),  # L* = 75: Y = ((75 + 16) / 116)^3 = 0.4828
        (20, (255, 255, 255, 255), 0),  # black point compensation: the darkest ink is black
        (20, (255, 255, 0, 0), 138),  # L* = 60: Y = (0.2812 - 0.0299) / (1 - 0.0299) = 0.2591; 144 without compensation
        (20, (0, 0, 0, 0), 255),  # relative to the paper, whatever its tint
    ],
)
def test_inks_follow_their_embedded_profile(darkest: float, inks: tuple[int, ...], level: int) -> None:
    data = raw.encode("TIFF", flat("CMYK", inks), icc_profile=ink_profile(darkest))
    np.testing.assert_allclose(color_of(load(data)), (level,) * 3, atol=2)


@pytest.mark.parametrize(
    ("inks", "expected"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 0, 0, 155), (100, 100, 100)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_without_profile_absorb_their_complement(
    kind: str, inks: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    options = {"quality": 100} if kind == "JPEG" else {}
    np.testing.assert_allclose(color_of(load(raw.encode(kind, flat("CMYK", inks, 32), **options))), expected, atol=1)


@pytest.mark.parametrize(
    ("color", "black", "expected"),
    [
        ((255, 0, 0), 0, (255, 0, 0)),
        ((0, 0, 255), 0, (0, 0, 255)),
        ((255, 255, 255), 155, (100, 100, 100)),
        ((255, 255, 255), 0, (255, 255, 255)),
    ],
)
def test_adobe_ycck_is_not_inverted(color: tuple[int, int, int], black: int, expected: tuple[int, int, int]) -> None:
    np.testing.assert_allclose(color_of(load(raw.ycck_jpeg(color, black))), expected, atol=2)


def test_lab_becomes_srgb() -> None:
    # Stored as L* 2.55 and a*, b* + 128. L* 50 is sRGB level 119; sRGB red is (54.29, 80.80, 69.89) under D50
    # (Lindbloom, Bradford adaptation): one stored step of a* or b* is up to three levels there.
    np.testing.assert_allclose(color_of(load(raw.encode("TIFF", flat("LAB", (128, 128, 128))))), (119,) * 3, atol=1)
    np.testing.assert_allclose(color_of(load(raw.encode("TIFF", flat("LAB", (138, 209, 198))))), (255, 0, 0), atol=6)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_grey_is_divided_by_257_and_rounded(suffix: str) -> None:
    values = np.array([[0, 128, 129, 257], [32767, 32768, 65406, 65535]], dtype=np.uint16)
    expected = [[0, 0, 1, 1], [127, 128, 254, 255]]
    assert load(cv2.imencode(suffix, values)[1].tobytes())[..., 0].tolist() == expected


def test_big_endian_16_bit_grey_equals_little_endian() -> None:
    values = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    big = Image.frombytes("I;16B", (30, 20), values.astype(">u2").tobytes())
    assert (load(raw.encode("TIFF", big)) == load(raw.encode("TIFF", Image.fromarray(values)))).all()


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_color_keeps_its_upper_byte(suffix: str) -> None:
    bgr = np.full((8, 8, 3), (0x12FF, 0x8000, 0xFE01), dtype=np.uint16)
    assert color_of(load(cv2.imencode(suffix, bgr)[1].tobytes())) == [0xFE, 0x80, 0x12]


def test_12_bit_grey_reaches_white() -> None:
    packed = bytes.fromhex("000800fff000")  # four samples: 0, 0x800, 0xfff, 0
    file = raw.grey_tiff(4, 1, bits=12, pixels=packed)
    assert load(file)[0, :, 0].tolist() == [0, 128, 255, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 0.5, 1], np.float32), [0, 128, 255]),
        (np.array([0, 100, 200], np.float32), [0, 100, 200]),
        (np.array([0, 257, 65535], np.float32), [0, 1, 255]),
        (np.array([-1, 0, 1], np.float32), [0, 128, 255]),
        (np.array([-3e38, 3e38], np.float32), [0, 255]),
        (np.array([np.nan, np.inf, -np.inf, 1], np.float32), [0, 255, 0, 255]),
        (np.array([np.nan, np.inf], np.float32), [0, 255]),
        (np.array([7e5, 7e5], np.float32), [0, 0]),
        (np.array([0, 1, 255], np.int32), [0, 1, 255]),
        (np.array([0, 257, 65535], np.int32), [0, 1, 255]),
        (np.array([-2000, 0, 2000], np.int32), [0, 128, 255]),
    ],
)
def test_other_ranges_are_scaled_by_the_stated_rule(values: NDArray[np.generic], expected: list[int]) -> None:
    assert to_8_bit(values).tolist() == expected
    tiff = raw.encode("TIFF", Image.fromarray(values.reshape(1, -1)))
    assert load(tiff)[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("RGBA", (0, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (0, 100, 200, 51), (204, 224, 244)),  # (0, 100, 200) * 0.2 + 255 * 0.8
        ("LA", (100, 128), (177, 177, 177)),  # 100 * 128 / 255 + 127 = 177.2
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_alpha_stands_over_white(kind: str, mode: str, color: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert color_of(load(raw.encode(kind, flat(mode, color)))) == list(expected)


def test_transparent_palette_entries_stand_over_white() -> None:
    indices = flat("P", 0, 3)
    indices.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200])
    indices.putdata([0, 1, 2] * 3)
    data = raw.encode("PNG", indices, transparency=bytes((0, 51, 255)))
    assert load(data)[0].tolist() == [[255, 255, 255], [204, 244, 204], [0, 0, 200]]
    gif = raw.encode("GIF", indices, transparency=2)
    assert load(gif)[0].tolist() == [[200, 0, 0], [0, 200, 0], [255, 255, 255]]


def test_one_transparent_color_stands_over_white() -> None:
    grey = Image.fromarray(np.array([[7, 8]], np.uint8))
    assert load(raw.encode("PNG", grey, transparency=7))[0, :, 0].tolist() == [255, 8]
    deep = Image.fromarray(np.array([[700, 65535, 0]], np.uint16))
    assert load(raw.encode("PNG", deep, transparency=700))[0, :, 0].tolist() == [255, 255, 0]
    color = Image.fromarray(np.array([[[1, 2, 3], [1, 2, 4]]], np.uint8))
    assert load(raw.encode("PNG", color, transparency=(1, 2, 3)))[0].tolist() == [[255, 255, 255], [1, 2, 4]]


def test_premultiplied_alpha_is_undone_before_it_stands_over_white() -> None:
    image = flat("RGBA", (200, 100, 0, 51)).convert("RGBa")
    np.testing.assert_allclose(color_of(load(image)), (244, 224, 204), atol=1)


def test_one_bit_is_black_and_white() -> None:
    bits = Image.fromarray(np.array([[0, 255, 255]], np.uint8)).convert("1")
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        assert load(raw.encode(kind, bits))[0].tolist() == [[0] * 3, [255] * 3, [255] * 3]


def test_a_tiff_whose_white_is_zero_is_not_a_negative() -> None:
    deep = raw.grey_tiff(2, 1, (262, 3, 1, 0), bits=16, pixels=struct.pack("<HH", 0, 65535))
    assert load(deep)[0, :, 0].tolist() == [255, 0]
    assert load(raw.grey_tiff(2, 1, (262, 3, 1, 0), pixels=b"\0\xff"))[0, :, 0].tolist() == [255, 0]


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [flat("RGB", color) for color in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        file = io.BytesIO()
        options = {"lossless": True} if kind == "WEBP" else {}
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], **options)
        np.testing.assert_allclose(color_of(load(file.getvalue())), (255, 0, 0), atol=3)
