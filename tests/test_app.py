"""The demo through gradio_client: every endpoint, its errors, and what it must never do."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from iqa import blur, degradations, image, lowlight, quality
from iqa import burst as bursts
from tests import cards
from tests.conftest import ROOT, Server
from tests.photos import photo

ENDPOINTS = {"/burst", "/card", "/blur", "/degradations", "/lowlight"}
SINGLE = sorted(ENDPOINTS - {"/burst", "/card"})


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A gradio client of the running demo."""
    return Client(server.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


def ask(client: Client, endpoint: str, *values: Any) -> tuple[Any, ...]:
    """What an endpoint answers to files (paths) and settings."""
    sent = [handle_file(str(v)) if isinstance(v, Path) else v for v in values]
    answer = client.predict(*sent, api_name=endpoint)
    assert isinstance(answer, tuple)
    return answer


def burst(client: Client, *paths: Path) -> tuple[Any, ...]:
    """What the burst endpoint answers."""
    answer = client.predict([handle_file(str(path)) for path in paths], api_name="/burst")
    assert isinstance(answer, tuple)
    return answer


def test_only_the_named_endpoints_are_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    assert set(described["named_endpoints"]) == ENDPOINTS
    assert not described["unnamed_endpoints"]


def test_blur_tab_gives_the_numbers_of_iqa(client: Client, files: dict[str, Path]) -> None:
    numbers, verdict, *_ = ask(client, "/blur", files["soft"], "all")
    direct = blur.classify(image.load(files["soft"]))
    assert numbers["blur_type"] == direct.blur_type
    assert numbers["probabilities"] == pytest.approx(direct.probabilities)
    assert numbers["file"] == "soft.jpg"
    assert escape(direct.reason) in verdict


@pytest.mark.parametrize("asked", blur.SELECTABLE)
def test_blur_tab_answers_for_the_type_that_was_asked(client: Client, files: dict[str, Path], asked: str) -> None:
    numbers, verdict, *_ = ask(client, "/blur", files["soft"], asked)
    direct = blur.detect(blur.classify(image.load(files["soft"])), asked)
    assert numbers["detected"] is direct.detected
    assert numbers["blur_type_probability"] == pytest.approx(direct.blur_type_probability)
    assert ("Yes: " in verdict or "Cannot tell" in verdict) is (direct.detected or not numbers["certain"])


def test_degradations_tab_gives_the_numbers_of_iqa(client: Client, files: dict[str, Path]) -> None:
    numbers, score, severities, *_ = ask(client, "/degradations", files["sharp"])
    pixels, setting = image.load(files["sharp"]), image.info(files["sharp"]).jpeg_quality
    direct = degradations.assess(pixels, jpeg_quality=setting)
    assert {name: numbers[name] for name in degradations.NAMES} == pytest.approx(direct.severities)
    assert numbers["overall"] == pytest.approx(direct.overall)
    assert numbers["quality"]["quality"] == pytest.approx(quality.score(pixels).quality)
    assert str(direct.model) in severities
    assert f"{quality.score(pixels).quality:.2f}" in score


@pytest.mark.parametrize("kind", ["16-bit grey", "CMYK", "turned", "alpha", "palette"])
def test_uploads_reach_iqa_untouched(client: Client, tmp_path: Path, kind: str) -> None:
    coffee = Image.fromarray(photo("coffee")).resize((300, 200))
    path = tmp_path / ("photo.tif" if kind == "CMYK" else "photo.jpg" if kind == "turned" else "photo.png")
    if kind == "16-bit grey":
        Image.fromarray(np.asarray(coffee.convert("L")).astype(np.uint16) * 257).save(path)
    elif kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        coffee.save(path, exif=exif)
    else:
        coffee.convert({"CMYK": "CMYK", "alpha": "RGBA", "palette": "P"}[kind]).save(path)
    numbers, *_ = ask(client, "/degradations", path)
    assert numbers["quality"]["quality"] == pytest.approx(quality.score(image.load(path)).quality, abs=1e-9)


def test_burst_is_ranked_best_first_whatever_the_order(client: Client, files: dict[str, Path]) -> None:
    numbers, verdict, gallery, table, _ = burst(client, files["soft"], files["sharp"])
    turned, *_ = burst(client, files["sharp"], files["soft"])
    assert [frame["file"] for frame in numbers["ranking"]] == ["sharp.jpg", "soft.jpg"]
    assert numbers["ranking"] == turned["ranking"]
    assert "Keep sharp.jpg" in verdict
    assert gallery[0]["caption"].startswith("#1 · best · ")
    assert str(quality.estimator()) in table


def test_broken_file_of_a_burst_is_named_and_the_others_are_ranked(client: Client, files: dict[str, Path]) -> None:
    numbers, verdict, gallery, _, _ = burst(client, files["soft"], files["broken"], files["sharp"])
    assert [frame["file"] for frame in numbers["ranking"]] == ["sharp.jpg", "soft.jpg"]
    assert [failure["file"] for failure in numbers["failed"]] == ["broken.jpg"]
    assert len(gallery) == 2
    assert "Left out" in verdict
    assert "broken.jpg" in verdict


def test_burst_exports_the_ranking_as_csv(client: Client, files: dict[str, Path]) -> None:
    numbers, *_, update = burst(client, files["soft"], files["sharp"])
    exported = update["value"] if isinstance(update, dict) else update
    rows = Path(exported).read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith(f"file,rank,score,margin_to_next,{','.join(bursts.WEIGHTS)},note,beside,model_name")
    assert [row.split(",")[0] for row in rows[1:]] == [frame["file"] for frame in numbers["ranking"]]


def test_card_is_grouped_and_each_photo_is_kept_or_not(client: Client, tmp_path: Path) -> None:
    made = cards.write(tmp_path)
    sent = [handle_file(str(path)) for path in sorted(tmp_path.iterdir())]
    numbers, verdict, groups, _, listed = client.predict(sent, 2, api_name="/card")
    told = [{row["file"] for row in group["ranking"]} for group in numbers["groups"]]
    assert sorted(map(sorted, told)) == sorted(map(sorted, made.values()))
    assert all(row["keep"] is (row["rank"] <= 2) for group in numbers["groups"] for row in group["ranking"])
    assert "Keep 13 of 16 photos" in verdict
    assert groups.count("<figure") == 15
    names = Path(listed["value"] if isinstance(listed, dict) else listed).read_text(encoding="utf-8").splitlines()
    assert len(names) == len(set(names)) == 13


def test_dark_photo_is_enhanced_in_full_size_without_its_place(client: Client, files: dict[str, Path]) -> None:
    numbers, _, pair, measured, *updates = ask(client, "/lowlight", files["dark"], 1.0, False)
    assert numbers["applied"] is True
    assert numbers["mean_luminance"]["after"] > 1.5 * numbers["mean_luminance"]["before"]
    assert all(str(path).endswith(".png") for path in pair)
    assert str(lowlight.estimator()) in measured
    saved = [Path(update["value"] if isinstance(update, dict) else update) for update in updates]
    assert [path.name for path in saved] == ["dark_enhanced.jpg", "dark_enhanced.png"]
    for path in saved:
        with Image.open(path) as enhanced, Image.open(files["dark"]) as original:
            assert enhanced.size == original.size
            assert enhanced.getexif()[0x0110] == "Camera 1"
            assert not enhanced.getexif().get_ifd(0x8825)


def test_photo_that_does_not_need_it_is_left_alone_unless_forced(client: Client, tmp_path: Path) -> None:
    dim = tmp_path / "dim.png"
    Image.fromarray((photo("coffee") * 0.7).astype(np.uint8)).save(dim)
    numbers, verdict, *_, png = ask(client, "/lowlight", dim, 1.0, False)
    assert numbers["applied"] is False
    assert "Does not need it" in verdict
    assert (png.get("value") if isinstance(png, dict) else png) is None
    assert ask(client, "/lowlight", dim, 1.0, True)[0]["applied"] is True


def test_a_bright_photo_that_is_enhanced_all_the_same_is_told_so(client: Client, files: dict[str, Path]) -> None:
    numbers, verdict, *_ = ask(client, "/lowlight", files["sharp"], 1.0, True)
    assert numbers["applied"] is True
    assert "Enhanced, though it does not need it" in verdict


@pytest.mark.parametrize("strength", [7, -1, None])
def test_strength_outside_its_range_is_one_sentence(client: Client, files: dict[str, Path], strength: float) -> None:
    with pytest.raises(AppError, match=r"strength must be in \[0, 1\]"):
        ask(client, "/lowlight", files["dark"], strength, False)


@pytest.mark.parametrize("endpoint", SINGLE)
def test_no_photo_is_answered_with_a_friendly_sentence(client: Client, endpoint: str) -> None:
    with pytest.raises(AppError, match="Drop a photo on the box"):
        client.predict(None, api_name=endpoint)


@pytest.mark.parametrize("endpoint", SINGLE)
def test_broken_file_is_answered_with_one_sentence(client: Client, files: dict[str, Path], endpoint: str) -> None:
    with pytest.raises(AppError) as caught:
        ask(client, endpoint, files["broken"])
    assert "broken.jpg" in str(caught.value)
    assert "Accepted:" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "/uploads/" not in str(caught.value)


@pytest.mark.parametrize("count", [0, 1, 51])
def test_burst_of_the_wrong_size_is_answered_with_the_limits(
    client: Client, files: dict[str, Path], count: int
) -> None:
    uploaded = handle_file(str(files["broken"]))
    with pytest.raises(AppError, match="2 to 50 frames"):
        client.predict([uploaded] * count or None, api_name="/burst")


def test_file_names_are_text_and_never_html(client: Client, files: dict[str, Path], server: Server) -> None:
    name = "<img src=x onerror=alert(1)>.jpg"
    uploaded = httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("a.jpg", files["sharp"].read_bytes())})
    frame = {"path": uploaded.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
    answer = predict(server, "burst", [[frame, {**frame, "orig_name": "other.jpg"}]])
    html = json.dumps([answer[1], answer[3]])
    assert "<img" not in html
    assert "&lt;img" in html


def predict(server: Server, endpoint: str, data: list[Any]) -> list[Any]:
    """The raw answer of an endpoint to raw data, as any HTTP client could send it."""
    event = httpx.post(f"{server.url}/gradio_api/call/{endpoint}", json={"data": data}).json()["event_id"]
    text = httpx.get(f"{server.url}/gradio_api/call/{endpoint}/{event}", timeout=60).text
    assert "event: complete" in text, text
    answer = json.loads(re.findall(r"^data: (.*)$", text, re.M)[-1])
    assert isinstance(answer, list)
    return answer


@pytest.mark.parametrize(
    "path", ["/etc/hostname", str(ROOT / "app.py"), "http://192.0.2.1/a.jpg", "https://example.com/a.jpg"]
)
def test_only_uploads_are_judged_never_files_of_the_server_nor_links(server: Server, path: str) -> None:
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, "all"]
    with pytest.raises(AssertionError, match="event: error"):
        predict(server, "blur", data)
    assert server.outgoing() == ""


@pytest.mark.parametrize(
    "address",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/gradio_api/file=..%5c..%5c..%5cetc%5cpasswd",
        "/gradio_api/file=....//....//etc/passwd",
        "/gradio_api/file=%252e%252e%252fetc%252fpasswd",
        "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/file=" + str(ROOT / "app.py"),
        "/gradio_api/file=app.py",
        "/gradio_api/file=https://example.com/a.jpg",
        "/gradio_api/file=HTTP://example.com/a.jpg",
        "/gradio_api/proxy=https://example.com/a.jpg",
        "/static/../../../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
    ],
)
def test_no_spelling_of_a_path_leads_out_of_the_uploads(server: Server, address: str) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    request = httpx.Request("GET", server.url)
    request.url = httpx.URL(scheme="http", host=host, port=int(port), raw_path=address.encode())
    with httpx.Client() as sender:
        answer = sender.send(request)
    assert answer.status_code in {403, 404}
    assert "root:" not in answer.text
    assert server.outgoing() == ""


def test_server_never_looked_up_or_called_another_host(server: Server, client: Client) -> None:
    assert httpx.get(server.url).status_code == 200
    assert server.outgoing() == ""
