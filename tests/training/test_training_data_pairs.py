"""Pairs of photos: patches within a frame."""

from pathlib import Path

import numpy as np

from iqa.image import load
from training.data import Paired


def test_a_pair_is_seen_in_a_frame_that_holds_its_patch_and_only_its_source_is_changed(photos: Path) -> None:
    paths = sorted(photos.glob("*.png"))[:2]
    pairs = Paired(paths, paths, list("ab"), (20, 30), "restored", share=0.6, augment=lambda image, _: image // 2)
    whole = load(paths[0])
    assert np.array_equal(pairs.sample(0, None).frame, whole)
    shapes = set()
    for seed in range(12):
        sample = pairs.sample(0, np.random.default_rng(seed))
        assert sample.frame is not None
        shapes.add(sample.frame.shape[:2])
        assert all(0.6 * side - 1 <= part <= side for part, side in zip(sample.frame.shape, whole.shape, strict=True))
        windows = np.lib.stride_tricks.sliding_window_view(sample.frame, sample.image.shape)[..., 0, :, :, :]
        assert (windows == sample.image).all((-1, -2, -3)).any()
        wanted = np.rint(sample.target["restored"] * 255).astype(np.uint8).transpose(1, 2, 0)
        assert np.array_equal(wanted // 2, sample.image)
    assert len(shapes) > 6
