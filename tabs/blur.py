"""Blur type: one photo in; which kind of blur it has, where it is sharp, and how sure the estimate is."""

from typing import Any

import gradio as gr
import numpy as np

from iqa import blur
from iqa.blur import BlurAnswer, Detection

from . import answer, pictures, show
from .examples import Examples
from .upload import Photo, needed, pixels, sentences, upload_box
from .wiring import Results, Source, map_legend, numbers, picture, shelf, verdict_card, wire

SENTENCE = "What kind of blur a photo has – subject or all of it out of focus, or motion – and where it is sharp."
INVITATION = "Add a photo, or click on an example, to see what kind of blur it has."
ALL = "all"
PROBABILITY = "Probability of each type"
STROKE = "linear-gradient(115deg, #9ca3af 40%, #fff 40% 60%, #9ca3af 60%)"
"""How the legend shows a line of the map."""
LABELS = {
    "sharp": "Sharp",
    "defocused_object_portrait": "Subject out of focus",
    "defocused_blurred": "Everything out of focus",
    "motion_blurred": "Motion blur",
}


def judge(photo: Photo | None, blur_type: str = ALL) -> tuple[Any, ...]:
    """Classifies the blur of a photo. Returns the numbers, verdict, photo, sharpness map and probability bars."""
    photo = needed(photo)
    with sentences("This photo could not be judged"):
        image = pixels(photo)
        found = blur.classify(image)
        detection = None if blur_type == ALL else blur.detect(found, blur_type)
    seen = pictures.strokes(pictures.heat_map(image, found.sharpness_map), found.motion_map)
    if found.motion is not None:
        seen = pictures.arrow(seen, found.motion, image.shape[1])
    verdict = _verdict(found) if detection is None else _detection(found, detection)
    return (
        answer.blur(photo.name, found, detection),
        verdict,
        pictures.small(image),
        seen,
        _bars(found, blur_type) + _facts(found, image.shape[1]) + show.made_by(found.model),
    )


def _flat(found: BlurAnswer) -> bool:
    """Whether there is too little texture for any type to be named."""
    return float(np.isfinite(found.sharpness_map).mean()) < blur.TEXTURE


def _verdict(found: BlurAnswer) -> str:
    top = LABELS[found.blur_type]
    if found.certain:
        return show.card(top, found.reason, tone=_tone(found))
    nearest = "" if _flat(found) else f"The nearest is “{top}” ({found.confidence:.2f}). "
    return show.card("Cannot tell", nearest + found.reason, tone=_tone(found))


def _tone(found: BlurAnswer) -> str:
    return "fair" if not found.certain else "good" if found.blur_type == "sharp" else "bad"


def _detection(found: BlurAnswer, detection: Detection) -> str:
    """The answer for the type that was asked for; what the photo has comes first, because that is what matters."""
    asked, top = LABELS[detection.blur_type].lower(), LABELS[found.blur_type].lower()
    if not found.certain:
        title = f"Cannot tell whether it is {asked}"
    else:
        title = f"Yes: {asked}" if detection.detected else f"Not {asked}: it is {top}"
    if _flat(found):
        return show.card(title, found.reason, tone=_tone(found))
    rows = [show.Fact(f"Top type: {top}", f"{found.confidence:.2f}", "probability, 1 = certain")]
    if not detection.detected:
        rows.append(show.Fact(f"Asked for: {asked}", f"{detection.blur_type_probability:.2f}", rows[0].direction))
    return show.card(title, found.reason, tone=_tone(found), extra=show.facts(rows))


def _bars(found: BlurAnswer, blur_type: str) -> str:
    if _flat(found):
        return f"<h4>{PROBABILITY}</h4>" + show.bars(
            [show.Bar(label, None, word="cannot tell") for label in LABELS.values()], low="impossible", high="certain"
        )
    rows = []
    for name, value in sorted(found.probabilities.items(), key=lambda item: -item[1]):
        words = [word for word, fits in (("top", name == found.blur_type), ("asked for", name == blur_type)) if fits]
        rows.append(show.Bar(LABELS[name], value, word=", ".join(words)))
    return f"<h4>{PROBABILITY}</h4>" + show.bars(rows, low="impossible", high="certain")


def _facts(found: BlurAnswer, width: int) -> str:
    known = found.sharpness_map[np.isfinite(found.sharpness_map)]
    textured = known.size / found.sharpness_map.size
    rows = [
        show.Fact("Area with texture", f"{100 * textured:.0f} % of the photo", "the rest cannot be judged"),
    ]
    if known.size:
        rows.append(show.Fact("Median sharpness there", f"{np.median(known):.2f}", "0 = soft, 1 = sharp"))
    if found.motion is not None:
        share = f"{100 * found.motion.length_px / width:.1f} % of the width, 0 = none"
        rows.append(show.Fact("Motion angle", f"{found.motion.angle_deg:.0f}°", "counter-clockwise from horizontal"))
        rows.append(show.Fact("Motion length", f"{found.motion.length_px:.1f} px", share))
    return show.facts(rows)


def build(examples: Examples) -> None:
    """Draws the tab."""
    with gr.Row(elem_classes="iqa-page"):
        with gr.Column(scale=4, min_width=300):
            upload = upload_box("Photo")
            asked = gr.Radio(
                [("Show all types", ALL), *((LABELS[name], name) for name in blur.SELECTABLE)],
                value=ALL, label="Blur type to check for",
            )  # fmt: skip
            button = gr.Button("Find the blur type", variant="primary")
            gallery = shelf(examples.blur)
        with gr.Column(scale=8, min_width=300):
            verdict = verdict_card(INVITATION, height=96)
            with gr.Row():
                photo, seen = picture("Photo", 340), picture("Where it is sharp, soft or moving", 340)
            map_legend((STROKE, "lines: moving, along the line"))
            bars = gr.HTML(label="probabilities", min_height=300)
            plain = numbers()
    wire(
        judge, Source(upload, button, gallery, examples.blur), [asked],
        Results([plain, verdict, photo, seen, bars], verdict, INVITATION), name="blur",
    )  # fmt: skip
