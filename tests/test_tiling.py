"""iqa.tiling: tiles cover a photo once, are told the whole frame, and agree with one pass."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper

from iqa import tiling
from iqa.model import Model, load_model
from iqa.preprocess import Full
from tests import toy_models as toys

Pixels = NDArray[np.uint8]
SIDES = st.integers(1, 40)


def view(max_pixels: int, context_px: int = 5) -> Full:
    return dataclasses.replace(toys.FULL, max_pixels=max_pixels, context_px=context_px)


@given(SIDES, SIDES, st.integers(900, 6000), st.integers(0, 7))
def test_the_kept_parts_cover_a_photo_once_and_are_read_with_their_context(
    rows: int, columns: int, max_pixels: int, context_px: int
) -> None:
    height, width = 4 * rows, 4 * columns
    seen = np.zeros((height, width), int)
    for tile in tiling.tiles(height, width, view(max_pixels, context_px)):
        seen[tile.kept] += 1
        for read, kept in zip(tile.read, tile.kept, strict=True):
            assert read.start % 4 == read.stop % 4 == 0
            assert kept.start - read.start == read.stop - kept.stop >= context_px
        given_px = (tile.read[0].stop - tile.read[0].start) * (tile.read[1].stop - tile.read[1].start)
        assert given_px <= max_pixels
    assert (seen == 1).all()


def spreading() -> toys.Toy:
    """Mean of 9 x 9 pixels (0 outside of what it is given), times the frame's mean: it looks 4 px far, and at all."""
    nodes = [
        helper.make_node(
            "AveragePool", ["photo"], ["near"], kernel_shape=[9, 9], pads=[4, 4, 4, 4], count_include_pad=1
        ),
        helper.make_node("ReduceMean", ["frame"], ["light"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["near", "light"], ["bright"]),
    ]
    shape = ("n", 3, "h", "w")
    declared = toys.output("bright", ("enhanced",), kind="image", direction="no direction", unit="relative intensity")
    inputs = [toys.tensor("photo", *shape), toys.frame()]
    graph = toys.network(nodes, inputs, [toys.tensor("bright", *shape)])
    return toys.Toy("toy-spreading", graph, (toys.FULL, toys.SQUASHED), (declared,), lambda image: {})


def cut(model: Model, max_pixels: int) -> Model:
    """The same model, told to take fewer pixels at once."""
    spec = model.manifest.input
    views = (view(max_pixels, 4), *spec.views[1:])
    manifest = dataclasses.replace(model.manifest, input=dataclasses.replace(spec, views=views))
    return Model(model._folder, manifest, model._session)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    toy = spreading()
    unproven = dataclasses.replace(toy, by_hand=lambda _: {"enhanced": np.zeros((4, 4, 3))})
    return load_model(toys.write_model(Path(tmp_path_factory.mktemp("models")), unproven), probe=False)


def picture(model: Model, image: Pixels) -> Pixels:
    return tiling.rendered(model, image, lambda _, answer: np.rint(answer * 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (37, 53), (53, 37), (64, 64), (9, 300), (300, 9)])
def test_tiles_agree_with_one_pass_over_the_photo_and_its_mirror_image(size: tuple[int, int], model: Model) -> None:
    image = np.random.default_rng(5).integers(0, 256, (*size, 3), dtype=np.uint8)
    whole = picture(cut(model, 10**6), image)
    assert whole.shape == image.shape
    beyond = np.pad(image.astype(float), ((4, 4), (4, 4), (0, 0)), mode="reflect")
    means = np.lib.stride_tricks.sliding_window_view(beyond, (9, 9), axis=(0, 1)).mean((3, 4))  # type: ignore[call-overload]
    expected = means * image.mean(dtype=float) / 255
    assert np.abs(whole - expected).max() <= 0.51
    assert np.array_equal(picture(cut(model, 1024), image), whole)


def test_what_finishes_a_tile_gets_the_pixels_that_the_answer_is_for(model: Model) -> None:
    image = np.random.default_rng(6).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    copy = tiling.rendered(cut(model, 1024), image, lambda pixels, answer: pixels)
    assert np.array_equal(copy, image)
    sizes = []
    tiling.rendered(
        cut(model, 1024), image, lambda pixels, answer: sizes.append((pixels.shape, answer.shape)) or pixels
    )
    assert all(a == b for a, b in sizes)
    assert len(sizes) > 4


def test_no_tile_is_lost_between_two_neighbors() -> None:
    found = list(tiling.tiles(400, 400, view(3600)))
    starts = sorted({tile.kept[0].start for tile in found})
    assert all(b > a for a, b in itertools.pairwise(starts))
