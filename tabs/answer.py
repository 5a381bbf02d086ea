"""The answers as the page and the HTTP API send them: those of iqa.answer, with the photo's name and who made them."""

from collections.abc import Sequence

from iqa import answer as plain
from iqa.answer import Plain
from iqa.blur import BlurAnswer, Detection
from iqa.burst import BurstAnswer
from iqa.cull import Selection
from iqa.degradations import DegradationAnswer
from iqa.lowlight import Enhancement
from iqa.quality import QualityAnswer

__all__ = ["ABOUT", "Plain", "blur", "burst", "degradations", "failure", "lowlight", "quality", "selection"]

ABOUT = {
    "blur": (
        "`blur_type`: the top prediction; `confidence`: its probability; `probabilities` of all four types; `certain`: "
        "false means 'cannot tell'; `reason`; `motion`: `angle_deg` counter-clockwise and `length_px`, null unless the "
        "type is motion_blurred for certain and the smear has one direction. With ?blur_type=: also `asked_type`, "
        "`detected`: whether it is the top prediction, and `blur_type_probability`: the probability of the asked type."
    ),
    "quality": (
        "`quality`, 0 to 1, higher is better; `quality_low` and `quality_high`, between which people's ratings of 9 "
        "photos in 10 lie; its `category`; the `factors`, measured beside it, each 0 to 1, 1 = best."
    ),
    "degradations": (
        "Severities, 0 = none to 1, null = cannot tell; `overall`, 0 to 1, higher is better, or null, by the weights "
        "that `overall_weights` names; `overall_without`: what could not be told and counts as 0 in it; the `evidence` "
        "in numbers: `noise_sigma` in grey levels, `jpeg_quality` of the file, `jpeg_quality_estimated`: what the "
        "pixels were saved with (`jpeg_quality_by` is steps), or look like (looks), null = nothing to say; `native`: "
        "blurriness, noise and compression in the middle of a photo above .79 megapixels at its own pixels, null = of "
        "a smaller one, of one without texture there, of a long strip; `cast_delta_e`, `noise_sigma` and "
        "`edge_width_px` are null where the severity that they stand for is; "
        "`watermark_box` is null here: it is not looked for."
    ),
}
"""What the JSON of one photo holds beside ``file`` and ``model``, for the description of the API."""

failure = plain.failure


def quality(name: str, found: QualityAnswer) -> Plain:
    """Quality, range, category and factors; see iqa.answer.quality."""
    return plain.with_source(name, found.model, plain.quality(found))


def blur(name: str, found: BlurAnswer, detection: Detection | None = None) -> Plain:
    """The classification, with a detection also the answer for the asked type; see iqa.answer.blur."""
    return plain.with_source(name, found.model, plain.blur(found, detection))


def degradations(name: str, found: DegradationAnswer) -> Plain:
    """The severities, the overall and the evidence; see iqa.answer.degradations."""
    return plain.with_source(name, found.model, plain.degradations(found))


def burst(found: BurstAnswer, failed: Sequence[tuple[str, str]]) -> Plain:
    """The ranking, best first, and the files that could not be read; see iqa.answer.burst."""
    return plain.burst(found, failed)


def selection(found: Selection) -> Plain:
    """The choice among many photos, group by group; see iqa.answer.selection."""
    return plain.selection(found)


def lowlight(name: str, found: Enhancement, before: QualityAnswer, after: QualityAnswer) -> Plain:
    """What was done, see iqa.answer.lowlight, and the quality before and after."""
    both = {"before": before.quality, "after": after.quality, "model": before.model.as_dict()}
    return plain.with_source(name, found.model, plain.lowlight(found) | {"quality": both})
