"""The answers of iqa as plain dictionaries: what the JSON on the page and the HTTP API hold."""

from collections.abc import Sequence
from typing import Any

from iqa.blur import BlurAnswer, Detection
from iqa.burst import BurstAnswer
from iqa.degradations import DegradationAnswer
from iqa.lowlight import Enhancement
from iqa.quality import QualityAnswer

Plain = dict[str, Any]


def quality(name: str, found: QualityAnswer) -> Plain:
    """Quality, category and factors, all in [0, 1], higher is better."""
    return {
        "file": name,
        "model": found.model.as_dict(),
        "quality": found.quality,
        "category": found.category,
        "factors": dict(found.factors),
    }


def blur(name: str, found: BlurAnswer, detection: Detection | None = None) -> Plain:
    """The full classification; with a detection, the answer to the type that was asked for."""
    head: Plain = {"file": name, "model": found.model.as_dict()}
    common: Plain = {"certain": found.certain, "reason": found.reason, "motion": _motion(found)}
    if detection is None:
        top: Plain = {"blur_type": found.blur_type, "confidence": found.confidence}
        return head | top | {"probabilities": dict(found.probabilities)} | common
    asked: Plain = {
        "blur_type": detection.blur_type,
        "detected": detection.detected,
        "confidence": detection.confidence,
        "blur_type_probability": detection.blur_type_probability,
        "top_prediction": found.blur_type,
    }
    return head | asked | common


def _motion(found: BlurAnswer) -> Plain | None:
    if found.motion is None:
        return None
    return {"angle_deg": found.motion.angle_deg, "length_px": found.motion.length_px}


def degradations(name: str, found: DegradationAnswer) -> Plain:
    """The severities (0 = none, null = cannot tell), the overall (higher is better) and the evidence in numbers."""
    seen = found.evidence
    return {
        "file": name,
        "model": found.model.as_dict(),
        **found.severities,
        "overall": found.overall,
        "overall_without": list(found.overall_without),
        "evidence": {
            "illuminant": list(seen.illuminant),
            "cast_delta_e": seen.cast_delta_e,
            "noise_sigma": seen.noise_sigma,
            "edge_width_px": seen.edge_width_px,
            "clipped_shadows": seen.clipped_shadows,
            "clipped_highlights": seen.clipped_highlights,
            "mean_luminance": seen.mean_luminance,
            "blockiness": seen.blockiness,
            "jpeg_quality": seen.jpeg_quality,
        },
    }


def burst(found: BurstAnswer, failed: Sequence[tuple[str, str]]) -> Plain:
    """The ranking, best first, and the files that could not be read with the reason."""
    return {
        "model": found.model.as_dict(),
        "best": found.best.name,
        "too_close": found.too_close,
        "margin": found.margin,
        "sentence": found.sentence,
        "ranking": [
            {
                "rank": frame.rank,
                "file": frame.name,
                "score": frame.score,
                "margin_to_next": frame.margin_to_next,
                "factors": dict(frame.factors),
                "note": frame.note,
            }
            for frame in found.ranking
        ],
        "failed": [{"file": name, "error": sentence} for name, sentence in failed],
    }


def lowlight(name: str, found: Enhancement, before: QualityAnswer, after: QualityAnswer) -> Plain:
    """What was done to the photo, and its mean luminance and quality before and after."""
    return {
        "file": name,
        "model": found.model.as_dict(),
        "applied": found.applied,
        "needed": found.need.needed,
        "reason": found.need.reason,
        "strength": found.strength,
        "mean_luminance": {"before": found.mean_luminance_before, "after": found.mean_luminance_after},
        "quality": {"before": before.quality, "after": after.quality, "model": before.model.as_dict()},
    }
