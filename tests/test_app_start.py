"""The start of ``python app.py``: its address, its sentences when it cannot start, its time and its memory."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

import app
from tabs import memory
from tests.conftest import ROOT, Server
from tests.photos import photo


def test_page_is_ready_within_ten_seconds_and_idles_below_400_mb(server: Server) -> None:
    assert server.ready_s < 10
    if server.idle_mb is not None:
        assert server.idle_mb < 400


def in_use_mb(server: Server) -> float:
    """Memory of the server that is in use, after what was done has been given back."""
    time.sleep(memory.SOON_S + 1)
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory in use is read from Linux's /proc")
def test_memory_of_large_photos_goes_back_to_the_system(server: Server, tmp_path: Path) -> None:
    """Eight photos of 32 MB each; the networks, loaded with the first small ones, stay."""
    client, rest = Client(server.url, verbose=False, download_files=False), []
    for size in ((472, 354), (3778, 2832)):
        picture = np.asarray(Image.fromarray(photo("astronaut")).resize(size))
        frames = [tmp_path / f"{size[0]}_{i}.jpg" for i in range(8)]
        for i, path in enumerate(frames):
            Image.fromarray(picture // (i + 1)).save(path, quality=90)
        client.predict([handle_file(str(path)) for path in frames], api_name="/burst")
        client.predict(handle_file(str(frames[0])), api_name="/degradations")
        assert client.predict(handle_file(str(frames[-1])), 1.0, False, api_name="/lowlight")[0]["applied"] is True
        rest.append(in_use_mb(server))
    assert rest[1] - rest[0] < 100
    assert rest[1] < 500


@pytest.mark.parametrize("said", ["0", "65536", "-1", "7860.5", "web", "７８６０", ""])
def test_port_that_is_none_is_one_sentence(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        app.options([f"--port={said}"])
    assert stopped.value.code == 2
    assert "1 to 65535" in capsys.readouterr().err


def test_port_of_the_environment_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", "99999")
    with pytest.raises(SystemExit):
        app.options([])
    assert "GRADIO_SERVER_PORT is '99999'" in capsys.readouterr().err
    assert app.options(["--port", "7861"]).port == 7861


def test_port_in_use_is_one_sentence_without_an_address_printed(server: Server) -> None:
    port = server.url.rsplit(":", 1)[1]
    found = subprocess.run(
        [sys.executable, "app.py", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert found.returncode == 1
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1
    assert "--port" in found.stderr


def test_importing_the_app_loads_neither_the_page_nor_a_model() -> None:
    code = "import sys, app; print(sorted({'gradio', 'fastapi', 'uvicorn', 'onnxruntime'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_host_and_port_come_from_the_command_line_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPACE_ID", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert (app.options([]).host, app.options([]).port) == ("127.0.0.1", 7860)
    monkeypatch.setenv("SPACE_ID", "somebody/iqa")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7999")
    assert (app.options([]).host, app.options([]).port) == ("0.0.0.0", 7999)
    chosen = app.options(["--host", "127.0.0.2", "--port", "8001"])
    assert (chosen.host, chosen.port) == ("127.0.0.2", 8001)
