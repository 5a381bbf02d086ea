"""The demo as a running server, a browser to look at it with, photos to give it, and a network that is a stand-in."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from iqa import model, networks
from iqa.model import Model
from tests import toy_degradations
from tests.photos import blurred, photo

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
WATCH = """
import ipaddress, os, sys
def hook(event, arguments):
    if event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        return
    host = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    host = host[0] if isinstance(host, tuple) else host
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost") or (isinstance(host, str) and host.startswith("/")):
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback or host == "0.0.0.0"
    except ValueError:
        inside = False
    if not inside:
        with open(os.environ["IQA_TEST_OUTGOING"], "a") as log:
            print(event, host, file=log)
sys.addaudithook(hook)
"""
"""Python's own audit hook in the server's process: writes down every host it looks up or connects to."""


@dataclass(frozen=True)
class Server:
    """``python app.py`` as a child process.

    Attributes:
        url: of the page, without a slash at the end.
        process: the child.
        ready_s: seconds from its start to the first answer.
        idle_mb: resident memory at that time, MB; None where the system does not tell.
        outgoing_log: file with a line per connection that leaves this machine.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    ready_s: float
    idle_mb: float | None
    outgoing_log: Path

    def outgoing(self) -> str:
        """The hosts that the server has looked up or connected to since its start."""
        return self.outgoing_log.read_text() if self.outgoing_log.exists() else ""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _resident_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo on a free port, started once for all tests as a visitor would start it."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "sitecustomize.py").write_text(WATCH)
    log, port = folder / "outgoing.txt", _free_port()
    environment = {**os.environ, "PYTHONPATH": str(folder), "IQA_TEST_OUTGOING": str(log), "PYTHONUNBUFFERED": "1"}
    started = time.monotonic()
    command = [sys.executable, "app.py", "--port", str(port)]
    with (folder / "log.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    while not _answers(url):
        if process.poll() is not None or time.monotonic() - started > 60:
            process.kill()
            pytest.fail(f"app.py did not start:\n{(folder / 'log.txt').read_text()}")
        time.sleep(0.1)
    yield Server(url, process, time.monotonic() - started, _resident_mb(process.pid), log)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
    traces = (folder / "log.txt").read_text().split("Traceback (most recent call last)")[1:]
    unexpected = [trace for trace in traces if "InvalidPathError" not in trace]  # gradio's word for a refused path
    assert not unexpected, unexpected[0]


@pytest.fixture
def emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of the models that come with iqa, and no session left from other tests."""
    monkeypatch.setattr(model, "MODELS", tmp_path)
    networks.forget()
    yield tmp_path
    networks.forget()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless chromium; skips where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on this machine (looked for {', '.join(BROWSERS)})")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A few uploads: a sharp and a soft frame, a dark photo with a place in its EXIF, and a file that is no photo."""
    folder = tmp_path_factory.mktemp("uploads")
    coffee = photo("coffee")
    made = {name: folder / f"{name}.jpg" for name in ("sharp", "soft", "dark", "broken")}
    Image.fromarray(coffee).save(made["sharp"], quality=95)
    Image.fromarray(blurred(coffee, 3)).save(made["soft"], quality=95)
    exif = Image.Exif()
    exif[0x0110] = "Camera 1"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0)})
    Image.fromarray(coffee // 8).save(made["dark"], quality=95, exif=exif)
    made["broken"].write_bytes(b"this is a letter, not a photo")
    return made


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The stand-in of `degradations`, whose severities can be read off the photo; nothing changes it."""
    return toy_degradations.loaded(tmp_path_factory.mktemp("models"))
