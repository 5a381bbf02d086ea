"""iqa.lowlight, the network: the default, verified, any size, continuous in strength, and a gate before it."""

import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import NAMES, photo
from skimage.metrics import peak_signal_noise_ratio as psnr

from iqa import lowlight, model, tiling
from iqa import manifest as manifests
from iqa.errors import ManifestError, ModelError
from iqa.lowlight import enhance
from iqa.model import load_model
from iqa.networks import network
from iqa.preprocess import Full
from iqa.srgb import from_linear, to_linear
from tests import toy_models as toys

Pixels = NDArray[np.uint8]
INSTALLED = model.MODELS / lowlight.DEFAULT


def darkened(image: Pixels, stops: float) -> Pixels:
    return from_linear(to_linear(image) * np.float32(2.0**-stops))


DARK = darkened(photo("coffee"), 3.5)


def apart(a: Pixels, b: Pixels) -> NDArray[np.int16]:
    return np.abs(a.astype(np.int16) - b)


def test_the_network_answers_unless_another_is_named() -> None:
    manifest = manifests.read(INSTALLED)
    found = enhance(DARK)
    assert found.model.as_dict() == {"name": "low-light", "version": manifest.version, "sha256": manifest.sha256}
    assert found.model == lowlight.estimator()
    assert enhance(DARK, model="classical").model == lowlight.estimator("classical") == lowlight.CLASSICAL


def test_the_file_is_small_and_says_what_it_learned_from() -> None:
    manifest = manifests.read(INSTALLED)
    assert manifest.size_bytes < 5e6
    assert manifest.task == "lowlight"
    assert sum(row.photos for row in manifest.trained_on) > 500


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stops", [3.0, 4.0])
def test_a_darkened_photo_comes_back_closer_to_the_original(name: str, stops: float) -> None:
    image = photo(name)
    dark = darkened(image, stops)
    assert psnr(image, enhance(dark, force=True).image) > psnr(image, dark) + 1.0


@pytest.mark.parametrize("force", [True, False])
def test_strength_zero_gives_the_input_itself(force: bool) -> None:
    assert enhance(DARK, strength=0.0, force=force).image is DARK


def test_the_result_is_continuous_in_strength_and_brightens() -> None:
    steps = [enhance(DARK, strength=s) for s in np.linspace(0, 1, 11)]
    means = [step.mean_luminance_after for step in steps]
    assert all(a < b for a, b in pairwise(means))
    assert apart(enhance(DARK, strength=1e-3).image, DARK).max() <= 1
    assert apart(enhance(DARK, strength=0.999).image, steps[-1].image).max() <= 1


def test_the_gate_stands_before_the_network() -> None:
    lit = photo("coffee")
    found = enhance(lit)
    assert found.image is lit
    assert not found.applied
    assert "does not need it" in found.need.reason
    assert found.model == lowlight.estimator()
    assert enhance(lit, force=True).applied


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "motorcycle", "camera"])
def test_forced_on_a_lit_photo_it_barely_changes(name: str) -> None:
    lit = photo(name)
    assert apart(enhance(lit, force=True).image, lit).mean() / 255 < 0.06


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (17, 31), (255, 257), (40, 1600)])
def test_any_size_works_and_the_photo_is_not_touched(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 40, (*size, 3), dtype=np.uint8)
    before = image.copy()
    found = enhance(image, force=True)
    assert found.image.shape == image.shape
    assert found.image.dtype == np.uint8
    assert np.array_equal(image, before)


def test_tiles_agree_with_one_pass_within_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a photo that one pass takes: cut into tiles of a fifth of it, as one that is too large would be."""
    dark = DARK[:397, :595]
    whole = enhance(dark)
    cuts = list(tiling.tiles(400, 600, _smaller(320 * 320)))
    assert len(cuts) > 3
    monkeypatch.setattr(tiling, "tiles", lambda height, width, view: iter(cuts))
    assert whole.applied
    assert apart(enhance(dark).image, whole.image).max() <= 1


def _smaller(max_pixels: int) -> Full:
    views = network(lowlight.DEFAULT).manifest.input.views
    (full,) = (view for view in views if isinstance(view, Full))
    return Full(**{**vars(full), "max_pixels": max_pixels})


def test_the_border_of_a_flat_dark_picture_is_as_light_as_its_middle() -> None:
    out = enhance(np.full((120, 200, 3), 12, np.uint8)).image.astype(int)
    assert np.abs(out - out[60, 100]).max() <= 2


def test_a_frame_without_a_picture_in_it_is_left_alone_and_told_so() -> None:
    noise = np.random.default_rng(2).integers(0, 3, (80, 120, 3), dtype=np.uint8)
    for black in (np.zeros((80, 120, 3), np.uint8), noise):
        found = enhance(black)
        assert not found.applied
        assert "no picture in it" in found.need.reason


def test_gray_stays_gray() -> None:
    out = enhance(darkened(photo("camera"), 3.0)).image
    assert np.array_equal(out, np.repeat(out[..., :1], 3, axis=2))


@pytest.mark.parametrize("force", [True, False])
def test_no_pixel_gets_darker_and_white_lamps_stay_white(force: bool) -> None:
    night = (DARK // 2).copy()
    night[40:50, 60:70] = 255
    out = enhance(night, force=force).image
    assert (out >= night).all()
    assert (out[40:50, 60:70] == 255).all()


def test_lights_keep_their_order() -> None:
    steps = np.repeat(np.arange(4, 64, 4, dtype=np.uint8), 16)[None, :, None]
    out = enhance(np.tile(steps, (96, 1, 3)), force=True).image[48, 8::16].mean(axis=1)
    assert (np.diff(out) > 0).all()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_24_megapixels_stay_below_a_gigabyte_and_a_half() -> None:
    code = """
import numpy as np
from iqa.lowlight import enhance
image = np.full((4001, 6001, 3), 20, np.uint8)
assert enhance(image).applied
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert int(done.stdout) * 1024 < 1.5e9


def test_a_missing_or_altered_network_is_an_error_that_names_the_closed_form(emptied: Path) -> None:
    with pytest.raises(ModelError, match="ask for it by name: classical"):
        enhance(DARK)
    assert enhance(DARK, model="classical").applied
    shutil.copytree(INSTALLED, emptied / "low-light")
    with (emptied / "low-light" / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="low-light"):
        enhance(DARK)


def test_a_network_that_makes_no_picture_is_refused(emptied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.catalogue, "read", dict)
    monkeypatch.setattr(lowlight, "network", lambda _: load_model(toys.write_model(emptied, toys.luminance())))
    with pytest.raises(ManifestError, match="accepted: one Full view"):
        lowlight.estimator()


def test_importing_lowlight_loads_no_runtime() -> None:
    code = "import sys, iqa.lowlight; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
