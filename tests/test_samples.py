"""iqa.samples: photographs with whose they are, upright and small."""

import numpy as np
import pytest

from iqa.errors import UnknownNameError
from iqa.samples import PHOTOGRAPHS, SIDE, photograph


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_is_there_small_and_credited(name: str) -> None:
    found = photograph(name)
    assert found.dtype == np.uint8
    assert found.shape[2] == 3
    assert max(found.shape) <= SIDE
    assert PHOTOGRAPHS[name].credit


def test_an_unknown_photograph_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'coffee'"):
        photograph("cofee")
