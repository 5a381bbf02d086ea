"""Masks of subjects: cut where the activation points, kept only of things in focus before things in focus."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
from PIL import Image

from iqa.damage import Picture
from iqa.errors import ArgumentError, IQAError, OutputExistsError
from training import masked, nets, subjects
from training.subjects import Activation, Cut, Facts

SHAPE = (300, 420)


def disc(radius: float, center: tuple[int, int] = (150, 210)) -> Cut:
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.asarray(np.hypot(y - center[0], x - center[1]) <= radius, dtype=np.uint8)


def grain(rng: np.random.Generator, low: int, high: int) -> Picture:
    """Texture with edges one pixel wide and up, of blocks of 6 px."""
    coarse = rng.integers(low, high, (SHAPE[0] // 6, SHAPE[1] // 6, 1), dtype=np.uint8)
    return np.repeat(np.kron(coarse[..., 0], np.ones((6, 6), np.uint8))[..., None], 3, axis=2)


def scene(*, behind: float = 0.0, front: float = 0.0) -> Picture:
    """A red disc before a greenish background, both textured; blurred by so many px."""
    rng = np.random.default_rng(0)
    back, thing = grain(rng, 60, 160), grain(rng, 90, 220)
    back[..., 0] //= 3
    thing[..., 1:] //= 4
    if behind:
        back = np.asarray(cv2.GaussianBlur(back, (0, 0), behind), dtype=np.uint8)
    if front:
        thing = np.asarray(cv2.GaussianBlur(thing, (0, 0), front), dtype=np.uint8)
    return np.where(disc(80)[..., None] > 0, thing, back).astype(np.uint8)


def pointing(_: Picture) -> Activation:
    """As a network sees it: blunt, and smaller than the thing."""
    return np.asarray(np.clip(1.4 * cv2.GaussianBlur(disc(60).astype(np.float32), (0, 0), 25), 0, 1), np.float32)


def test_the_thing_is_cut_along_its_edges() -> None:
    found, wanted = subjects.cut(scene(), pointing(scene())), disc(80)
    assert (found & wanted).sum() / (found | wanted).sum() > 0.9
    assert np.array_equal(found, subjects.cut(scene(), pointing(scene())))


@pytest.mark.parametrize(
    ("image", "taken"),
    [
        (scene(), True),
        (scene(behind=5.0), False),
        (scene(front=5.0), False),
        (np.where(disc(80)[..., None] > 0, scene(), 128).astype(np.uint8), False),
    ],
    ids=["both in focus", "soft background", "soft subject", "plain background"],
)
def test_a_mask_is_kept_where_subject_and_background_are_in_focus(image: Picture, taken: bool) -> None:
    assert subjects.facts(image, pointing(image), disc(80)).accepted == taken


def test_a_cut_that_is_no_subject_is_refused() -> None:
    image = scene()
    for wrong in (disc(10), disc(500), disc(0) * 0, disc(80, (10, 210)), disc(80, (150, 60))):
        assert not subjects.facts(image, pointing(image), wrong).accepted
    assert Facts(0.2, 0.0, 0.5, 2.0, 0.8, 0.8, 0.9).accepted


def test_the_activation_has_the_size_of_the_photo_and_its_range() -> None:
    net = timm.create_model("mobilenetv2_100", pretrained=False, num_classes=7).eval()
    seen = subjects.activation(net, scene(), nets.PIXELS["symmetric"])
    assert seen.shape == SHAPE
    assert (seen.dtype, float(seen.min()), float(seen.max())) == (np.float32, 0.0, 1.0)


def test_what_is_written_can_be_read_as_photos_with_masks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    Image.fromarray(scene()).save(tmp_path / "in" / "a" / "one.png")
    Image.fromarray(scene(behind=5.0)).save(tmp_path / "in" / "bokeh.png")
    Image.fromarray(scene()[:100, :100]).save(tmp_path / "in" / "small.png")
    Image.fromarray(scene()).save(tmp_path / "in" / "other_mask.png")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"no photo")
    assert subjects.written(tmp_path / "in", tmp_path / "out", pointing) == (1, 4)
    table = masked.read(tmp_path / "out")
    assert list(table["name"]) == ["a-one-png.webp"]
    assert "broken.jpg" in capsys.readouterr().err
    assert np.asarray(Image.open(table["mask"][0])).shape == SHAPE
    with pytest.raises(OutputExistsError):
        subjects.written(tmp_path / "in", tmp_path / "out", pointing)
    Image.fromarray(scene()).save(tmp_path / "in" / "a-one.png")
    with pytest.raises(IQAError, match="like another photo"):
        subjects.written(tmp_path / "in", tmp_path / "out1", pointing)
    with pytest.raises(IQAError, match="holds no photo"):
        subjects.written(tmp_path / "out2", tmp_path / "out3", pointing)


def test_weights_of_another_network_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import save_file

    net = timm.create_model("mobilenetv2_100", pretrained=False, num_classes=5)
    save_file(net.state_dict(), tmp_path / "good.safetensors")
    assert subjects.looker(tmp_path / "good.safetensors")(scene()).shape == SHAPE
    save_file({"x": next(net.parameters()).detach()}, tmp_path / "bad.safetensors")
    with pytest.raises(ArgumentError, match="not of this network"):
        subjects.looker(tmp_path / "bad.safetensors")
    missing = ["none", "--weights", str(tmp_path / "no.safetensors"), "--out", str(tmp_path / "out")]
    assert subjects.main(missing) == 1
    assert "cannot be read" in capsys.readouterr().err
