"""low-light: patches of photos of any size, and a network that starts as the identity and looks as far as declared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from iqa.preprocess import Full
from iqa.srgb import to_linear
from training import checkpoint, recipe
from training.recipes import low_light


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (40, 25), (63, 64), (64, 64)])
def test_a_photo_below_the_patch_is_continued_by_its_mirror_image(size: tuple[int, int]) -> None:
    image = np.random.default_rng(4).integers(0, 256, (*size, 3), dtype=np.uint8)
    dark, target, frame = low_light.made(image, np.random.default_rng(6), 64)
    assert all(64 <= side <= 96 for side in frame.shape[:2])
    clean = np.rint(target["enhanced"].transpose(1, 2, 0) * 255).astype(np.uint8)
    assert dark.shape == clean.shape == (64, 64, 3)
    turned = next(x for x in (clean, clean[:, ::-1]) if size[1] > 64 or (x[: size[0], : size[1]] == image).all())
    for side, length in enumerate(size):
        lines = np.moveaxis(turned, side, 0)
        for past in range(1, min(length, 65 - length)):
            assert np.array_equal(lines[length - 1 + past], lines[length - 1 - past])


def test_photos_below_the_patch_train_at_the_size_that_was_asked_for(photos: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(photos.glob("*.png"))[:8]):
        with Image.open(path) as image:
            image.crop((0, 0, 20 + 40 * (number % 2), 72)).save(tmp_path / path.name)
    made = recipe.get("low-light")
    split = made.data(tmp_path, replace(made.defaults, size=256, extra={**made.defaults.extra, "set": "photos"}))
    for side in (split.train, split.validation):
        for index in range(len(side)):
            sample = side.sample(index, np.random.default_rng(index))
            assert sample.image.shape == (256, 256, 3)
            assert sample.target["enhanced"].shape == (3, 256, 256)


@pytest.mark.parametrize("start", range(0, 16, 5))
def test_a_pixel_of_the_enhanced_photo_looks_no_further_than_declared(start: int) -> None:
    made = recipe.get("low-light")
    view = made.inputs(made.defaults).views[0]
    assert isinstance(view, Full)
    net = checkpoint.blank(made, made.defaults)
    torch.nn.init.normal_(net.leave.weight)  # type: ignore[union-attr, arg-type]
    at = 240 + start
    x = torch.rand(1, 3, 496, 32, requires_grad=True)
    net(x, torch.rand(1, 3, 96, 96))["enhanced"][0, :, at, 16].sum().backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    reach = max(at - int(rows.min()), int(rows.max()) - at)
    assert 0.8 * view.context_px < reach <= view.context_px


def test_an_untrained_enhancer_returns_its_input() -> None:
    made = recipe.get("low-light")
    x = torch.rand(2, 3, 32, 48)
    assert torch.equal(checkpoint.blank(made, made.defaults)(x, torch.rand(2, 3, 96, 96))["enhanced"], x)


def test_the_frame_of_the_scene_tells_the_light_to_every_pixel() -> None:
    made = recipe.get("low-light")
    net = checkpoint.blank(made, made.defaults)
    torch.nn.init.normal_(net.light.weight)  # type: ignore[union-attr, arg-type]
    x = torch.full((1, 3, 32, 32), 0.1)
    gains = [net(x, frame)["enhanced"] / x for frame in (torch.rand(1, 3, 96, 96), torch.zeros(1, 3, 96, 96))]
    for gain in gains:
        assert torch.allclose(gain, gain[..., :1, :1])
    assert (gains[0] - gains[1]).abs().max() > 0.01


def test_the_dark_side_of_a_pair_is_exposed_otherwise_half_of_the_time_and_keeps_its_scene() -> None:
    image = np.random.default_rng(4).integers(0, 60, (40, 50, 3), dtype=np.uint8)
    shown = [low_light.exposed(image, np.random.default_rng(seed)) for seed in range(60)]
    assert 15 < sum(np.array_equal(each, image) for each in shown) < 45
    for each in shown:
        stops = np.log2(to_linear(each).mean() / to_linear(image).mean())
        assert abs(stops) <= low_light.STOPS + 0.05
        assert np.corrcoef(each.ravel(), image.ravel())[0, 1] > 0.99
