"""What a number was made on and with: processor, versions, commit; no name of a host, a person or a folder."""

import hashlib
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import cv2

from iqa.batch import cores

ROOT = Path(__file__).resolve().parent.parent
CODE = ("iqa", "eval", "assets")
"""What the numbers follow from."""
PACKAGES = ("numpy", "scipy", "pandas", "pillow", "opencv-python-headless", "onnxruntime")


def machine() -> dict[str, object]:
    """Processor, cores, load, Python and the versions of PACKAGES."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": model or platform.processor() or "unknown",
        "cores": cores(),
        "load": round(os.getloadavg()[0], 2),
        "opencv_threads": cv2.getNumThreads(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def code_sha256() -> str:
    """Hash of the sources of iqa and eval, 64 hex digits: equal hashes are equal code, committed or not."""
    digest = hashlib.sha256()
    for layer in ("eval", "iqa"):
        for path in sorted((ROOT / layer).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def commit(*more: str) -> str | None:
    """The git commit of the sources, 40 hex digits; None outside a repository.

    With "+changes" when a file of CODE, or of the folders in `more`, differs or is not in it; what else lies there,
    such as results, is no change.
    """
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return None

    def answer(*words: str) -> str | None:
        done = subprocess.run([git, "-C", ROOT, *words], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    head = answer("rev-parse", "HEAD")
    changed = answer("status", "--porcelain", "--untracked-files=all", "--", *CODE, *more)
    return head if head is None or not changed else f"{head}+changes"
