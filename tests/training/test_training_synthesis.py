"""Photos with known faults: labels say what was done, physics holds, and no class has a pipeline of its own."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from iqa import psf
from iqa.damage import DAMAGES
from iqa.degradations import NAMES
from iqa.errors import ArgumentError, IQAError
from iqa.measures import color_cast, luminance
from iqa.srgb import from_linear, to_linear
from tests.photos import photo
from training import looks, masked, synthesis
from training.data import Paired
from training.layers import layered, mirrored
from training.recipe import Settings
from training.synthesis import CAMERA, SCENES, captured, exposed, mixture, plan

PHOTO = np.ascontiguousarray(photo("astronaut")[:256, 80:400])
MASK = np.zeros(PHOTO.shape[:2], np.float32)
MASK[60:220, 90:230] = 1.0
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=25, deadline=None)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def detail(image: np.ndarray, where: np.ndarray) -> float:
    """Energy of the second differences where a mask is 1."""
    luma = luminance(image)
    second = 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    return float((second[where[1:-1, 1:-1]] ** 2).mean())


SUBJECT = np.zeros_like(MASK, bool)
SUBJECT[75:205, 105:215] = True
BEHIND = np.ones_like(MASK, bool)
BEHIND[40:240, 70:250] = False


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", range(3))
def test_a_scene_is_sharp_exactly_where_it_says(name: str, seed: int) -> None:
    scene = SCENES[name]
    picture = from_linear(exposed(PHOTO, MASK, scene, rng(seed)))
    for kind, where in ((scene.subject, SUBJECT), (scene.behind, BEHIND)):
        kept = detail(picture, where) / detail(PHOTO, where)
        assert kept < 0.8 if kind else kept == pytest.approx(1.0, abs=0.02)


def test_a_scene_of_two_layers_needs_a_mask() -> None:
    with pytest.raises(ArgumentError, match="needs a mask"):
        exposed(PHOTO, None, SCENES["bokeh"], rng())


@FEW
@given(SEEDS)
def test_a_camera_treats_every_picture_alike(seed: int) -> None:
    light = to_linear(PHOTO[::4, ::4])
    soft = psf.convolve(light, psf.disc(3.0))
    pictures = [captured(source, rng(seed)) for source in (light, soft)]
    assert pictures[0].shape == pictures[1].shape
    assert pictures[0].dtype == np.uint8
    again = captured(light, rng(seed))
    assert np.array_equal(again, pictures[0])
    brightness = [float(to_linear(picture).mean()) for picture in pictures]
    assert brightness[0] == pytest.approx(brightness[1], rel=0.1)


@FEW
@given(SEEDS)
def test_two_sharp_layers_are_the_photo_and_one_kernel_moves_no_light(seed: int) -> None:
    light = to_linear(PHOTO)
    assert layered(light, MASK, None, None) is light
    kernel = psf.shake(6.0, rng(seed))
    made = layered(light, MASK, kernel, None)
    assert np.allclose(made[BEHIND], light[BEHIND], atol=1e-5)
    assert made.min() > -1e-4
    assert made.max() < 1.1


def test_a_blurred_background_takes_no_color_from_the_subject() -> None:
    light = np.zeros((80, 80, 3), np.float32)
    light[..., 2] = 0.5
    cover = np.zeros((80, 80), np.float32)
    cover[30:50, 30:50] = 1.0
    light[cover > 0] = (0.9, 0.0, 0.0)
    bokeh = layered(light, cover, None, psf.disc(6.0))
    assert bokeh[cover == 0][:, 0].max() < 1e-4
    soft = layered(light, cover, psf.disc(6.0), None)
    assert soft[28, 40, 0] > 0.1  # light of a soft subject lies over what is behind it
    assert soft[40, 30, 2] > 0.1  # and what is behind it shows through its edge


@FEW
@given(SEEDS)
def test_a_plan_follows_the_camera_and_counts_no_severity_twice(seed: int) -> None:
    steps = plan(rng(seed))
    order = [list(CAMERA).index(step.head) for step in steps]
    assert order == sorted(set(order))
    assert len(steps) < len(synthesis.COUNTS)
    for step in steps:
        assert step.damage in CAMERA[step.head]
        assert step.damage in (*DAMAGES, "grain")
        assert synthesis.LEAST <= step.severity <= 1


def test_every_head_is_trained_and_a_fifth_of_the_photos_is_clean() -> None:
    plans = [plan(rng(seed)) for seed in range(600)]
    assert set(CAMERA) == set(NAMES)
    counts = {head: sum(step.head == head for steps in plans for step in steps) for head in CAMERA}
    assert min(counts.values()) > 0.75 * max(counts.values())
    assert {step.damage for steps in plans for step in steps} == {name for names in CAMERA.values() for name in names}
    assert sum(not steps for steps in plans) / len(plans) == pytest.approx(0.2, abs=0.05)


@FEW
@given(SEEDS)
def test_severities_say_what_was_done_and_none_leaves_the_photo_as_it_is(seed: int) -> None:
    small = np.ascontiguousarray(PHOTO[::4, ::4])
    picture, found = mixture(small, None, rng(seed), look_share=0.0)
    severities = found["severities"]
    assert picture.shape == small.shape
    assert severities.shape == (len(NAMES),)
    assert severities.dtype == np.float32
    known = np.isfinite(severities)
    assert ((severities == 0) | (severities >= synthesis.LEAST))[known].all()
    assert known[[name != "noise" for name in NAMES]].all()
    assert (found["noise_sigma"][0] > 0) == (severities[NAMES.index("noise")] != 0)
    untouched = any(np.array_equal(picture, same) for same in (small, small[:, ::-1]))
    assert untouched or severities.any()
    again, told = mixture(small, None, rng(seed), look_share=0.0)
    assert np.array_equal(again, picture)
    assert all(np.array_equal(told[name], values, equal_nan=True) for name, values in found.items())


@FEW
@given(SEEDS, st.sampled_from(sorted(looks.LOOKS)))
def test_a_look_keeps_size_and_type_and_is_seen(seed: int, name: str) -> None:
    made = looks.apply(name, PHOTO, MASK, rng(seed))
    assert made.shape == PHOTO.shape
    assert made.dtype == np.uint8
    assert not np.array_equal(made, PHOTO)
    assert np.array_equal(made, looks.apply(name, PHOTO, MASK, rng(seed)))


def test_looks_are_what_faults_are_mistaken_for_and_count_for_none() -> None:
    assert {look.mistaken_for for look in looks.LOOKS.values()} <= set(NAMES)
    assert "bokeh" not in {looks.some(None, rng(seed)) for seed in range(100)}
    assert {looks.some(MASK, rng(seed)) for seed in range(200)} == set(looks.LOOKS)
    with pytest.raises(ArgumentError, match="needs a mask"):
        looks.bokeh(PHOTO, None, rng())
    clean = [mixture(PHOTO[::4, ::4], None, rng(seed), look_share=1.0) for seed in range(60)]
    alone = [picture for picture, found in clean if not found["severities"].any()]
    small = PHOTO[::4, ::4]
    assert alone
    assert not any(np.array_equal(picture, same) for picture in alone for same in (small, small[:, ::-1]))


@pytest.mark.parametrize("seed", range(4))
def test_looks_do_what_their_names_say(seed: int) -> None:
    at_night = looks.night(PHOTO, None, rng(seed))
    assert at_night.mean() < PHOTO.mean()
    assert at_night.max() >= PHOTO.max() - 1
    assert looks.fog(PHOTO, None, rng(seed)).std() < PHOTO.std()
    assert np.ptp(looks.monochrome(PHOTO, None, rng(seed)).astype(int), axis=2).max() == 0
    gray = np.full((64, 64, 3), 128, np.uint8)
    evening = looks.sunset(gray, None, rng(seed)).astype(int)
    assert (evening[0, :, 0] - evening[0, :, 2]).min() > 10
    assert np.array_equal(evening[-1], gray[-1])
    assert color_cast(looks.film(gray, None, rng(seed))).magnitude < 3
    sharp_subject = looks.bokeh(PHOTO, MASK, rng(seed))
    assert np.abs(sharp_subject[SUBJECT].astype(int) - PHOTO[SUBJECT]).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 3)])
@pytest.mark.parametrize("name", sorted(looks.LOOKS))
def test_looks_take_the_smallest_photos(name: str, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 90, np.uint8)
    assert looks.apply(name, image, np.ones(size, np.float32), rng()).shape == image.shape


def test_photo_and_mask_are_mirrored_together() -> None:
    seen = set()
    for seed in range(12):
        image, mask = mirrored(PHOTO, MASK, rng(seed))
        turned = not np.array_equal(image, PHOTO)
        assert mask is not None
        assert np.array_equal(mask, MASK[:, ::-1] if turned else MASK)
        seen.add(turned)
    assert seen == {True, False}


def write(folder: Path, mask: np.ndarray, names: str = "abcdef") -> Path:
    folder.mkdir(exist_ok=True)
    for row, name in enumerate(names):  # no two alike: copies of a photo form one group
        Image.fromarray(PHOTO[row : row + 80, :96]).save(folder / f"{name}.png")
        Image.fromarray(mask).save(folder / f"{name}_mask.webp", lossless=True)
    return folder


def sets(folder: Path, **changes: int) -> masked.Masked:
    chosen = Settings(epochs=(1,), learning_rate=(0.1,), **changes)  # type: ignore[arg-type]
    split = masked.synthesized(masked.read(folder), chosen, told, 2)
    assert isinstance(split.train, masked.Masked)
    return split.train


def told(
    image: np.ndarray, mask: np.ndarray | None, _: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return image, {"share": np.array([-1.0 if mask is None else mask.mean()], np.float32)}


def test_a_mask_belongs_to_the_photo_of_its_name_and_is_no_photo(tmp_path: Path) -> None:
    cover = np.zeros((80, 96), np.uint8)
    cover[:40, :48] = 255
    train = sets(write(tmp_path, cover))
    assert {path.suffix for path in train.photos} == {".png"}
    assert len(train) == 2 * len(train.photos)
    assert train.sample(0, None).target["share"][0] == 0.25


def test_a_mask_of_nothing_or_of_everything_is_none(tmp_path: Path) -> None:
    for value in (0, 255):
        train = sets(write(tmp_path / str(value), np.full((80, 96), value, np.uint8)))
        assert train.sample(1, None).target["share"][0] == -1


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    train = sets(write(tmp_path, np.zeros((80, 80), np.uint8)))
    with pytest.raises(ArgumentError, match="accepted: equal"):
        train.sample(0, None)


def test_photos_without_masks_are_refused_where_masks_are_needed(tmp_path: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "a.png")
    with pytest.raises(IQAError, match="no photo with a mask"):
        masked.read(tmp_path)


def test_photos_of_one_scene_stay_together(tmp_path: Path) -> None:
    write(tmp_path, np.zeros((80, 96), np.uint8))
    rows = [f"{name}.png,{'one' if name in 'abc' else name}" for name in "abcdef"]
    (tmp_path / "labels.csv").write_text("\n".join(["image,group", *rows]) + "\n")
    assert list(masked.read(tmp_path)["group"]) == ["one"] * 3 + ["d", "e", "f"]


def test_joined_photos_keep_their_order_and_share_their_groups(tmp_path: Path) -> None:
    files = sorted(write(tmp_path, np.zeros((80, 96), np.uint8)).glob("?.png"))
    parts = [Paired(files[:2], files[:2], ["x", "y"], (8, 8), name) for name in ("one", "other")]
    both = masked.Joined(parts)
    assert len(both) == 4
    assert list(both.groups) == ["x", "y", "x", "y"]
    assert [next(iter(both.sample(n, None).target)) for n in range(4)] == ["one", "one", "other", "other"]
    with pytest.raises(IndexError):
        both.sample(4, None)
