"""Low light: one photo in; the enhanced photo beside it, with a gate for photos that do not need it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from iqa import export, lowlight, quality
from iqa.lowlight import Enhancement
from iqa.measures import analysis_luma, noise_sigma
from iqa.quality import QualityAnswer
from iqa.resize import reduced

from . import answer, pictures, show
from .downloads import new_file
from .examples import Examples
from .upload import Photo, needed, pixels, sentences, slider, upload_box
from .wiring import Results, Source, download, numbers, shelf, verdict_card, wire

SENTENCE = "Gives light to a dark photo at its full size, and says when a photo does not need it."
INVITATION = "Add a dark photo, or click on an example, to see it before and after."
CALM = "This photo does not need it"
KINDS = ("jpeg", "png")
LABEL = "Download {}, full size"
ABOUT_FILES = (
    f"PNG is lossless, JPEG (quality {export.QUALITY}) is smaller; both hold every pixel of the photo in sRGB. "
    "Camera, exposure and date are copied from the EXIF of the photo; the place (GPS) never is."
)


def judge(
    photo: Photo | None,
    strength: float = 1.0,
    force: bool = False,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds it by its default
) -> tuple[Any, ...]:
    """Enhances a photo. Returns the numbers, verdict, before/after pair, histograms, and the photo as JPEG and PNG."""
    photo = needed(photo)
    with sentences("This photo could not be enhanced"):
        progress(0.1, desc="Reading the photo")
        image = pixels(photo)
        progress(0.3, desc="Raising the dark parts")
        found = lowlight.enhance(image, strength=strength, force=force)
        progress(0.6, desc="Measuring the result")
        before = _look(image)
        after = _look(found.image) if found.applied else before
    files: list[str | None] = [None for _ in KINDS]
    if found.applied:
        progress(0.8, desc="Writing the downloads")
        files = [_save(found.image, photo, kind) for kind in KINDS]
    return (
        answer.lowlight(photo.name, found, before.quality, after.quality),
        _verdict(found),
        (before.shown, after.shown),
        _measured(found, before, after),
        *(download(LABEL.format(kind.upper()), file) for kind, file in zip(KINDS, files, strict=True)),
    )


@dataclass(frozen=True)
class _Look:
    """One side of the comparison: its display copy, its quality, and its noise sigma in grey levels."""

    shown: pictures.Pixels
    quality: QualityAnswer
    noise: float


def _look(image: pictures.Pixels) -> _Look:
    # Both sides are reduced alike: what is enhanced exists as pixels alone, and cannot be read at READ_SIDE.
    score = quality.score(reduced(image, quality.READ_SIDE))
    return _Look(pictures.small(image), score, noise_sigma(analysis_luma(image)))


def _save(image: pictures.Pixels, photo: Photo, kind: str) -> str:
    """Path of the enhanced photo in its full size, with an sRGB profile and the EXIF that a copy may carry."""
    suffix = export.EXTENSIONS[kind][0]
    path = new_file(f"{Path(photo.name).stem or 'photo'}_enhanced{suffix}")
    export.save_photo(image, path, file_format=kind, exif=export.kept_exif(photo.path))
    return str(path)


def _verdict(found: Enhancement) -> str:
    if found.applied:
        title = "Enhanced" if found.need.needed else "Enhanced, though it does not need it"
        return show.card(title, found.need.reason, tone="good" if found.need.needed else "fair")
    reason = found.need.reason.removeprefix(f"{CALM}: ")
    said = f"{reason[:1].upper()}{reason[1:]} The photo is shown unchanged."
    if found.strength == 0:
        return show.card("Unchanged", said)
    return show.card("Does not need it", f"{said} Tick “Enhance anyway” to enhance it all the same.", tone="good")


def _change(before: float, after: float) -> str:
    return f"{before:.2f} → {after:.2f}"


def _measured(found: Enhancement, old: _Look, new: _Look) -> str:
    luminance = (found.mean_luminance_before, found.mean_luminance_after)
    before, after = old.quality, new.quality
    categories = f"0 to 1, higher is better; {before.category} → {after.category}"
    rows = [
        show.Fact("Mean luminance", _change(*luminance), "0 = black, 1 = white"),
        show.Fact(
            "Noise sigma",
            _change(old.noise, new.noise),
            "grey levels of 255, 0 = none; brighter light shows more of it",
        ),
        show.Fact("Quality", _change(before.quality, after.quality), categories),
    ]
    for name, value in before.factors.items():
        change = _change(value, after.factors[name])
        rows.append(show.Fact(f"– {show.FACTORS[name].lower()}", change, "measured, 0 to 1, higher is better"))
    rows.append(show.Fact("Strength", f"{found.strength:.2f}", "0 = unchanged, 1 = full effect"))
    key = show.legend("", "", "", ("var(--iqa-before)", "before"), ("var(--iqa-after)", "after"))
    return (
        f"<h4>Luminance, before and after</h4>{key}{pictures.histogram(old.shown, new.shown)}"
        + show.facts(rows)
        + show.made_by(found.model, before.model)
    )


def build(examples: Examples) -> None:
    """Draws the tab."""
    with gr.Row(elem_classes="iqa-page"):
        with gr.Column(scale=4, min_width=300):
            upload = upload_box("Photo")
            strength = slider(0, 1, 1, "Strength (0 = unchanged, 1 = full)")
            force = gr.Checkbox(label="Enhance anyway, also when the photo does not need it")
            button = gr.Button("Enhance the photo", variant="primary")
            gallery = shelf(examples.lowlight)
        with gr.Column(scale=8, min_width=300):
            verdict = verdict_card(INVITATION, height=96)
            pair = gr.ImageSlider(
                label="Before | after – drag the line", format="png", height=440, max_height=440,
                interactive=False, buttons=["fullscreen"], elem_classes="iqa-pair",
            )  # fmt: skip
            with gr.Row():
                files = [download(LABEL.format(kind.upper())) for kind in KINDS]
            gr.HTML(f'<p class="iqa-note">{ABOUT_FILES}</p>')
            measured = gr.HTML(label="measured", min_height=560)
            plain = numbers()
    wire(
        judge, Source(upload, button, gallery, examples.lowlight), [strength, force],
        Results([plain, verdict, pair, measured, *files], verdict, INVITATION), name="lowlight",
    )  # fmt: skip
