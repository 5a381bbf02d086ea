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

__all__ = ["Plain", "blur", "burst", "degradations", "failure", "lowlight", "quality", "selection"]

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
