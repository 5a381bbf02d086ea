"""iqa.image.load on TIFF: every way of storing the pixels gives the same pixels, or a refusal that names them."""

import hostile_bytes as raw
import numpy as np
import pytest
from hostile_bytes import stored_tiff
from numpy.typing import NDArray

from iqa.errors import ImageError
from iqa.image import info, load

PICTURE = raw.picture()
ALPHA = np.linspace(0, 255, PICTURE[..., 0].size).round().astype(np.uint8).reshape(PICTURE.shape[:2])
LAYOUTS = [{}, {"rowsperstrip": 7}, {"tile": (16, 16)}]


def deep(pixels: NDArray[np.uint8], bits: int) -> NDArray[np.unsignedinteger]:
    """The same levels in 8 or 16 bits."""
    return pixels if bits == 8 else pixels.astype(np.uint16) * 257


@pytest.mark.parametrize("layout", LAYOUTS, ids=["one strip", "strips", "tiles"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_color_comes_back_exactly_however_it_is_stored(
    byteorder: str, planar: str, bits: int, compression: str | None, layout: dict[str, object]
) -> None:
    how = {"planar": planar, "byteorder": byteorder, "compression": compression, **layout}
    data = stored_tiff(deep(PICTURE, bits), **how)
    assert (load(data) == PICTURE).all()
    assert (info(data).height, info(data).width, info(data).mode) == (*PICTURE.shape[:2], "RGB")
    with pytest.raises(ImageError):
        load(data[: len(data) // 2])


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_a_fourth_channel_means_what_the_file_says(extra: str, bits: int, compression: str | None, planar: str) -> None:
    opacity = ALPHA[..., None] / 255.0
    if extra == "unassalpha":
        color, expected = PICTURE, PICTURE * opacity + 255 * (1 - opacity)
    elif extra == "assocalpha":
        color = (PICTURE * opacity).astype(np.uint8)
        expected = color + 255 * (1 - opacity)
    else:
        color, expected = PICTURE, PICTURE
    stored = deep(np.dstack([color, ALPHA]), bits)
    data = stored_tiff(stored, planar=planar, compression=compression, extrasamples=[extra])
    np.testing.assert_allclose(load(data), expected, atol=2)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bits", [8, 16])
def test_inks_absorb_their_complement_however_they_are_stored(bits: int, compression: str | None, planar: str) -> None:
    inks = np.dstack([PICTURE, ALPHA])
    expected = (255.0 - PICTURE) * (255.0 - ALPHA[..., None]) / 255.0
    data = stored_tiff(deep(inks, bits), planar=planar, compression=compression, photometric="separated")
    np.testing.assert_allclose(load(data), expected, atol=1)


@pytest.mark.parametrize("tail", [b"", bytes(20_000)], ids=["exact", "with a tail"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_luminance_and_color_differences_become_rgb(compression: str | None, tail: bytes) -> None:
    # ITU-R BT.601, full range: Y 150, Cb 100, Cr 180 is R = 150 + 1.402 * 52, G = 150 + .344 * 28 - .714 * 52, ...
    flat = np.full((40, 60, 3), (150, 100, 180), np.uint8)
    data = stored_tiff(flat, photometric="ycbcr", subsampling=(1, 1), compression=compression, rowsperstrip=7) + tail
    np.testing.assert_allclose(load(data), np.broadcast_to((223, 122, 100), flat.shape), atol=1)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_32_bit_grey_above_two_to_the_31_stays_in_order(compression: str | None) -> None:
    ramp = np.linspace(0, 2**32 - 1, 600).astype(np.uint32).reshape(20, 30)
    levels = load(stored_tiff(ramp, photometric="minisblack", compression=compression))[..., 0].ravel().astype(int)
    assert (levels[0], levels[-1]) == (0, 255)
    assert (np.diff(levels) >= 0).all()


@pytest.mark.parametrize(
    ("pixels", "how", "words"),
    [
        (PICTURE.astype(np.float32) / 255, {}, "3 channels of 32-bit floating-point numbers"),
        (PICTURE[..., 0].astype(np.float64) / 255, {"photometric": "minisblack"}, "1 channel of 64-bit floating-point"),
        (PICTURE[..., 0].astype(np.int8), {"photometric": "minisblack"}, "1 channel of 8-bit signed integers"),
        (PICTURE.astype(np.uint32), {}, "3 channels of 32-bit unsigned integers"),
        (deep(PICTURE, 16), {"photometric": "cielab"}, "3 channels of 16-bit unsigned integers"),
        (PICTURE, {"photometric": "cielab", "planar": "separate"}, "stored one channel after the other"),
        (PICTURE, {"photometric": "ycbcr", "planar": "separate"}, "stored one channel after the other"),
        (
            PICTURE[..., :2],
            {"photometric": "minisblack", "planar": "separate", "extrasamples": ["unassalpha"]},
            "2 channels of 8-bit unsigned integers, stored one channel after the other",
        ),
    ],
    ids=["float", "double", "signed", "32 bit", "deep lab", "split lab", "split ycbcr", "split grey and alpha"],
)
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_other_pixels_are_refused_by_name(
    byteorder: str, compression: str | None, pixels: NDArray[np.generic], how: dict[str, object], words: str
) -> None:
    data = stored_tiff(pixels, byteorder=byteorder, compression=compression, **how)
    for call in (load, info):
        with pytest.raises(ImageError) as caught:
            call(data)
        assert words in caught.value.found
        assert "not supported" in caught.value.found
        assert "bits per channel" in caught.value.accepted
        assert "16 bits per channel" in caught.value.action
