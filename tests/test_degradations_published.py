"""iqa.degradations by the network that comes with iqa: what it says of known damage, and when it is gone."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from photos import noisy, photo
from PIL import Image

import api
from iqa import damage, degradations, evidence, model, ramps
from iqa import manifest as manifests
from iqa.__main__ import main
from iqa.degradations import NAMES
from iqa.errors import ModelError
from iqa.evidence import LOOKS, STEPS
from iqa.measures import quantized_quality

Pixels = NDArray[np.uint8]
INSTALLED = model.MODELS / degradations.DEFAULT
PHOTOS = ("astronaut", "coffee", "chelsea", "motorcycle")
OWN = {
    "defocus": "blurriness",
    "motion": "blurriness",
    "noise": "noise",
    "underexposure": "exposure",
    "overexposure": "exposure",
    "compression": "compression",
}


def harmed(name: str, harm: str, severity: float) -> Pixels:
    return damage.apply(harm, photo(name), severity, np.random.default_rng(1))


def told(image: Pixels) -> dict[str, float]:
    return {name: value for name, value in degradations.assess(image).severities.items() if value is not None}


def test_the_network_answers_and_weights_were_fitted_for_it() -> None:
    manifest = manifests.read(INSTALLED)
    answer = degradations.assess(photo("coffee"))
    assert answer.model.as_dict() == {"name": "degradations", "version": manifest.version, "sha256": manifest.sha256}
    assert set(told(photo("coffee"))) == set(NAMES)
    rated = degradations.assess(photo("coffee"), weights="rated")
    assert (rated.overall_weights, rated.severities) == ("rated", answer.severities)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(("harm", "own"), OWN.items())
def test_a_severity_grows_with_its_damage(name: str, harm: str, own: str) -> None:
    none, strong = (told(harmed(name, harm, severity))[own] for severity in (0.0, 1.0))
    assert strong > none + 0.2
    assert strong > 0.5


def test_watermarks_are_seen_though_not_each_is_called_strong() -> None:
    for name in PHOTOS:
        assert told(harmed(name, "watermark", 1.0))["watermark"] > told(photo(name))["watermark"] + 0.15
    assert np.median([told(harmed(name, "watermark", 1.0))["watermark"] for name in PHOTOS]) > 0.5


@pytest.mark.parametrize("name", PHOTOS)
def test_a_cast_is_seen_though_some_scenes_have_a_color_of_their_own(name: str) -> None:
    none, strong = (told(harmed(name, "color_cast", severity))["color_cast"] for severity in (0.0, 1.0))
    assert strong > none + 0.1


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_in_good_order_raise_no_alarm(name: str) -> None:
    assert max(told(photo(name)).values()) < 0.5


def test_a_mirror_image_is_judged_alike() -> None:
    image = harmed("coffee", "noise", 0.5)
    assert told(np.ascontiguousarray(image[:, ::-1])) == pytest.approx(told(image), abs=0.1)


@pytest.mark.parametrize("sigma", [4.0, 8.0, 16.0])
def test_the_sigma_of_the_noise_is_that_of_what_was_added(sigma: float) -> None:
    found = degradations.assess(noisy(photo("astronaut"), sigma)).evidence.noise_sigma
    assert found == pytest.approx(sigma, rel=0.5)
    assert degradations.assess(photo("astronaut")).evidence.noise_sigma < 4.0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (300, 2, 3), (2100, 3000, 3)])
def test_any_size_gets_an_answer_in_range(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert all(0.0 <= value <= 1.0 for value in told(image).values())
    assert np.isfinite(degradations.assess(image).evidence.noise_sigma)


def test_a_missing_network_is_said_and_nothing_takes_its_place(
    emptied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"'degradations' comes with iqa, but found no .* Restore .* name: classical"):
        degradations.assess(photo("coffee"))
    Image.fromarray(photo("coffee")).save(emptied / "a.png")
    assert main(["degradations", str(emptied / "a.png")]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("Restore that folder")) == ("", 1)
    with TestClient(api.create()) as client:
        content = (emptied / "a.png").read_bytes()
        one = client.post("/api/v1/degradations/assess", files={"file": ("a.png", content)})
        batch = client.post("/api/v1/degradations/assess/batch", files=[("files", ("a.png", content))])
    assert (one.status_code, batch.status_code) == (503, 503)
    assert str(emptied) not in one.text + batch.text
    assert main(["degradations", str(emptied / "a.png"), "--model", "classical"]) == 0


QUALITIES = (15, 25, 40)


def saved(name: str, quality: int) -> Pixels:
    return damage.saved(photo(name), "JPEG", quality=quality, subsampling="4:2:0")


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("quality", QUALITIES)
def test_a_saved_photo_is_told_its_quality(name: str, quality: int) -> None:
    found = degradations.assess(saved(name, quality)).evidence
    assert found.jpeg_quality_estimated == pytest.approx(quality, abs=1)
    assert found.jpeg_quality_by == STEPS


def test_without_its_steps_a_photo_is_told_about_what_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (evidence, ramps):
        monkeypatch.setattr(module, "quantized_quality", lambda _: None)
    found = [[degradations.assess(saved(name, quality)).evidence for quality in QUALITIES] for name in PHOTOS]
    assert {one.jpeg_quality_by for row in found for one in row} == {LOOKS}
    seen = np.array([[one.jpeg_quality_estimated for one in row] for row in found], dtype=np.float64)
    assert (np.diff(seen) > 0).all()
    assert np.median(np.abs(seen - QUALITIES)) <= 10


@pytest.mark.parametrize("name", PHOTOS)
def test_a_saved_photo_is_as_compressed_as_its_quality_says(name: str) -> None:
    for severity in (0.2, 0.5):
        saved = damage.apply("compression", photo(name), severity, np.random.default_rng(0))
        assert (degradations.assess(saved).severities["compression"] or 0.0) >= severity - 0.02
        assert quantized_quality(saved) == pytest.approx(damage.jpeg_quality(severity), abs=1)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_clean_photo_looks_like_no_jpeg(name: str) -> None:
    assert degradations.assess(photo(name)).evidence.jpeg_quality_estimated is None


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_what_damages_the_pixels_of_a_large_photo_is_seen_in_its_middle(name: str) -> None:
    large = np.tile(photo(name), (4, 4, 1))[:1500, :2000]  # as fine at its own pixels as the photo it is made of
    clean = degradations.assess(large).evidence.native or {}
    assert max(clean.values()) < 0.5
    for harm, own in (("defocus", "blurriness"), ("noise", "noise"), ("compression", "compression")):
        harmed = damage.apply(harm, photo(name), 0.8, np.random.default_rng(1))
        seen = degradations.assess(np.tile(harmed, (4, 4, 1))[:1500, :2000]).evidence.native or {}
        assert seen[own] > max(0.4, clean[own] + 0.2)
