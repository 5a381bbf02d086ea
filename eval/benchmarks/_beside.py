"""Who was asked beside the score of a burst: a column of its rows, and a line of its report."""

import pandas as pd

from iqa.ranking import AND

BESIDE = "beside"
"""The column: what `iqa.ranking.asked` says of a burst."""
ASKED = "networks asked beside the score"
"""The line, among the details."""


def everyone(rows: pd.DataFrame) -> list[str]:
    """All that were asked in any of the bursts; none by rows from before any was."""
    if BESIDE not in rows:
        return []
    return sorted({name for cell in rows[BESIDE].dropna() for name in str(cell).split(AND) if name})
