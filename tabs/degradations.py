"""Degradations: one photo in; its quality, a severity per degradation, and the evidence as pictures."""

from typing import Any

import gradio as gr
import numpy as np

from iqa import degradations, quality, watermark
from iqa import image as images
from iqa.degradations import DegradationAnswer
from iqa.evidence import LOOKS, STANDS_FOR, STEPS, Evidence
from iqa.quality import QualityAnswer
from iqa.srgb import from_linear

from . import answer, pictures, show
from .examples import Examples
from .upload import Photo, named, needed, pixels, sentences, upload_box
from .wiring import Results, Source, map_legend, numbers, picture, shelf, shown, verdict_card, wire

SENTENCE = "How much color cast, blur, watermark, noise, wrong exposure or compression a photo has, and the evidence."
INVITATION = "Add a photo, or click on an example, to see its quality and what lowers it."
LABELS = {
    "color_cast": "Color cast",
    "blurriness": "Blurriness",
    "watermark": "Watermark",
    "noise": "Noise",
    "exposure": "Exposure error",
    "compression": "Compression",
}
WORDS = ((0.05, "none", "good"), (0.5, "slight", "fair"), (1.01, "strong", "bad"))
"""Below the first value, the word and the tone; the value as it is shown, with two digits. Severities are medians: a
faint damage is answered with little, and so "none" ends early. Of clean validation photos up to 4 % lie above, per
severity: a word is no verdict."""
UNKNOWN = "cannot tell"


def judge(photo: Photo | None) -> tuple[Any, ...]:
    """Assesses a photo. Returns the numbers, quality, severities, five pictures of evidence, and the evidence.

    The fifth shows what looks like a watermark that has a word, and is made only then: it takes some seconds.
    """
    photo = needed(photo)
    with sentences("This photo could not be judged"):
        image = pixels(photo)
        score = quality.score(pixels(photo, max_side=quality.READ_SIDE))
        found = degradations.assess(image, jpeg_quality=images.info(named(photo)).jpeg_quality)
        found = watermark.located(image, found, least=WORDS[0][0])
    seen = found.evidence
    numbers_of_both = answer.degradations(photo.name, found) | {"quality": answer.quality(photo.name, score)}
    return (
        numbers_of_both,
        _verdict(found, score),
        _severities(found, score),
        pictures.small(image),
        pictures.small(seen.corrected),
        pictures.small(seen.clipped),
        pictures.heat_map(image, seen.sharpness_map),
        shown(_marked(image, seen)),
        _evidence(found),
    )


def word(severity: float | None) -> tuple[str, str]:
    """The word for a severity in [0, 1] and its tone; None is "cannot tell"."""
    if severity is None:
        return UNKNOWN, "plain"
    return next((name, tone) for limit, name, tone in WORDS if float(f"{severity:.2f}") < limit)


def verdict(severities: dict[str, float | None]) -> tuple[str, str, str]:
    """Headline, sentence and tone: from the worst severity, then the others that count, then what cannot be told.

    Args:
        severities: by name, [0, 1], 0 = none, None = cannot tell.
    """
    known = {name: value for name, value in severities.items() if value is not None}
    worst = sorted(known, key=lambda name: -known[name])
    found = [f"{word(known[name])[0]} {LABELS[name].lower()}" for name in worst if word(known[name])[0] != "none"]
    unknown = [LABELS[name].lower() for name in LABELS if severities[name] is None]
    others = f"Also {listed(found[1:])}. " if found[1:] else ""
    doubt = f"Cannot tell: {', '.join(unknown)}." if unknown else ""
    if not known:
        return UNKNOWN.capitalize(), doubt, "plain"
    title = found[0].capitalize() if found else "No degradation found"
    return title, others + doubt, word(known[worst[0]])[1]


def listed(words: list[str]) -> str:
    """Words as people list them: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _verdict(found: DegradationAnswer, score: QualityAnswer) -> str:
    title, sentence, tone = verdict(found.severities)
    return show.quality(title, sentence, tone, score)


def _severities(found: DegradationAnswer, score: QualityAnswer) -> str:
    rows = []
    for name, severity in found.severities.items():
        text, tone = word(severity)
        rows.append(show.Bar(LABELS[name], severity, word=text, tone=tone))
    return (
        "<h4>Severity of each degradation</h4>"
        + show.bars(rows, low="none", high="severe")
        + f'<p class="iqa-note">none below {WORDS[0][0]:g}, slight below {WORDS[1][0]:g}, strong from there.</p>'
        + _overall(found)
        + show.made_by(score.model, found.model)
    )


def _overall(found: DegradationAnswer) -> str:
    """The documented overall, named by what it counts, because it is not the quality above."""
    counted = listed([LABELS[name].lower() for name in degradations.WEIGHTS if name not in found.overall_without])
    ignored = listed([LABELS[name].lower() for name in degradations.NAMES if name not in degradations.WEIGHTS])
    missing = listed([LABELS[name].lower() for name in found.overall_without])
    terms = " + ".join(f"{weight:g} × {LABELS[name].lower()}" for name, weight in degradations.WEIGHTS.items())
    if found.overall is None:
        return f'<p class="iqa-note">No overall: {missing} cannot be told.</p>'
    left_out = f" Left out, because it cannot be told: {missing}." if missing else ""
    return (
        f'<p class="iqa-note"><b>Overall of {counted}: {found.overall:.2f}</b> (0 = worst, 1 = best; {ignored} do not '
        f"count) = 1 − ({terms}).{left_out}</p>"
    )


def _marked(image: pictures.Pixels, seen: Evidence) -> pictures.Pixels | None:
    """The heat map of the watermark with its box; None where none was found."""
    if seen.watermark_map is None or seen.watermark_box is None:
        return None
    heat = np.where(seen.watermark_map > 0, seen.watermark_map, np.float32(np.nan))
    return pictures.boxed(pictures.heat_map(image, heat), seen.watermark_box, image.shape[1])


def _evidence(found: DegradationAnswer) -> str:
    seen, compression = found.evidence, found.severities["compression"]
    color = "rgb({},{},{})".format(*from_linear(np.array(seen.illuminant, np.float32)))
    saved, looks = seen.jpeg_quality, seen.jpeg_quality_estimated
    unmarked = "little or no trace of JPEG" if word(compression)[0] == WORDS[0][1] else UNKNOWN
    box = seen.watermark_box
    rows = [
        show.Fact("Cast of the light", _told(found, "cast_delta_e", "{:.1f} ΔE"), _CIELAB),
        show.Fact("Edge width", _told(found, "edge_width_px", "{:.2f} px"), _SIGMA),
        show.Fact("Noise sigma", _told(found, "noise_sigma", "{:.1f} grey levels"), "of 255, 0 = none"),
        show.Fact("Mean luminance", f"{seen.mean_luminance:.2f}", "0 = black, 1 = white"),
        show.Fact("Lost shadows", f"{100 * seen.clipped_shadows:.1f} % of the pixels", "0 = none"),
        show.Fact("Lost highlights", f"{100 * seen.clipped_highlights:.1f} % of the pixels", "0 = none"),
        show.Fact("JPEG grid", f"{seen.blockiness:.2f}", "strength of the 8 × 8 blocks, 0 = none"),
        show.Fact("JPEG quality of the pixels", _of_100(looks, unmarked), _BY[seen.jpeg_quality_by]),
        show.Fact("JPEG quality of the file", _of_100(saved, "unknown"), "higher is better; unknown for other formats"),
    ]
    rows += [
        show.Fact(f"{LABELS[name]} at full size", f"{value:.2f}", "severity in the middle, at its own pixels")
        for name, value in (seen.native or {}).items()
    ]
    if box is not None:
        place = f"{box[0]}, {box[1]} to {box[2]}, {box[3]} px"
        rows.append(show.Fact("Watermark", place, "corners of the box, from the upper left"))
    meaning = "estimated color of the light (white = neutral)"
    swatch = f'<div class="iqa-swatch"><i style="background:{color}"></i>{meaning}</div>'
    return f"<h4>The numbers behind it</h4>{swatch}{show.facts(rows)}"


_CIELAB = "CIELAB distance from neutral, 0 = neutral"
_BY = {
    STEPS: "higher is better; measured, whatever file they are in now",
    LOOKS: "higher is better; what they look like",
    None: "higher is better; told in any kind of file",
}
_SIGMA = "Gaussian sigma at analysis scale, lower is sharper"


def _told(found: DegradationAnswer, name: str, words: str) -> str:
    """A number of the evidence in these words; "cannot tell" where the severity that it stands for is not told."""
    told = found.severities[STANDS_FOR[name]] is not None
    return words.format(getattr(found.evidence, name)) if told else UNKNOWN


def _of_100(setting: int | None, unknown: str) -> str:
    return unknown if setting is None else f"{setting} of 100"


def _pictures() -> list[gr.Image]:
    titles = ("Photo", "Color cast taken out", "Lost shadows (blue) and highlights (red)", "Where it is sharp")
    drawn = []
    for pair in (titles[:2], titles[2:]):
        with gr.Row():
            drawn += [picture(title, 300) for title in pair]
    return drawn


def _mark() -> gr.Image:
    return picture("What looks like a watermark: the box; yellow = most of it", 300, visible=False)


def build(examples: Examples) -> None:
    """Draws the tab."""
    with gr.Row(elem_classes="iqa-page"):
        with gr.Column(scale=4, min_width=300):
            upload = upload_box("Photo")
            button = gr.Button("Judge the photo", variant="primary")
            gallery = shelf(examples.degradations)
        with gr.Column(scale=8, min_width=300):
            card = verdict_card(INVITATION, height=291)
            severities = gr.HTML(label="severities", min_height=372)
            drawn = _pictures()
            map_legend()
            drawn.append(_mark())
            evidence = gr.HTML(label="evidence")
            plain = numbers()
    wire(
        judge, Source(upload, button, gallery, examples.degradations), [],
        Results([plain, card, severities, *drawn, evidence], card, INVITATION), name="degradations",
    )  # fmt: skip
