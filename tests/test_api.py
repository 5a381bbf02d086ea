"""The HTTP API: the answers of iqa as JSON, and one sentence for everything that is wrong with a request."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import api
from iqa import blur, degradations, image, quality
from tests.conftest import ROOT, Server

BLUR = "/api/v1/blur/classify"
PATHS = (BLUR, "/api/v1/quality/score", "/api/v1/degradations/assess")


@pytest.fixture(scope="module")
def http() -> Iterator[TestClient]:
    """A client of the API alone, without the page."""
    with TestClient(api.create()) as client:
        yield client


def sent(path: Path) -> tuple[str, bytes]:
    """A file as httpx uploads it."""
    return path.name, path.read_bytes()


def several(*paths: Path) -> list[tuple[str, Any]]:
    """Files as httpx uploads them to a batch."""
    return [("files", sent(path)) for path in paths]


def test_full_classification_when_no_type_is_asked_for(http: TestClient, files: dict[str, Path]) -> None:
    found = http.post(BLUR, files={"file": sent(files["soft"])}).json()
    direct = blur.classify(image.load(files["soft"]))
    assert found["blur_type"] == direct.blur_type
    assert found["confidence"] == pytest.approx(direct.confidence)
    assert found["probabilities"] == pytest.approx(direct.probabilities)
    assert "detected" not in found
    assert found["model"] == direct.model.as_dict()


@pytest.mark.parametrize("asked", blur.SELECTABLE)
def test_focused_answer_for_the_type_that_was_asked(http: TestClient, files: dict[str, Path], asked: str) -> None:
    found = http.post(BLUR, params={"blur_type": asked}, files={"file": sent(files["soft"])}).json()
    direct = blur.detect(blur.classify(image.load(files["soft"])), asked)
    full = http.post(BLUR, files={"file": sent(files["soft"])}).json()
    assert found["asked_type"] == asked
    assert found["detected"] is direct.detected is (found["blur_type"] == asked)
    assert found["confidence"] == pytest.approx(direct.confidence)
    assert found["blur_type_probability"] == pytest.approx(direct.blur_type_probability)
    assert {key: value for key, value in found.items() if key in full} == full


def test_quality_and_degradations_are_those_of_iqa(http: TestClient, files: dict[str, Path]) -> None:
    pixels, setting = image.load(files["soft"]), image.info(files["soft"]).jpeg_quality
    score = http.post("/api/v1/quality/score", files={"file": sent(files["soft"])}).json()
    assert score["quality"] == pytest.approx(quality.score(pixels).quality)
    found = http.post("/api/v1/degradations/assess", files={"file": sent(files["soft"])}).json()
    direct = degradations.assess(pixels, jpeg_quality=setting)
    assert {name: found[name] for name in degradations.NAMES} == pytest.approx(direct.severities)
    assert found["overall"] == pytest.approx(direct.overall)


@pytest.mark.parametrize("asked", ["sharp", "motion", "", "Motion_Blurred"])
def test_unknown_blur_type_is_answered_with_the_list(http: TestClient, files: dict[str, Path], asked: str) -> None:
    for path, body in ((BLUR, {"file": sent(files["sharp"])}), (f"{BLUR}/batch", several(files["sharp"]))):
        answer = http.post(path, params={"blur_type": asked}, files=body)
        assert answer.status_code == 422
        assert all(name in answer.json()["detail"] for name in blur.SELECTABLE)


def test_the_overall_is_made_with_the_weights_that_are_asked_for(http: TestClient, files: dict[str, Path]) -> None:
    path, pixels = "/api/v1/degradations/assess", image.load(files["soft"])
    plain = http.post(path, files={"file": sent(files["soft"])}).json()
    for weights in degradations.WEIGHTINGS:
        found = http.post(path, params={"weights": weights}, files={"file": sent(files["soft"])}).json()
        (row,) = http.post(f"{path}/batch", params={"weights": weights}, files=several(files["soft"])).json()["results"]
        assert found == row
        assert found["overall_weights"] == weights
        assert found["overall"] == pytest.approx(degradations.assess(pixels, weights=weights).overall)
        assert (found == plain) is (weights == "documented")
    answer = http.post(path, params={"weights": "people"}, files={"file": sent(files["soft"])})
    assert answer.status_code == 422
    assert all(name in answer.json()["detail"] for name in degradations.WEIGHTINGS)


def test_the_description_names_the_options_of_each_path(http: TestClient) -> None:
    paths = http.get("/api/v1/openapi.json").json()["paths"]
    for path, (name, values) in {
        BLUR: ("blur_type", blur.SELECTABLE), "/api/v1/degradations/assess": ("weights", degradations.WEIGHTINGS),
    }.items():  # fmt: skip
        for end in ("", "/batch"):
            (told,) = paths[path + end]["post"]["parameters"]
            assert (told["name"], told["in"]) == (name, "query")
            assert all(value in told["description"] for value in values)
    assert "parameters" not in paths["/api/v1/quality/score"]["post"]


@pytest.mark.parametrize("path", PATHS)
def test_file_that_is_no_photo_is_415_with_a_sentence(http: TestClient, files: dict[str, Path], path: str) -> None:
    answer = http.post(path, files={"file": sent(files["broken"])})
    assert answer.status_code == 415
    assert "broken.jpg" in answer.json()["detail"]
    assert "Accepted:" in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_missing_file_is_422_with_a_sentence(http: TestClient, path: str) -> None:
    answer = http.post(path)
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_what_would_be_ignored_is_refused_by_name(http: TestClient, files: dict[str, Path], path: str) -> None:
    for end, body in (("", {"file": sent(files["sharp"])}), ("/batch", several(files["sharp"]))):
        misplaced = {"data": {"blur_type": "motion_blurred"}}, {"params": {"file": "a.jpg"}}
        for told in ({"params": {"model": "classical"}}, {"data": {"x" * 99: "rated"}}, *misplaced):
            answer = http.post(path + end, files=body, **told)
            assert answer.status_code == 422
            ((name, _),) = next(iter(told.values())).items()
            part = "address" if "params" in told else "form"
            detail = answer.json()["detail"]
            assert detail.startswith(
                f"Unknown in the {part}: '{name[:40]}'; accepted: {'files' if end else 'file'!r} in"
            )
            assert ("?blur_type=" in detail) is (path == BLUR)
            assert ("?weights=" in detail) is path.endswith("assess")


@pytest.mark.parametrize("path", PATHS)
def test_two_photos_where_one_is_answered_are_422_in_words(http: TestClient, files: dict[str, Path], path: str) -> None:
    answer = http.post(path, files=[("file", sent(files["sharp"])), ("file", sent(files["soft"]))])
    assert answer.status_code == 422
    assert "2 fields 'file'" in answer.json()["detail"]
    assert "/batch" in answer.json()["detail"]


@pytest.mark.parametrize(("end", "field"), [("", "file"), ("/batch", "files")])
def test_text_in_the_place_of_a_file_is_422_in_words(http: TestClient, end: str, field: str) -> None:
    answer = http.post(BLUR + end, files=[(field, (None, "photo.jpg"))])
    assert answer.status_code == 422
    assert f"{field!r} holds text" in answer.json()["detail"]
    assert "UploadFile" not in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_batch_does_the_others_when_one_file_fails(http: TestClient, files: dict[str, Path], path: str) -> None:
    answer = http.post(f"{path}/batch", files=several(files["sharp"], files["broken"], files["soft"]))
    assert answer.status_code == 200
    found = answer.json()
    assert [result["file"] for result in found["results"]] == ["sharp.jpg", "broken.jpg", "soft.jpg"]
    assert ["error" in result for result in found["results"]] == [False, True, False]
    assert list(found["results"][1]) == ["file", "model", "error"]
    assert found["results"][1]["model"] is None
    assert (found["done"], found["failed"]) == (2, 1)
    single = http.post(path, files={"file": sent(files["soft"])}).json()
    assert found["results"][2] == single


def test_batch_takes_no_more_than_its_limit(http: TestClient, files: dict[str, Path]) -> None:
    answer = http.post(f"{BLUR}/batch", files=several(*[files["broken"]] * (api.MAX_BATCH + 1)))
    assert answer.status_code == 422
    assert str(api.MAX_BATCH) in answer.json()["detail"]


@pytest.mark.parametrize("announced", [True, False])
def test_upload_is_cut_off_at_the_limit(http: TestClient, monkeypatch: pytest.MonkeyPatch, announced: bool) -> None:
    monkeypatch.setattr(api, "MAX_BYTES", 100_000)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        + b"0" * 400_000
        + b"\r\n--x--\r\n"
    )
    pieces = (body[i : i + 10_000] for i in range(0, len(body), 10_000))
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = http.post(BLUR, content=body if announced else pieces, headers=headers)
    assert answer.status_code == 413
    assert "larger" in answer.json()["detail"]


def test_one_photo_above_the_limit_fails_alone_in_a_batch(
    http: TestClient, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = max(files["sharp"].stat().st_size, files["soft"].stat().st_size)
    monkeypatch.setattr(api, "MAX_BYTES", limit)
    large = io.BytesIO()
    Image.new("RGB", (700, 700)).save(large, "BMP")
    answer = http.post(
        f"{BLUR}/batch", files=[*several(files["sharp"]), ("files", ("large.bmp", large.getvalue()))]
    ).json()
    assert ["error" in result for result in answer["results"]] == [False, True]


def test_description_is_json_without_any_page_that_loads_scripts(http: TestClient) -> None:
    described = http.get("/api/v1/openapi.json").json()
    expected = {f"{path}{end}" for path in PATHS for end in ("", "/batch")} | {"/api/v1/health"}
    assert set(described["paths"]) == expected
    said = described["paths"][BLUR]["post"]["description"]
    for key in ("blur_type", "asked_type", "detected", "confidence", "blur_type_probability", "probabilities"):
        assert f"`{key}`" in said
    for page in ("/docs", "/redoc", "/api/v1/docs"):
        assert http.get(page).status_code == 404


def test_every_address_that_the_readme_names_answers(server: Server, files: dict[str, Path]) -> None:
    named = set(re.findall(r"/(?:api/v1/[\w/.]+|openapi\.json)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(named) > 3
    for address in named:
        if address.endswith((".json", "/health")):
            answer = httpx.get(server.url + address, follow_redirects=True)
        else:
            field = "files" if address.endswith("/batch") else "file"
            answer = httpx.post(server.url + address, files=[(field, sent(files["sharp"]))], timeout=30)
        assert answer.status_code == 200, address
    assert httpx.get(f"{server.url}/openapi.json", follow_redirects=True).json()["info"]["title"] == "iqa"


def test_api_answers_beside_the_page_on_one_port(server: Server, files: dict[str, Path]) -> None:
    assert httpx.get(f"{server.url}/api/v1/health").json()["status"] == "ok"
    assert "<html" in httpx.get(server.url).text
    answer = httpx.post(
        f"{server.url}{BLUR}?blur_type=motion_blurred", files={"file": sent(files["sharp"])}, timeout=30
    )
    assert set(answer.json()) >= {"blur_type", "detected", "confidence", "blur_type_probability", "model"}
    for page in ("docs", "redoc"):
        assert "cdn." not in httpx.get(f"{server.url}/{page}").text
