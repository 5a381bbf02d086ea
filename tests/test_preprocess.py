"""iqa.preprocess: a network sees what a hand computation says, whichever way the photo is flipped."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from iqa.errors import ArgumentError, ManifestError
from iqa.preprocess import Full, InputSpec, Native, View, Whole, fixed_size, full_padding, to_input

PLAIN: dict[str, Any] = {"name": "x", "scale": 1.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
IMAGENET = {"scale": 255.0, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def whole(height: int, width: int, fit: str = "squash", **changes: Any) -> Whole:
    row = {"multiple": 1, "portrait": "same", "resize": "area-bilinear", "crop_fraction": 1.0}
    return Whole(**{**PLAIN, **row, "height": height, "width": width, "fit": fit, **changes})


def native(height: int, width: int, rows: int, columns: int) -> Native:
    return Native(**PLAIN, height=height, width=width, rows=rows, columns=columns)


def full(multiple: int, max_pixels: int = 10**6) -> Full:
    return Full(**PLAIN, multiple=multiple, max_pixels=max_pixels, context_px=0)


def see(image: NDArray[Any], view: View) -> NDArray[np.float32]:
    return to_input(np.asarray(image, np.uint8), InputSpec(views=(view,)))["x"]  # type: ignore[arg-type]


def grey(rows: list[list[int]]) -> NDArray[np.uint8]:
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


def photo(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_values_are_scaled_then_normalized_per_channel() -> None:
    view = whole(1, 1, **IMAGENET)
    expected = [(51 / 255 - 0.485) / 0.229, (102 / 255 - 0.456) / 0.224, (255 / 255 - 0.406) / 0.225]
    batch = see([[[51, 102, 255]]], view)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, np.reshape(expected, (1, 3, 1, 1)), rtol=0, atol=1e-6)
    other = Full(**{**PLAIN, **IMAGENET}, multiple=1, max_pixels=9, context_px=0)
    np.testing.assert_allclose(see([[[51, 102, 255]]], other), batch, rtol=0, atol=1e-6)


def test_reduction_is_the_mean_over_the_covered_area() -> None:
    image = grey([[0, 30, 60], [90, 120, 150]])
    # 3 columns to 2: each covers one and a half; 2 rows to 1
    expected = [(45 + 0.5 * 75) / 1.5, (0.5 * 75 + 105) / 1.5]
    np.testing.assert_allclose(see(image, whole(1, 2))[0, 0, 0], expected, rtol=0, atol=1e-5)


def test_bilinear_enlargement_interpolates_between_pixel_centers() -> None:
    row = see(grey([[0, 100]]), whole(1, 4))[0, 0, 0]
    np.testing.assert_allclose(row, [0, 25, 75, 100], rtol=0, atol=1e-5)


def test_bicubic_enlargement_is_that_of_keys() -> None:
    row = see(grey([[50, 50, 150, 150, 150, 150]]), whole(1, 12, resize="area-bicubic"))[0, 0, 0]
    near, far = [0.8671875, 0.2265625], [-0.0703125, -0.0234375]  # Keys 1981, a = -0.5, at 1/4, 3/4, 5/4, 7/4
    between = 50 * (near[0] + far[0]) + 150 * (near[1] + far[1])
    np.testing.assert_allclose(row[3], between, rtol=0, atol=1e-5)
    edge = see(grey([[50, 150, 150]]), whole(1, 6, resize="area-bicubic"))[0, 0, 0]  # as if 50, 50 stood before it
    np.testing.assert_allclose(edge[0], 50 * (near[0] + near[1] + far[1]) + 150 * far[0], rtol=0, atol=1e-5)
    assert see(grey([[0, 0, 255, 255]]), whole(1, 8, resize="area-bicubic")).max() == 255  # overshoot is clipped


def test_one_side_may_shrink_while_the_other_grows() -> None:
    batch = see(grey([[0, 100], [50, 150]]), whole(1, 4))
    np.testing.assert_allclose(batch[0, 0], [[25, 50, 100, 125]], rtol=0, atol=1e-5)


@pytest.mark.parametrize("fit", ["squash", "crop"])
@pytest.mark.parametrize("size", [(2000, 3), (1001, 2000), (5, 7)])
def test_a_flat_photo_stays_exactly_flat(size: tuple[int, int], fit: str) -> None:
    batch = see(np.full((*size, 3), 77), whole(1000, 1999, fit))
    assert batch.min() == batch.max() == 77


def test_crop_keeps_the_center_at_the_wanted_aspect() -> None:
    image = grey([[9, 1, 2, 9], [9, 3, 4, 9]])
    np.testing.assert_array_equal(see(image, whole(2, 2, "crop"))[0, 0], [[1, 2], [3, 4]])


def test_crop_fraction_keeps_the_central_part() -> None:
    image = np.pad(photo(4, 6), ((2, 2), (3, 3), (0, 0)))
    np.testing.assert_allclose(
        see(image, whole(4, 6, crop_fraction=0.5)), see(image[2:-2, 3:-3], whole(4, 6)), atol=1e-4
    )


def test_pad_surrounds_the_frame_with_the_mean_color() -> None:
    batch = see(grey([[100, 100, 100, 100], [100, 100, 100, 100]]), whole(4, 4, "pad", mean=(40.0, 0.0, 0.0)))
    np.testing.assert_array_equal(batch[0, 0], [[0] * 4, [60] * 4, [60] * 4, [0] * 4])


def test_shrink_is_pad_for_large_photos_and_leaves_small_ones_their_pixels() -> None:
    large, small, view = photo(30, 40), photo(5, 8), whole(16, 16, "shrink")
    np.testing.assert_array_equal(see(large, view), see(large, whole(16, 16, "pad")))
    expected = np.pad(small, ((5, 6), (4, 4), (0, 0))).transpose(2, 0, 1)[None]
    np.testing.assert_allclose(see(small, view), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((300, 400), (96, 128)), ((400, 300), (128, 96)), ((10, 10_000), (32, 128)), ((50, 50), (128, 128))],
)
def test_keep_rounds_each_side_to_the_multiple(size: tuple[int, int], expected: tuple[int, int]) -> None:
    view = whole(128, 128, "keep", multiple=32)
    assert see(photo(*size), view).shape == (1, 3, *expected)
    assert fixed_size(view) == (None, None)


def test_portrait_photos_swap_the_sides_when_the_spec_says_so() -> None:
    landscape, portrait = photo(30, 50), photo(30, 50).transpose(1, 0, 2)
    for fit in ("squash", "crop", "pad"):
        view = whole(12, 16, fit, portrait="swap")
        wide, tall = see(landscape, view), see(portrait, view)
        np.testing.assert_allclose(tall, wide.transpose(0, 1, 3, 2), rtol=0, atol=1e-4)
        assert see(portrait, whole(12, 16, fit)).shape == wide.shape == (1, 3, *fixed_size(whole(12, 16, fit)))


def test_native_crops_are_untouched_pixels_in_reading_order() -> None:
    image = photo(20, 28)
    batch = see(image, native(4, 6, 2, 2))
    tops, lefts = (3, 13), (4, 18)  # centered at a quarter and three quarters: 5 - 2, 15 - 2; 7 - 3, 21 - 3
    corners = [(top, left) for top in tops for left in lefts]
    assert batch.shape == (4, 3, 4, 6)
    for crop, (top, left) in zip(batch, corners, strict=True):
        np.testing.assert_array_equal(crop, image[top : top + 4, left : left + 6].transpose(2, 0, 1))


def test_one_native_crop_is_the_center() -> None:
    image = photo(20, 28)
    np.testing.assert_array_equal(see(image, native(4, 6, 1, 1))[0], image[8:12, 11:17].transpose(2, 0, 1))


def test_an_odd_left_over_moves_the_center_by_half_a_pixel() -> None:
    image = photo(21, 28)
    np.testing.assert_array_equal(see(image, native(4, 6, 1, 1))[0], image[8:12, 11:17].transpose(2, 0, 1))


def test_crops_larger_than_their_cell_stay_inside_the_photo() -> None:
    image = photo(10, 10)
    batch = see(image, native(8, 8, 2, 2))
    np.testing.assert_array_equal(batch[0], image[:8, :8].transpose(2, 0, 1))
    np.testing.assert_array_equal(batch[3], image[2:, 2:].transpose(2, 0, 1))


def test_small_photos_are_continued_by_reflection() -> None:
    batch = see(grey([[1, 2, 3]]), native(1, 7, 1, 1))
    np.testing.assert_array_equal(batch[0, 0, 0], [3, 2, 1, 2, 3, 2, 1])
    np.testing.assert_array_equal(see(grey([[1, 2, 3, 4]]), full(6))[0, 0, 2], [2, 1, 2, 3, 4, 3])
    assert (see(np.full((1, 1, 3), 9), full(8)) == 9).all()


@given(height=st.integers(1, 40), width=st.integers(1, 40), multiple=st.integers(1, 16))
def test_full_view_holds_the_photo_where_the_padding_says(height: int, width: int, multiple: int) -> None:
    image, view = photo(height, width), full(multiple)
    batch = see(image, view)
    (top, bottom), (left, right) = full_padding(height, width, view)
    assert batch.shape == (1, 3, top + height + bottom, left + width + right)
    assert batch.shape[2] % multiple == batch.shape[3] % multiple == 0
    assert max(top, bottom, left, right) <= (multiple + 1) // 2
    np.testing.assert_array_equal(batch[0, :, top : top + height, left : left + width], image.transpose(2, 0, 1))


# --- properties -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    choices=st.fixed_dictionaries(
        {
            "fit": st.sampled_from(["squash", "crop", "pad", "shrink", "keep"]),
            "resize": st.sampled_from(["area-bilinear", "area-bicubic"]),
            "portrait": st.sampled_from(["same", "swap"]),
            "crop_fraction": st.floats(0.2, 1.0),
        }
    ),
)
def test_flipping_the_photo_flips_the_whole_frame(size, target, choices) -> None:
    view = whole(*target, **choices, **IMAGENET)
    image = photo(*size)
    batch = see(image, view)
    assume(choices["fit"] != "shrink" or np.array_equal(batch[0, 0] != 0, (batch[0, 0] != 0)[::-1, ::-1]))
    np.testing.assert_allclose(see(image[::-1], view), batch[:, :, ::-1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(see(image[:, ::-1], view), batch[..., ::-1], rtol=0, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    half=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    crop=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    grid=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_flipping_the_photo_flips_the_native_crops_and_their_grid(half, crop, grid) -> None:
    image = photo(*(2 * h + c % 2 for h, c in zip(half, crop, strict=True)))  # an even left-over
    view = native(*crop, *grid)
    batch = see(image, view).reshape(*grid, 3, *crop)
    np.testing.assert_array_equal(see(image[::-1], view).reshape(batch.shape), batch[::-1, :, :, ::-1])
    np.testing.assert_array_equal(see(image[:, ::-1], view).reshape(batch.shape), batch[:, ::-1, ..., ::-1])


@given(rows=st.integers(1, 20), columns=st.integers(1, 20))
def test_flipping_the_photo_flips_the_full_view(rows: int, columns: int) -> None:
    image = photo(2 * rows, 2 * columns)
    batch = see(image, full(8))
    np.testing.assert_array_equal(see(image[::-1, ::-1], full(8)), batch[:, :, ::-1, ::-1])


@settings(deadline=None)
@given(size=st.tuples(st.integers(1, 90), st.integers(1, 90)), target=st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_reduction_keeps_the_mean(size: tuple[int, int], target: tuple[int, int]) -> None:
    target = (min(size[0], target[0]), min(size[1], target[1]))
    image = photo(*size)
    np.testing.assert_allclose(see(image, whole(*target)).mean(axis=(2, 3))[0], image.mean(axis=(0, 1)), atol=1e-3)


def test_checkerboards_average_out_instead_of_aliasing() -> None:
    board = (np.indices((300, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    batch = see(np.repeat(board[..., None], 3, axis=2), whole(37, 53))
    assert np.abs(batch - 127.5).max() < 255 / 14  # a box of 8 x 7.5 pixels leaves at most about one of them over


def test_several_views_are_keyed_by_input_name() -> None:
    small = whole(4, 6, name="frame")
    crops = Native(**{**PLAIN, "name": "crops"}, height=5, width=5, rows=1, columns=3)
    batches = to_input(photo(20, 30), InputSpec(views=(small, crops)))
    assert {name: batch.shape for name, batch in batches.items()} == {"frame": (1, 3, 4, 6), "crops": (3, 3, 5, 5)}
    assert all(batch.dtype == np.float32 and batch.flags.c_contiguous for batch in batches.values())


# --- refusals and the record ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [photo(4, 4)[..., 0], photo(4, 4)[..., :2], photo(4, 4).astype(np.float32), photo(4, 4)[:0], photo(4, 4)[None]],
    ids=["grey", "two channels", "float", "empty", "batch"],
)
def test_anything_but_rgb_uint8_is_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ArgumentError, match=r"accepted: RGB uint8 \(H, W, 3\)"):
        to_input(image, InputSpec(views=(full(1),)))


def test_photos_over_the_limit_of_one_pass_are_refused() -> None:
    with pytest.raises(ArgumentError, match="11 x 10 is more than the 100 pixels of one pass; cut it into tiles"):
        see(photo(10, 11), full(4, max_pixels=100))


def test_a_spec_comes_back_from_its_json() -> None:
    views = (
        whole(8, 8, name="a"),
        native(4, 4, 2, 3),
        Full(**{**PLAIN, "name": "c"}, multiple=8, max_pixels=9, context_px=3),
    )
    spec = InputSpec(views=views)
    assert InputSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "tiled"}, r"input\.views\[0\]\.kind: found 'tiled', accepted: 'whole' or 'native' or 'full'"),
        ({"fit": "stretch"}, r"views\[0\]\.fit: found 'stretch', accepted: 'squash' or"),
        ({"height": 8.0}, r"height: found 8\.0, accepted: a whole number"),
        ({"height": 0}, r"height: found 0, accepted: a whole number of pixels from 1 to 4096"),
        ({"std": [1.0, 0.0, 1.0]}, r"std\[1\]: found 0\.0, accepted: a number above 0"),
        ({"mean": [0.5]}, r"mean: found \[0\.5\], accepted: a list of 3"),
        ({"crop_fraction": 1.5}, r"crop_fraction: found 1\.5"),
        ({"multiple": 3}, r"views\[0\]\.multiple: found 3, accepted a divisor"),
        ({"rows": 2}, r"rows: found 'an unknown key'"),
        ({"name": "a/b"}, r"name: found 'a/b'"),
    ],
)
def test_a_wrong_view_is_refused_with_place_found_and_accepted(change: dict[str, object], words: str) -> None:
    data = InputSpec(views=(whole(8, 8),)).to_dict()
    data["views"] = [{**data["views"][0], **change}]
    with pytest.raises(ManifestError, match=words):
        InputSpec.from_dict(data)


@pytest.mark.parametrize("views", [(), (whole(8, 8), full(4))])
def test_views_need_different_names(views: tuple[Whole | Full, ...]) -> None:
    with pytest.raises(ManifestError, match="one or more, all different"):
        InputSpec(views=views)
