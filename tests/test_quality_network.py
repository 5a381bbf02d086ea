"""iqa.quality, the network: the default, loaded once and verified, one number wherever a photo comes in."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from photos import NAMES, blurred, noisy, photo
from PIL import Image

import api
from iqa import cull, damage, image, model, quality
from iqa import manifest as manifests
from iqa.__main__ import main
from iqa.errors import ManifestError, ModelError
from iqa.factors import factors
from tabs import degradations as tab
from tabs.upload import Photo
from tests import toy_models as toys

Pixels = NDArray[np.uint8]
INSTALLED = model.MODELS / quality.DEFAULT
score = partial(quality.score, explain=False)


@pytest.fixture
def unlisted(emptied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a folder without a catalogue, so that any model may stand in for the network."""
    monkeypatch.setattr(model.catalogue, "read", dict)
    return emptied


def test_the_network_answers_unless_another_is_named() -> None:
    manifest = manifests.read(INSTALLED)
    answer = quality.score(photo("coffee"))
    assert answer.model.as_dict() == {"name": "quality", "version": manifest.version, "sha256": manifest.sha256}
    assert answer.model == quality.estimator()
    assert quality.ESTIMATORS[0] == quality.DEFAULT == "quality"
    assert quality.score(photo("coffee"), model="classical").model == quality.CLASSICAL


@pytest.mark.parametrize(
    "picture", [*map(photo, NAMES), np.zeros((1, 1, 3), np.uint8), np.full((9, 400, 3), 255, np.uint8)]
)
def test_the_score_lies_in_its_range_and_both_on_the_scale(picture: Pixels) -> None:
    answer = score(picture)
    assert answer.interval is not None
    low, high = answer.interval
    assert 0.0 <= low <= answer.quality <= high <= 1.0
    assert answer.category == quality.category(answer.quality)


def test_the_factors_stand_beside_the_score_and_change_nothing() -> None:
    explained, short = quality.score(photo("coffee")), score(photo("coffee"))
    assert explained.factors == factors(photo("coffee"))
    assert (short.factors, short.weights, explained.weights) == ({}, {}, {})
    assert (short.quality, short.interval) == (explained.quality, explained.interval)


def _grainy(picture: Pixels) -> Pixels:
    return damage.apply("noise", picture, 0.8, np.random.default_rng(0))


def _coarse(picture: Pixels) -> Pixels:
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 4])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", [partial(blurred, sigma_px=4), _grainy, _coarse])
def test_a_photo_scores_above_its_blurred_noisy_or_crushed_copy(name: str, harm: Callable[[Pixels], Pixels]) -> None:
    assert score(harm(photo(name))).quality < score(photo(name)).quality - 0.03


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_scores_the_same_under_every_exif_orientation(orientation: int) -> None:
    """The stored pixels are turned or mirrored, the tag says how to undo it."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of PIL.Image.Transpose
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored, buffer = Image.fromarray(photo("coffee")), BytesIO()
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    stored.save(buffer, "PNG", exif=exif)
    assert score(image.load(buffer.getvalue())).quality == pytest.approx(score(photo("coffee")).quality, abs=1e-3)


def test_twelve_megapixels_read_small_score_as_when_read_whole(tmp_path: Path) -> None:
    """The sum of what decoding at half size and reducing change."""
    large = cv2.resize(photo("coffee"), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    Image.fromarray(noisy(large, 4.0)).save(tmp_path / "a.jpg", quality=92)
    whole, small = image.load(tmp_path / "a.jpg"), image.load(tmp_path / "a.jpg", max_side=quality.READ_SIDE)
    assert max(small.shape) == quality.READ_SIDE
    assert score(small).quality == pytest.approx(score(whole).quality, abs=0.01)


def test_command_line_page_and_api_give_one_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.jpg"
    side = quality.READ_SIDE + 400
    Image.fromarray(cv2.resize(photo("coffee"), (side, side * 2 // 3))).save(path, quality=90)
    answer = quality.score(image.load(path, max_side=quality.READ_SIDE))
    assert answer.interval is not None
    assert main(["score", str(path), "--json"]) == 0
    (typed,) = json.loads(capsys.readouterr().out)
    with TestClient(api.create()) as client:
        sent = client.post("/api/v1/quality/score", files={"file": (path.name, path.read_bytes())}).json()
        assert str(answer.model) in client.get("/api/v1/health").json()["models"]
    shown = tab.judge(Photo(path, path.name))[0]["quality"]
    for said in (typed, sent, shown):
        assert said["quality"] == answer.quality
        assert (said["quality_low"], said["quality_high"]) == answer.interval
        assert said["factors"] == answer.factors
        assert said["model"] == answer.model.as_dict()


def test_the_table_and_csv_show_the_range(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(photo("coffee")).save(tmp_path / "a.png")
    low, high = score(photo("coffee")).interval or ()
    assert main(["score", str(tmp_path / "a.png"), "--csv", str(tmp_path / "a.csv")]) == 0
    out = capsys.readouterr().out
    assert f"{low:.3f}" in out
    assert f"{high:.3f}" in out
    written = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    row = dict(zip(*(line.split(",") for line in written), strict=True))
    assert (float(row["quality_low"]), float(row["quality_high"])) == (low, high)
    assert main(["score", str(tmp_path / "a.png"), "--model", "classical"]) == 0
    assert "low   " not in capsys.readouterr().out.partition("sharpness")[0]


def test_a_missing_network_is_said_and_nothing_takes_its_place(
    emptied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"'quality' comes with iqa, but found no .* Restore .* name: classical"):
        score(photo("coffee"))
    Image.fromarray(photo("coffee")).save(emptied / "a.png")
    assert main(["score", str(emptied / "a.png")]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("Restore that folder")) == ("", 1)
    with TestClient(api.create()) as client:
        asked = {"files": {"file": ("a.png", (emptied / "a.png").read_bytes())}}
        batch = {"files": [("files", ("a.png", (emptied / "a.png").read_bytes()))]}
        answers = [client.get("/api/v1/health"), client.post("/api/v1/quality/score", **asked)]
        answers.append(client.post("/api/v1/quality/score/batch", **batch))
        assert [answer.status_code for answer in answers] == [503] * 3
        assert not [answer.text for answer in answers if str(emptied) in answer.text]
    with pytest.raises(ModelError):
        cull.choose([])  # before any photo
    assert main(["score", str(emptied / "a.png"), "--model", "classical"]) == 0


def test_an_altered_network_is_refused(emptied: Path) -> None:
    folder = Path(shutil.copytree(INSTALLED, emptied / "quality"))
    weights = folder / manifests.read(folder).file
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    for _ in range(2):  # also the second time: a failure is not kept
        with pytest.raises(ModelError, match=r"sha256.*Restore"):
            quality.estimator()


def test_an_altered_manifest_and_one_of_other_outputs_are_refused(
    emptied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(INSTALLED, emptied / "quality"))
    manifests.write(replace(manifests.read(folder), description="Another."), folder)
    with pytest.raises(ModelError, match="not the one the catalogue declares"):
        quality.estimator()
    monkeypatch.setattr(model.catalogue, "read", dict)
    shutil.rmtree(folder)
    toys.write_model(emptied, replace(toys.classes(), name="quality"))
    with pytest.raises(ManifestError, match="accepted: quality, alone or with"):
        quality.estimator()


def test_a_network_without_a_range_gives_none(unlisted: Path) -> None:
    toy = toys.luminance()
    toys.write_model(unlisted, replace(toy, name="quality"))
    answer = score(photo("coffee"))
    assert answer.interval is None
    assert answer.quality == pytest.approx(float(toy.by_hand(photo("coffee"))["quality"]), abs=0.01)


def test_threads_that_ask_at_once_share_one_session(unlisted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = toys.write_model(unlisted, replace(toys.luminance(), name="quality"))
    loaded, load_model = [], model.load_model
    ready = threading.Barrier(4)

    def slow(name: str) -> model.Model:
        loaded.append(load_model(folder))
        return loaded[-1]

    def ask(level: int) -> float:
        ready.wait()
        return score(np.full((20, 30, 3), level, np.uint8)).quality

    monkeypatch.setattr(model, "load_model", slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, (0, 85, 170, 255)))
    assert found == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-6)
    assert len(loaded) == 1


def test_importing_quality_loads_no_runtime_and_no_network() -> None:
    code = "import sys, iqa.burst, iqa.cull, iqa.quality; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parent.parent).returncode == 0
