"""Ladders: damaged copies stay with their photo, know only their order, and pull the score the right way."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from iqa.damage import Picture
from iqa.errors import IQAError
from iqa.preprocess import InputSpec
from training import batches, losses
from training.data import Labelled
from training.devices import Team
from training.fit import Run
from training.ladders import DAMAGES, LADDER, LARGEST, LEAST_STEP, SEVERITY, Laddered, _finer
from training.recipe import Settings
from training.recipes import frame_scorer
from training.recipes.rating import RECIPE


@pytest.fixture
def laddered(photos: Path) -> Laddered:
    """Four rated photos; the third is bad."""
    paths = sorted(photos.glob("*.png"))[:4]
    ratings = np.array([[0.9], [0.8], [0.2], [0.7]], np.float32)
    return Laddered(Labelled(paths, list("abcd"), {"quality": ratings}), [True, True, False, True], 1.0, 2, DAMAGES)


def spec() -> InputSpec:
    """What the quality network sees, small."""
    settings: Settings = replace(RECIPE.defaults, size=64)
    return RECIPE.inputs(settings)


def test_sound_photos_bring_ever_more_damaged_copies_of_unknown_rating(laddered: Laddered) -> None:
    grown, worst = [], []
    for seed in range(20):
        first = laddered.sample(0, np.random.default_rng(seed))
        assert first.target["quality"] == np.float32(0.9)
        assert all(np.isnan(copy.target["quality"]).all() for copy in first.also)
        ladder = [each for each in (first, *first.also) if each.target[LADDER][0] == 0]
        assert len(ladder) == 3
        assert [each is first for each in ladder] == [len(first.also) == 2, False, False]
        severities = [each.target[SEVERITY][0] for each in ladder]
        assert severities[0] == 0
        assert min(np.diff(severities)) >= LEAST_STEP - 1e-6
        assert severities[-1] <= 1
        away = [np.abs(ladder[0].image.astype(float) - copy.image).mean() for copy in ladder[1:]]
        grown.append(away[1] - away[0])
        worst.append(severities[-1])
    assert 0.1 < np.mean([severity == 1 for severity in worst]) < 0.6
    assert min(grown) >= 0
    assert np.mean(np.array(grown) > 0) > 0.8  # a smear below a pixel changes nothing on photos of 96 px


def test_every_other_ladder_has_colors_as_fine_as_its_light(laddered: Laddered, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (600, 900, 3), dtype=np.uint8)).save(tmp_path / "large.png")
    one = Labelled([tmp_path / "large.png"], ["a"], {"quality": np.array([[0.9]], np.float32)})
    laddered = replace(laddered, photos=one, sound=[True], chances={"noise": 1.0})
    sides = []
    for seed in range(12):
        first = laddered.sample(0, np.random.default_rng(seed))
        shapes = {each.image.shape for each in (first, *first.also) if each.target[LADDER][0] == 0}
        assert len(shapes) == 1, "all of a ladder alike"
        sides.append(max(*shapes.pop()[:2]))
    kept = [side == LARGEST for side in sides]
    assert 0.2 < np.mean(kept) < 0.8
    assert all(0.4 * LARGEST - 1 <= side <= 0.5 * LARGEST + 1 for side in sides if side != LARGEST)


def test_a_reduced_photo_has_fine_colors() -> None:
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.normal(0, 60, (350, 350, 3)).astype(np.float32), (0, 0), 2.0)  # fine color, reduced
    coarse = (128 + smooth - smooth.mean(2, keepdims=True)).repeat(2, 0).repeat(2, 1)
    photo = (coarse + rng.normal(0, 20, (700, 700, 1))).clip(0, 255).astype(np.uint8)

    def fineness(image: Picture) -> float:
        """Share of the color that is not in blocks of 2 x 2 px."""
        color = np.diff(image.astype(float), axis=2)[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        blocks = color.reshape(color.shape[0] // 2, 2, color.shape[1] // 2, 2, 2)
        return float((blocks - blocks.mean((1, 3), keepdims=True)).std() / color.std())

    made = [_finer(photo, np.random.default_rng(seed)) for seed in range(8)]
    whole = [fineness(image) for image in made if len(image) > 500]
    less = [fineness(image) for image in made if len(image) <= 500]
    assert whole
    assert less
    assert min(less) > 2 * max(whole)


def test_bad_photos_and_validation_bring_none(laddered: Laddered) -> None:
    for sample in (laddered.sample(2, np.random.default_rng(0)), laddered.sample(0, None)):
        assert not sample.also
        assert sample.target[LADDER] == -1
    assert not replace(laddered, share=0.0).sample(0, np.random.default_rng(0)).also


def test_copies_stand_in_the_batch_of_their_photo(laddered: Laddered) -> None:
    rows = batches.Rows(laddered, spec(), 0)
    batch = batches.collate([rows[(1, 0)], rows[(1, 2)]])
    assert isinstance(batch, batches.Batch)
    apart = len(batch.index) - 4  # 1 when the copies are those of a reduced photo, which then stands behind its own
    assert batch.index.tolist() == [0] * (3 + apart) + [2]
    assert batch.views[0].shape == (4 + apart, 3, 64, 64)
    assert batch.target[LADDER].flatten().tolist() == [-1] * apart + [0, 0, 0, -1]


def test_the_order_of_a_ladder_costs_nothing_once_it_stands_a_margin_apart() -> None:
    ladder = torch.tensor([[3.0], [3.0], [3.0], [-1.0], [5.0]])
    severity = torch.tensor([[0.0], [0.4], [1.0], [0.0], [0.9]])
    score = torch.tensor([[2.0], [1.2], [0.0], [-9.0], [9.0]])
    assert losses.ladder_rank(score, severity, ladder, 2.0).item() == pytest.approx(0.0, abs=1e-6)
    tied = losses.ladder_rank(torch.zeros(5, 1), severity, ladder, 2.0).item()
    assert tied == pytest.approx(2.0 * (0.4 + 1.0 + 0.6) / 3, abs=1e-6)
    assert losses.ladder_rank(-score, severity, ladder, 2.0).item() > tied


def test_what_is_undamaged_keeps_its_score_and_the_others_give_way() -> None:
    score = torch.tensor([[0.0], [0.5], [-2.0]], requires_grad=True)  # the second is above the first
    losses.ladder_rank(score, torch.tensor([[0.0], [0.5], [1.0]]), torch.full((3, 1), 7.0), 1.5).backward()
    assert score.grad is not None
    assert score.grad[0] == 0
    assert score.grad[1] > 0
    assert score.grad[2] == 0, "far enough below both"
    score.grad = None
    ladder = torch.full((3, 1), 7.0)
    losses.ladder_rank(score, torch.tensor([[0.0], [0.5], [1.0]]), ladder, 1.5, keep_best=False).backward()
    assert score.grad[0] == -score.grad[1] < 0


def test_a_batch_of_copies_alone_has_a_loss_and_a_gradient() -> None:
    torch.manual_seed(0)
    raw = {"quality": torch.randn(4, 1, requires_grad=True), "range": torch.randn(4, 2, requires_grad=True)}
    place = {LADDER: torch.full((4, 1), 7.0), SEVERITY: torch.linspace(0.2, 1, 4)[:, None]}
    loss = RECIPE.loss(raw, {"quality": torch.full((4, 1), torch.nan), **place})  # type: ignore[arg-type]
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(x.grad).all() for x in raw.values() if x.grad is not None)
    assert raw["quality"].grad.abs().sum() > 0  # type: ignore[union-attr]


def test_no_ladder_costs_nothing() -> None:
    none = torch.full((3, 1), -1.0)
    assert losses.ladder_rank(torch.randn(3, 1), torch.rand(3, 1), none, 1.0).item() == 0.0


def test_pinball_is_least_at_the_quantiles() -> None:
    ratings = torch.linspace(0, 1, 201)[:, None]
    grid = torch.linspace(0, 1, 101)
    found = [losses.pinball(torch.full((201, 1), float(q)), ratings, (0.05,)).item() for q in grid]
    assert grid[int(np.argmin(found))].item() == pytest.approx(0.05, abs=0.011)
    both = losses.pinball(torch.tensor([[0.2, 0.6]]), torch.tensor([[0.5]]), (0.05, 0.95)).item()
    assert both == pytest.approx((0.05 * 0.3 + 0.05 * 0.1) / 2, abs=1e-6)


def test_unrated_copies_leave_the_loss_of_ratings_alone(laddered: Laddered) -> None:
    raw = {"quality": torch.tensor([[1.0], [0.0], [-1.0]]), "range": torch.zeros(3, 2)}
    first = laddered.sample(0, np.random.default_rng(1))
    targets = [each.target for each in (first, *first.also)]
    together = {name: torch.from_numpy(np.stack([t[name] for t in targets])) for name in targets[0]}
    assert RECIPE.loss(raw, together).isfinite()
    calm = {**together, LADDER: torch.full((3, 1), -1.0)}
    alone = RECIPE.loss({k: v[:1] for k, v in raw.items()}, {k: v[:1] for k, v in calm.items()})
    torch.testing.assert_close(RECIPE.loss(raw, calm), alone)


def test_another_draw_shows_other_copies_in_another_order_and_keeps_the_split(rated: Path, tmp_path: Path) -> None:
    extra = {**RECIPE.defaults.extra, "ladder_share": "1.0"}
    settings = replace(RECIPE.defaults, epochs=(0, 1), batch_size=8, size=64, workers=0, weights="", extra=extra)
    runs = []
    for draw in (0, 0, 1):
        drawn = replace(settings, draw=draw)
        runs.append(Run(RECIPE, drawn, RECIPE.data(rated, drawn), tmp_path, Team("cpu", "float32")))
    assert len({tuple(run.split.validation.paths) for run in runs}) == 1
    orders = [[row for batch in run.train_order for row in batch] for run in runs]
    assert orders[0] == orders[1] != orders[2]
    sound = next(index for index in range(len(runs[0].split.train)) if len(runs[0].train.dataset[(1, index)]) > 1)
    copies = [np.concatenate([views["frame"] for views, *_ in run.train.dataset[(1, sound)][1:]]) for run in runs]
    assert np.array_equal(copies[0], copies[1])
    assert not np.array_equal(copies[0], copies[2])


def test_clean_photos_bring_ladders_of_their_own_but_for_those_of_a_benchmark(rated: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b", "b_mask", "c", "c_mask", "d"):
        Image.fromarray(rng.integers(40, 216, (90, 120, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    rows = ("a.png,1,train", "b.png,2,train", "b_mask.png,2,train", "c.png,3,benchmark", "d.png,3,", "c_mask.png,,")
    (tmp_path / "labels.csv").write_text("\n".join(("file,group,split", *rows, "")))
    small = replace(RECIPE.defaults, weights="")
    plain = RECIPE.data(rated, small)
    split = RECIPE.data(rated, replace(small, extra={**small.extra, "clean": str(tmp_path)}))
    clean = [path for path in split.train.paths if path.is_relative_to(tmp_path)]
    assert sorted({path.name for path in clean}) == ["a.png", "b.png"]
    assert split.validation.groups == plain.validation.groups
    assert (split.trained_on[1].photos, split.trained_on[1].split) == (2, "all but test")
    samples = [
        split.train.sample(index, np.random.default_rng(1)) for index in range(len(plain.train), len(split.train))
    ]
    ladders = [{each.target[LADDER].item() for each in (sample, *sample.also)} - {-1.0} for sample in samples]
    assert [len(numbers) for numbers in ladders] == [1, 1, 1, 1]
    assert len(set.union(*ladders)) == len(samples) == 4
    for sample in samples:
        pictures = [each for each in (sample, *sample.also) if each.target[LADDER].item() >= 0]
        assert [each.target[SEVERITY].item() > 0 for each in pictures] == [False, True, True]
        assert all(np.isnan(each.target["quality"]).all() for each in pictures)


def test_a_folder_without_clean_photos_is_named(rated: Path, tmp_path: Path) -> None:
    small = replace(RECIPE.defaults, weights="", extra={**RECIPE.defaults.extra, "clean": str(tmp_path)})
    with pytest.raises(IQAError, match=f"--extra clean={tmp_path} holds no photos"):
        RECIPE.data(rated, small)
    Image.fromarray(np.zeros((90, 120, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("file,group,split\na.png,1,benchmark\n")
    with pytest.raises(IQAError, match="all photos there are for a benchmark"):
        RECIPE.data(rated, small)


def test_copies_that_look_like_their_photo_do_not_take_its_score_along() -> None:
    """A photo shown so small that damage does not show: frame-scorer has one score for it and its copies."""
    score = torch.zeros(1, requires_grad=True)
    target = {
        "quality": torch.tensor([[0.7], [torch.nan], [torch.nan]]),
        SEVERITY: torch.tensor([[0.0], [0.5], [1.0]]),
        LADDER: torch.full((3, 1), 7.0),
    }
    optimizer = torch.optim.Adam([score], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        frame_scorer.loss({"quality": score.expand(3)[:, None], "range": torch.zeros(3, 2)}, target).backward()
        optimizer.step()
    assert score.sigmoid().item() == pytest.approx(0.7, abs=0.01)
