"""The tabs of the demo: one module each, listed in one table."""

from collections.abc import Callable
from dataclasses import dataclass

from . import blur, burst, degradations, lowlight
from .examples import Examples


@dataclass(frozen=True)
class Tab:
    """A tab: its title, its one-sentence explanation, and the function that builds it from the examples."""

    title: str
    sentence: str
    build: Callable[[Examples], None]


TABS = (
    Tab("Burst selection", burst.SENTENCE, burst.build),
    Tab("Blur type", blur.SENTENCE, blur.build),
    Tab("Degradations", degradations.SENTENCE, degradations.build),
    Tab("Low light", lowlight.SENTENCE, lowlight.build),
)
"""Adding a tab is one function and one row."""

__all__ = ["TABS", "Examples", "Tab"]
