"""Who was asked beside the score of a burst: a column of its rows, and a line of its report."""

import pandas as pd

from iqa.burst import BurstAnswer

BESIDE = "beside"
"""The column."""
ASKED = "networks asked beside the score"
"""The line, among the details."""
_AND = " + "


def beside(answer: BurstAnswer) -> str:
    """The networks that told factors of this burst, such as "blur-type 1.1.0 + degradations 1.1.0"; "" for none."""
    return _AND.join(map(str, answer.beside))


def asked(rows: pd.DataFrame) -> list[str]:
    """All that were asked in any of the bursts."""
    return sorted({name for cell in rows[BESIDE].dropna() for name in str(cell).split(_AND) if name})
