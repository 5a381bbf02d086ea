"""Burst selection: frames in, a ranked gallery with the best marked out."""

from html import escape
from typing import Any

import gradio as gr

from iqa import burst, ranking
from iqa.burst import BurstAnswer, Frame
from iqa.errors import ImageError
from iqa.table import csv_file

from . import answer, pictures, show
from .downloads import new_file
from .examples import Examples
from .upload import Photo, fail, pixels, sentences, upload_box
from .wiring import Results, Source, download, numbers, shelf, verdict_card, wire

SENTENCE = "Which frame of a series to keep: all frames ranked, best first, with the reason. Nothing is ever deleted."
INVITATION = f"Add {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames of one scene, or click on an example."
Failed = list[tuple[str, str]]
"""Name and sentence of each file that could not be read."""
EXPORT = "Download the ranking (CSV)"


def judge(photos: list[Photo] | None, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - gradio finds it by its default
    """Ranks the frames of a burst. Returns the numbers, verdict, gallery, table and the list as a CSV file."""
    if not photos:
        fail(INVITATION, "No frames yet")
    if not burst.MIN_FRAMES <= len(photos) <= burst.MAX_FRAMES:
        fail(f"A burst has {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames; {len(photos)} came.", "Not a burst")
    with sentences("This burst could not be ranked"):
        frames, names, failed = _read(photos, progress)
        if len(frames) < burst.MIN_FRAMES:
            fail(f"Too few readable frames to compare. {' '.join(sentence for _, sentence in failed)}", "Not a burst")
        found = burst.rank(
            frames,
            names=names,
            progress=lambda done, total: progress((len(photos) + done, len(photos) + total), desc="Comparing frames"),
        )
    gallery = [(frames[frame.index], _caption(frame, found.too_close)) for frame in found.ranking]
    exported = download(EXPORT, _export(found, failed))
    return answer.burst(found, failed), _verdict(found, failed), gallery, _table(found), exported


def _read(photos: list[Photo], progress: gr.Progress) -> tuple[list[pictures.Pixels], list[str], Failed]:
    """Pixels and names of the readable frames, and a sentence for each file that is not."""
    frames: list[pictures.Pixels] = []
    names: list[str] = []
    failed: Failed = []
    for i, photo in enumerate(photos):
        progress((i, 2 * len(photos)), desc=f"Reading {photo.name}")
        try:
            frames.append(pixels(photo, max_side=burst.FRAME_SIDE))
            names.append(photo.name)
        except ImageError as error:
            failed.append((photo.name, str(error)))
    return frames, names, failed


def _caption(frame: Frame, too_close: bool) -> str:
    """Rank, whether to keep it, score, what is weaker, name; the style sheet puts a badge on what is to be kept."""
    mark = "either" if too_close and frame.rank <= 2 else "best" if frame.rank == 1 else ""
    return " · ".join(filter(None, [f"#{frame.rank}", mark, f"{frame.score:.2f}", frame.note, frame.name]))


def _verdict(found: BurstAnswer, failed: Failed) -> str:
    title = "Too close to call" if found.too_close else f"Keep {found.best.name}"
    said = found.sentence.removeprefix(f"{title}: ")
    said = said if found.too_close else said[:1].upper() + said[1:]  # the other sentence starts with a name
    left_out = "".join(f"<li>{escape(name)}: {escape(sentence)}</li>" for name, sentence in failed)
    extra = f'<div class="iqa-warning">Left out, the others are ranked:<ul>{left_out}</ul></div>' if failed else ""
    return show.card(title, said, tone="fair" if found.too_close else "good", extra=extra)


def _table(found: BurstAnswer) -> str:
    factors = [show.FACTORS[name] for name in found.best.factors]
    head = ("Rank", "Frame", "Score", "Weaker in", "Ahead of next by", *factors)
    rows = [
        (
            str(frame.rank),
            frame.name,
            f"{frame.score:.3f}",
            frame.note or "–",
            "" if frame.margin_to_next is None else f"{frame.margin_to_next:.3f}",
            *(f"{value:.2f}" for value in frame.factors.values()),
        )
        for frame in found.ranking
    ]
    note = "Scores, margins and factors are in [0, 1]; higher is better."
    return show.table(head, rows) + f'<p class="iqa-note">{note}</p>' + show.made_by(found.model)


def _export(found: BurstAnswer, failed: Failed) -> str:
    """Path of the ranking as a CSV file: the choice to work on with, in the file manager or the photo library."""
    path = new_file("burst_ranking.csv")
    with csv_file(ranking.COLUMNS, path, overwrite=False) as write:
        for row in ranking.records(found, failed):
            write(row)
    return str(path)


def build(examples: Examples) -> None:
    """Draws the tab."""
    with gr.Row(elem_classes="iqa-page"):
        with gr.Column(scale=4, min_width=300):
            upload = upload_box("Frames of one scene (2 to 50)", several=True)
            button = gr.Button("Rank the frames", variant="primary")
            gallery = shelf(examples.burst)
        with gr.Column(scale=8, min_width=300):
            verdict = verdict_card(INVITATION, height=96)
            ranked = gr.Gallery(
                label="ranked", show_label=False, columns=3, height="auto", object_fit="contain", format="jpeg",
                interactive=False, buttons=["fullscreen"], elem_classes="iqa-ranked",
            )  # fmt: skip
            table = gr.HTML(label="table")
            export = download(EXPORT)
            gr.HTML('<p class="iqa-note">Nothing is deleted or moved: the list only says which frame to keep.</p>')
            plain = numbers()
    wire(
        judge, Source(upload, button, gallery, examples.burst), [],
        Results([plain, verdict, ranked, table, export], verdict, INVITATION), name="burst",
    )  # fmt: skip
