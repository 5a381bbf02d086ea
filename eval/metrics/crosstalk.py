"""How much a judge of one damage answers to another."""

import numpy as np
from numpy.typing import ArrayLike

from .checks import clean_pair


def crosstalk(other: ArrayLike, own: ArrayLike) -> float:
    """The mean answer to another's damage over the mean answer to the own damage, at least 0, lower is better.

    NaN when the own damage is never answered to: there is nothing to compare with.

    Args:
        other: per photo, the answer to the other damage at its strongest, at least 0.
        own: per photo, the answer to the own damage at its strongest, at least 0.

    Raises:
        ArgumentError: see `clean_pair`.
    """
    away, home = clean_pair(other, own, names=("answers to another's damage", "answers to the own damage"))
    return float(away.mean() / home.mean()) if home.mean() > 0 else np.nan
