"""The answers of iqa as plain dictionaries: what the command line's JSON, the page and the HTTP API hold.

Each holds the numbers and the evidence; whoever sends it puts ``file`` and ``model`` in front (`with_source`).
"""

from collections.abc import Sequence
from typing import Any

from .blur import BlurAnswer, Detection
from .burst import BurstAnswer
from .cull import Choice, Selection
from .degradations import NAMES, DegradationAnswer
from .estimator import Estimator
from .evidence import STANDS_FOR
from .lowlight import Enhancement
from .quality import QualityAnswer

Plain = dict[str, Any]


def with_source(file: str, model: Estimator, found: Plain) -> Plain:
    """The answer with the name of its photo and with who made it."""
    return {"file": file, "model": model.as_dict(), **found}


def failure(file: str, error: str) -> Plain:
    """What stands in the place of an answer: the name, ``model`` null, and why there is none."""
    return {"file": file, "model": None, "error": error}


def quality(found: QualityAnswer) -> Plain:
    """``quality``, its range, the ``category``, and the measured ``factors``; numbers in [0, 1], higher is better.

    Between ``quality_low`` and ``quality_high`` lie the ratings of nine in ten photos; null where the estimator gives
    no range. The factors are what the classical score is made of, and stand beside the score of a network.
    """
    low, high = found.interval or (None, None)
    return {
        "quality": found.quality,
        "quality_low": low,
        "quality_high": high,
        "category": found.category,
        "factors": dict(found.factors),
    }


def blur(found: BlurAnswer, detection: Detection | None = None) -> Plain:
    """The classification; with a detection also whether the photo has the type that was asked for.

    ``blur_type`` is always the top prediction, ``confidence`` its probability, and ``probabilities`` holds all four;
    ``certain`` false means "cannot tell"; ``motion`` is ``angle_deg`` and ``length_px``, null unless the type is
    motion_blurred for certain and the smear has one direction. With a detection: ``asked_type``, ``detected`` (it is
    the top prediction) and ``blur_type_probability`` (of the asked type).
    """
    motion = found.motion
    plain: Plain = {
        "blur_type": found.blur_type,
        "confidence": found.confidence,
        "probabilities": dict(found.probabilities),
        "certain": found.certain,
        "reason": found.reason,
        "motion": None if motion is None else {"angle_deg": motion.angle_deg, "length_px": motion.length_px},
    }
    if detection is not None:
        plain |= {
            "asked_type": detection.blur_type,
            "detected": detection.detected,
            "blur_type_probability": detection.blur_type_probability,
        }
    return plain


def degradations(found: DegradationAnswer) -> Plain:
    """The severities (0 = none, null = cannot tell), ``overall`` (higher is better) and the evidence in numbers.

    ``overall`` is null where nothing that counts in it could be told, ``overall_weights`` says which weights it was
    made with, ``overall_without`` what counts in it but could not be told. Of the evidence ``jpeg_quality`` stands in
    the header of the file, ``jpeg_quality_estimated`` is what the pixels were saved with, or look like (null: nothing
    to say), ``jpeg_quality_by`` which of the two ("steps", "looks"), ``native`` what the middle of a photo above .79
    megapixels looks like at its own pixels (null: of a smaller one, of one without texture there, of a long strip);
    ``watermark_box`` is x0, y0, x1, y1 in px of the photo, null where no watermark was found or none was looked for.
    ``cast_delta_e``, ``noise_sigma`` and ``edge_width_px`` are null where the severity that they stand for is.
    """
    seen = found.evidence
    measured = {name: None if found.severities[by] is None else getattr(seen, name) for name, by in STANDS_FOR.items()}
    return {
        **{name: found.severities[name] for name in NAMES},
        "overall": found.overall,
        "overall_weights": found.overall_weights,
        "overall_without": list(found.overall_without),
        "evidence": {
            "illuminant": list(seen.illuminant),
            **measured,
            "clipped_shadows": seen.clipped_shadows,
            "clipped_highlights": seen.clipped_highlights,
            "mean_luminance": seen.mean_luminance,
            "blockiness": seen.blockiness,
            "jpeg_quality": seen.jpeg_quality,
            "jpeg_quality_estimated": seen.jpeg_quality_estimated,
            "jpeg_quality_by": seen.jpeg_quality_by,
            "native": None if seen.native is None else dict(seen.native),
            "watermark_box": None if seen.watermark_box is None else list(seen.watermark_box),
        },
    }


def burst(found: BurstAnswer | None, failed: Sequence[tuple[str, str]] = ()) -> Plain:
    """The verdict and the ranking, best first, and the ``failed`` files with the reason.

    ``model``, ``best``, ``too_close``, ``margin`` and ``sentence`` are null, the ranking is empty, when fewer than two
    frames could be read (None). One object holds the whole burst, so ``model`` stands in it, and ``beside``: the
    networks that told the factors with it.

    Args:
        found: the ranking of the readable frames.
        failed: name and sentence of each file that could not be read.
    """
    return {
        "model": found and found.model.as_dict(),
        "beside": [one.as_dict() for one in found.beside] if found else [],
        "best": found and found.best.name,
        "too_close": found and found.too_close,
        "margin": found and found.margin,
        "sentence": found and found.sentence,
        "ranking": [
            {
                "rank": frame.rank,
                "file": frame.name,
                "score": frame.score,
                "margin_to_next": frame.margin_to_next,
                "factors": dict(frame.factors),
                "note": frame.note,
            }
            for frame in (found.ranking if found else ())
        ],
        "failed": [failure(name, sentence) for name, sentence in failed],
    }


def selection(found: Selection) -> Plain:
    """The choice among many photos: group by group, best first, and the ``failed`` files with the reason.

    Every photo stands in one of the two. ``keep`` says whether it is to be kept, ``why`` the reason; ``score`` (0 to 1,
    higher is better, null when it was compared with none) counts within the group; ``captured`` is the camera's local
    time, or null. ``model`` made the scores; null when nothing was compared; ``beside`` are the networks that told the
    factors with it.
    """
    return {
        "model": found.model and found.model.as_dict(),
        "beside": [one.as_dict() for one in found.beside],
        "sentence": found.sentence,
        "groups": [
            {
                "group": ranked.number,
                "too_close": ranked.too_close,
                "margin": ranked.found and ranked.found.margin,
                "sentence": ranked.sentence,
                "ranking": [_choice(choice) for choice in ranked.choices],
            }
            for ranked in found.groups
        ],
        "failed": [{**failure(choice.name, choice.error or ""), "keep": choice.keep} for choice in found.failed],
    }


def _choice(choice: Choice) -> Plain:
    return {
        "rank": choice.rank,
        "file": choice.name,
        "keep": choice.keep,
        "why": choice.why,
        "score": choice.score,
        "margin_to_next": choice.margin_to_next,
        "factors": dict(choice.factors),
        "note": choice.note,
        "captured": choice.captured and choice.captured.isoformat(),
    }


def lowlight(found: Enhancement) -> Plain:
    """Whether the photo needed it and why, what was done, and its mean luminance in [0, 1] before and after."""
    return {
        "applied": found.applied,
        "needed": found.need.needed,
        "reason": found.need.reason,
        "strength": found.strength,
        "mean_luminance": {"before": found.mean_luminance_before, "after": found.mean_luminance_after},
    }
