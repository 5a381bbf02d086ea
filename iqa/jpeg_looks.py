"""What JPEG quality pixels look like: a network's severity of compression read backwards, by a ladder fitted for it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .estimator import Estimator

Ladder = Sequence[tuple[float, int]]
"""Severities of compression, rising, each with a JPEG quality, falling."""

LADDERS: dict[str, Ladder] = {
    by: [(severity, quality) for severity, quality in steps]
    for by, steps in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")).items()
}
"""By estimator (its name and version), because another version's severities are other numbers: the median answer to
clean photos saved at these qualities with halved chroma; from training/jpeg_ladder.py."""


def estimated(severity: float, by: Estimator) -> int | None:
    """The quality, 1..100, higher is better, at which a JPEG with halved chroma looks as compressed.

    None below the first step of the ladder, where a compressed photo cannot be told from a clean one, and for an
    estimator without a ladder.

    Args:
        severity: of compression, [0, 1], as that estimator answers.
        by: who answered.
    """
    return read(severity, LADDERS.get(str(by), ()))


def read(severity: float, ladder: Ladder) -> int | None:
    """The quality of that severity on a ladder, between two steps in proportion; None below the first one."""
    if not ladder or severity < ladder[0][0]:
        return None
    severities, qualities = zip(*ladder, strict=True)
    return round(float(np.interp(severity, severities, qualities)))
