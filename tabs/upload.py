"""The way of a photo into the demo: the file as it was uploaded, untouched, and errors as sentences."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import gradio as gr
import numpy as np
from gradio.data_classes import FileData, ListFiles
from numpy.typing import NDArray

from iqa import image
from iqa.errors import IQAError

KINDS = ["image", *sorted(image.EXTENSIONS)]
"""What the file dialog offers; what a file really is, iqa.image.load decides from its content."""

MAX_BYTES = 100 * 2**20
"""Of one upload, on the page and through the HTTP API."""
LIMITS = replace(image.LIMITS, max_bytes=MAX_BYTES, max_pixels=2**27)
"""A page that strangers share takes less than the command line: 134 MP, and two such photos at once fit in 4 GB."""


DROP_AGAIN = """<script>
const full = e => { const box = e.target.closest && e.target.closest(".iqa-drop");
  return box && !box.querySelector("input[type=file]") && e.dataTransfer.types.includes("Files") && box; };
addEventListener("dragover", e => { if (full(e)) e.preventDefault(); });
addEventListener("drop", async e => {
  const box = full(e), files = e.dataTransfer && e.dataTransfer.files;
  if (!box) return;
  e.preventDefault();
  box.querySelector("button[aria-label=Clear]").click();
  for (let i = 0, input; i < 50; i++) {
    await new Promise(done => setTimeout(done, 20));
    if ((input = box.querySelector("input[type=file]"))) {
      input.files = files;
      return input.dispatchEvent(new Event("change", {bubbles: true}));
    }
  }
});
</script>"""
"""For the head of the page: a photo dropped on a box that holds one takes its place (gradio takes none then, and the
browser would leave the page to show the photo)."""
SHOWN_S = 10
"""Seconds that a message stays on the page, where it is shown as one."""


@dataclass(frozen=True)
class Photo:
    """An uploaded file: where it lies on this machine, and the name it had on the visitor's."""

    path: Path
    name: str


def upload_box(label: str, *, several: bool = False) -> gr.File:
    """A file box whose value is a Photo (a list of them with ``several``, None when empty), and that follows no link.

    gr.Image would open and, in most settings, re-encode a photo before it is judged; gr.File hands it over as it came,
    but downloads it itself when a client sends a link. Methods of the one instance are replaced, because gradio writes
    a stub file beside the source of every subclass when it is imported.
    """
    count = "multiple" if several else "single"
    box = gr.File(label=label, file_count=count, file_types=KINDS, height=180, elem_classes="iqa-drop")
    move, async_move = box.move_resource_to_block_cache, box.async_move_resource_to_block_cache

    def moved(path: str | Path | None) -> str | None:
        _refuse_links(path)
        return move(path)

    async def async_moved(path: str | Path | None) -> str | None:
        _refuse_links(path)
        return await async_move(path)

    box.move_resource_to_block_cache = moved
    box.async_move_resource_to_block_cache = async_moved
    box.preprocess = partial(_photos, several=several)
    return box


def slider(low: float, high: float, value: float, label: str, step: float = 0.05) -> gr.Slider:
    """A slider that hands over every number that was typed, NaN for what is none: whoever uses it says its range.

    gradio's own check prints a stack trace on the server's terminal for a number outside.
    """
    made = gr.Slider(low, high, value=value, step=step, label=label)
    made.preprocess = _number
    return made


def _number(payload: object) -> float:
    return float(payload) if isinstance(payload, int | float) else math.nan


def _photos(payload: ListFiles | FileData | None, *, several: bool) -> Photo | list[Photo] | None:
    if payload is None:
        return None
    photos = [_photo(payload)] if isinstance(payload, FileData) else [_photo(item) for item in payload]
    return photos if several else photos[0]


def _refuse_links(path: str | Path | None) -> None:
    if path is not None and urlsplit(str(path)).scheme in {"http", "https"}:
        fail("Links are not fetched: this page makes no outgoing connection. Upload the file itself.", "Not a file")


def _photo(item: FileData) -> Photo:
    name = Path((item.orig_name or item.path).replace("\\", "/")).name
    return Photo(Path(item.path), "".join(c for c in name if c.isprintable())[:120] or "photo")


def fail(sentence: str, title: str) -> NoReturn:
    """Never returns: the sentence reaches the visitor as the verdict and a program as an error, without a stack trace.

    Raises:
        gr.Error: always; the text is escaped, because gradio renders it as HTML and file names come from outside.
    """
    raise gr.Error(escape(sentence, quote=False), title=title, duration=SHOWN_S, print_exception=False)


@contextmanager
def sentences(title: str) -> Iterator[None]:
    """A block in which an expected error of iqa becomes a message with this title."""
    try:
        yield
    except IQAError as error:
        fail(str(error), title)


def needed(photo: Photo | None) -> Photo:
    """The photo, or a friendly message when there is none."""
    if photo is None:
        fail("Drop a photo on the box, or click on one of the examples below it.", "No photo yet")
    return photo


def named(photo: Photo) -> io.BytesIO:
    """The file's bytes under the visitor's name for it, so that a message says "IMG_1.HEIC" and not where it lies."""
    file = io.BytesIO(photo.path.read_bytes())
    file.name = photo.name
    return file


def pixels(photo: Photo, *, max_side: int | None = None) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of the photo.

    Raises:
        ImageError: the file cannot be read; the message names it as the visitor does.
    """
    return image.load(named(photo), max_side=max_side, limits=LIMITS)
