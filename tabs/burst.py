"""Burst selection: frames in, a ranked gallery with the best marked out; a whole card in, the best of each burst."""

from html import escape
from typing import Any

import gradio as gr

from iqa import burst, cull, ranking
from iqa.burst import BurstAnswer, Frame
from iqa.errors import ArgumentError, ImageError
from iqa.table import csv_file

from . import answer, card, faults, pictures, show
from .downloads import new_file
from .examples import Examples
from .upload import Photo, fail, pixels, sentences, slider, upload_box
from .wiring import Results, Source, download, numbers, publish, shelf, verdict_card, wire

SENTENCE = "Which frame of a series to keep: all frames ranked, best first, with the reason. Nothing is ever deleted."
INVITATION = (
    f"Add {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames of one scene, or a whole card of up to {card.MOST} photos, "
    "or click on an example."
)
SCENE, CARD = "One scene", "Whole card"
"""What an upload is: the frames of one burst, or photos among which the bursts are yet to be found."""
MOST_KEPT = 5
DRAWN = 12
"""Frames of one scene whose faults are drawn."""
KINDS = f"{SCENE}: every frame is ranked. {CARD}: bursts are found by time and look, and ranked one by one."
Failed = list[tuple[str, str]]
"""Name and sentence of each file that could not be read."""
EXPORT, LIST = "Download the ranking (CSV)", "Download the names to keep"


def judge(photos: list[Photo] | None, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - gradio finds it by its default
    """Ranks the frames of a burst. Returns the numbers, verdict, gallery, table and the list as a CSV file."""
    plain, said, gallery, _, table, exported, _ = _scene(photos, 1, progress)
    return plain, said, gallery, table, exported


def judge_card(
    photos: list[Photo] | None,
    keep: float = 1,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 - as above
) -> tuple[Any, ...]:
    """Chooses the best of each burst of a card. Returns the numbers, verdict, groups, a CSV file and the keep list."""
    plain, said, _, groups, _, exported, listed = _card(photos, keep, progress)
    return plain, said, groups, exported, listed


def show_page(
    photos: list[Photo] | None,
    kind: str,
    keep: float,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 - as above
) -> tuple[Any, ...]:
    """What the page shows of an upload; more photos than a burst may have are a card, whatever was chosen."""
    whole = kind == CARD or len(photos or ()) > burst.MAX_FRAMES
    plain, said, gallery, *others = (_card if whole else _scene)(photos, keep, progress)
    return plain, said, gr.Gallery(value=gallery, visible=not whole), *others


def _scene(photos: list[Photo] | None, keep: float, progress: gr.Progress) -> tuple[Any, ...]:
    if not photos:
        fail(INVITATION, "No frames yet")
    if not burst.MIN_FRAMES <= len(photos) <= burst.MAX_FRAMES:
        fail(f"A burst has {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames; {len(photos)} came.", "Not a burst")
    with sentences("This burst could not be ranked"):
        kept = _kept(keep)
        frames, names, failed = _read(photos, progress)
        if len(frames) < burst.MIN_FRAMES:
            fail(f"Too few readable frames to compare. {' '.join(sentence for _, sentence in failed)}", "Not a burst")
        found = burst.rank(
            frames,
            names=names,
            progress=lambda done, total: progress((len(photos) + done, len(photos) + total), desc="Comparing frames"),
        )
    gallery = [(frames[frame.index], _caption(frame, found.too_close)) for frame in found.ranking]
    chosen = cull.choices(found, kept)
    drawn = card.runners_up(chosen, [frames[choice.index] for choice in chosen], most=DRAWN)
    marks = show.legend("", "", "", *faults.LEGEND)
    others = f'<h4>What is wrong with the others</h4>{marks}<div class="iqa-few">{drawn}</div>'
    # What could not be read was not judged: it stays on the list of what is kept.
    names_kept = [choice.name for choice in chosen if choice.keep] + [name for name, _ in failed]
    exported, listed = download(EXPORT, _export(found, failed)), download(LIST, card.keep_list(names_kept))
    return answer.burst(found, failed), _verdict(found, failed), gallery, others, _table(found), exported, listed


def _card(photos: list[Photo] | None, keep: float, progress: gr.Progress) -> tuple[Any, ...]:
    if not photos:
        fail(INVITATION, "No photos yet")
    if len(photos) > card.MOST:
        fail(f"{len(photos)} photos came; this page takes {card.MOST}. The command line takes any number.", "Too many")
    uploads = [card.Upload(photo) for photo in photos]
    album = card.Album(uploads)
    with sentences("This card could not be sorted"):
        found = cull.choose(
            uploads, keep=_kept(keep), jobs=2, see=album.add,
            progress=lambda what, done, total: progress((done, total), desc=what),
        )  # fmt: skip
    if not found.groups:
        fail(f"None of the photos can be read. {found.failed[0].error}", "No photos")
    failed = [(choice.name, choice.error or "") for choice in found.failed]
    title, _, rest = found.sentence.partition(": ")
    said = show.card(title, rest[:1].upper() + rest[1:], tone="good", extra=_left_out(failed, "Kept, but not judged:"))
    exported = download(EXPORT, card.export(found))
    listed = download(LIST, card.keep_list([choice.name for choice in found.choices if choice.keep]))
    return answer.selection(found), said, None, album.html(found), "", exported, listed


def _kept(keep: float) -> int:
    """How many of each group to keep. Raises ArgumentError outside its range."""
    if not (1 <= keep <= MOST_KEPT and keep == int(keep)):
        raise ArgumentError(f"Keep a whole number from 1 to {MOST_KEPT} of each group, found {keep}.")
    return int(keep)


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
    extra = _left_out(failed, "Left out, the others are ranked:")
    return show.card(title, said, tone="fair" if found.too_close else "good", extra=extra)


def _left_out(failed: Failed, title: str) -> str:
    """HTML of the files that could not be read, with their reasons; empty when there are none."""
    rows = "".join(f"<li>{escape(name)}: {escape(sentence)}</li>" for name, sentence in failed)
    return f'<div class="iqa-warning">{title}<ul>{rows}</ul></div>' if failed else ""


def _table(found: BurstAnswer) -> str:
    measured = list(found.best.factors)
    head = ("Rank", "Frame", "Score", "Weaker in", "Ahead of next by", *(show.FACTORS[name] for name in measured))
    rows = [
        (
            str(frame.rank),
            frame.name,
            f"{frame.score:.3f}",
            frame.note or "–",
            "" if frame.margin_to_next is None else f"{frame.margin_to_next:.3f}",
            *(f"{frame.factors[name]:.2f}" if name in frame.factors else "–" for name in measured),
        )
        for frame in found.ranking
    ]
    note = (
        "Scores and factors are in [0, 1]; higher is better. A network's score decides when it differs by "
        f"{burst.DECIDES} or more; between closer ones the factors count too: measured, and what the networks "
        "beside it see."
    )
    return show.table(head, rows) + f'<p class="iqa-note">{note}</p>' + show.made_by(found.model, *found.beside)


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
            upload = upload_box(f"Frames of one scene, or a whole card (up to {card.MOST})", several=True)
            kind = gr.Radio([SCENE, CARD], value=SCENE, label="What you add", info=KINDS)
            keep = slider(1, MOST_KEPT, 1, "Keep of each group", step=1)
            button = gr.Button("Rank the frames", variant="primary")
            gallery = shelf(examples.burst)
        with gr.Column(scale=8, min_width=300):
            verdict = verdict_card(INVITATION, height=96)
            ranked = gr.Gallery(
                label="ranked", show_label=False, columns=3, height="auto", object_fit="contain", format="jpeg",
                interactive=False, buttons=["fullscreen"], elem_classes="iqa-ranked",
            )  # fmt: skip
            table = gr.HTML(label="table")
            groups = gr.HTML(label="groups")
            with gr.Row():
                export, listed = download(EXPORT), download(LIST)
            gr.HTML('<p class="iqa-note">Nothing is deleted or moved: the lists only say which photos to keep.</p>')
            plain = numbers()
    results = Results([plain, verdict, ranked, groups, table, export, listed], verdict, INVITATION)
    wire(show_page, Source(upload, button, gallery, examples.burst), [kind, keep], results, name=None)
    publish(judge, [upload], [plain, verdict, ranked, table, export], name="burst")
    publish(judge_card, [upload, keep], [plain, verdict, groups, export, listed], name="card")
