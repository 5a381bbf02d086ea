"""The command line in a process of its own, as a maintainer or a user has it: with its catalogue, models and cache."""

import atexit
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from iqa import catalogue
from iqa import manifest as manifests
from tests.hub_server import WRITE, Hub, serving

NAME = "toy-luminance"
REPOSITORY = "studio/toy-luminance"
FILES = ["manifest.json", "model.onnx", "probe.png"]
PULL = ("models", "pull", NAME)
ROOT = Path(__file__).parent.parent
SCRIPT = """
import contextlib, io, json, os, resource, sys
from pathlib import Path
from iqa import catalogue, model
from iqa.__main__ import main

for line in sys.stdin:
    asked = json.loads(line)
    for name, value in asked["environment"].items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    catalogue.PATH, model.MODELS = Path(asked["catalogue"]), Path(asked["models"])
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"] or most, most))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(asked["arguments"])
        except SystemExit as stop:
            code = stop.code
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""
"""Our own paths are moved; the client of the Hub is the installed one, untouched, set up by its environment alone."""


@dataclass(frozen=True)
class Done:
    """How a command ended: exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)


class Client:
    """A Python process that runs one command after the other: the client is imported once for all tests."""

    def __init__(self, home: Path) -> None:
        """Start it; ``home`` is what the Hub's client takes for its own folder: no token of this machine is seen."""
        settings = {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        settings |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_VERBOSITY": "critical", "NO_PROXY": "127.0.0.1"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "IQA_"))}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", SCRIPT]
        self.process = subprocess.Popen(command, cwd=ROOT, env=kept | settings, stdin=pipe, stdout=pipe, text=True)

    def run(self, **asked: Any) -> Done:
        """What the script answers to these."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process has ended"
        return Done(*json.loads(answer))

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)


@cache
def client() -> Client:
    """The one process of all tests, started by the first that needs it."""
    home = tempfile.TemporaryDirectory(prefix="iqa-test-home-")
    process = Client(Path(home.name))
    atexit.register(home.cleanup)
    atexit.register(process.close)  # comes before the line above
    return process


@dataclass
class World:
    """A machine with iqa, and a Hub.

    Attributes:
        hub, address: the stand-in.
        place: folder of all that follows.
        environment: variables that differ from the client's.
        largest_file: bytes that a file may have before the disk counts as full; None: no limit.
    """

    hub: Hub
    address: str
    place: Path
    environment: dict[str, str | None] = field(default_factory=dict)
    largest_file: int | None = None

    def __post_init__(self) -> None:
        self.models.mkdir()
        self.catalogue.write_text('{"format": 1, "models": {}}')
        self.environment = {"HF_ENDPOINT": self.address, "HF_TOKEN": WRITE, "IQA_CACHE": str(self.cache)}
        self.environment |= {"HF_HUB_OFFLINE": None}

    @property
    def models(self) -> Path:
        """In the place of assets/models."""
        return self.place / "models"

    @property
    def catalogue(self) -> Path:
        """In the place of iqa/catalogue.json."""
        return self.place / "catalogue.json"

    @property
    def cache(self) -> Path:
        """Where pulled models go."""
        return self.place / "cache"

    def iqa(self, *arguments: str, by: Client | None = None) -> Done:
        """A finished ``python -m iqa``, by another process than that of all tests where one is given."""
        paths = {"catalogue": str(self.catalogue), "models": str(self.models), "largest_file": self.largest_file}
        return (by or client()).run(arguments=arguments, environment=self.environment, **paths)

    def kept(self) -> list[str]:
        """Every file in the cache, relative to it."""
        return sorted(str(path.relative_to(self.cache)) for path in self.cache.rglob("*") if not path.is_dir())

    def publish(self, folder: Path, **changes: bytes) -> str:
        """The commit of the folder's files on the stand-in, some of them changed, and its row in the catalogue."""
        altered = {name.replace("_", "."): content for name, content in changes.items()}
        files = {name: (folder / name).read_bytes() for name in FILES} | altered
        commit = self.hub.add(REPOSITORY, files | {"README.md": b"x", "../evil.txt": b"x", "huge.bin": b"x"})
        sha256 = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        version = manifests.read(folder).version
        row = catalogue.Row(repository=REPOSITORY, commit=commit, manifest_sha256=sha256, version=version)
        catalogue.write_row(NAME, row, self.catalogue)
        return commit

    def refused(self, *words: str, arguments: tuple[str, ...] = PULL, code: int = 1) -> str:
        """The sentence of a command that fails and leaves nothing in the cache; it must hold the words."""
        done = self.iqa(*arguments)
        assert done.code == code, done
        assert done.err.startswith("iqa: ")
        assert "Traceback" not in done.err
        for word in words:
            assert word in done.err
        assert self.kept() == []
        return done.err


@contextmanager
def machine(place: Path) -> Iterator[World]:
    """A world in that folder, with an empty Hub, as long as the context lasts."""
    hub = Hub()
    with serving(hub) as address:
        yield World(hub, address, place)
