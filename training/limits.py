"""Which numbers a run accepts: checked before a photo is read."""

import math
import re
from collections.abc import Callable

from iqa.errors import ArgumentError

from .nets import PIXELS
from .recipe import Recipe, Settings

Check = tuple[Callable[[float], bool], str]

_MOST = 1_000_000
"""Epochs, or photos of a batch: what is more is a slip of the finger."""

_COUNT: Check = (lambda x: x >= 1, "1 or more")
_NATURAL: Check = (lambda x: x >= 0, "0 or more")
_SHARE: Check = (lambda x: 0 <= x < 1, "0 to below 1")
_SETTINGS: dict[str, Check] = {
    "size": _COUNT,
    "batch_size": (lambda x: 2 <= x <= _MOST, f"2 or more, up to {_MOST}"),
    "limit": _COUNT,
    "reduce": _COUNT,
    "workers": (lambda x: 0 <= x <= 256, "0 to 256"),
    "threads": (lambda x: 1 <= x <= 1024, "1 to 1024"),
    "patience": _NATURAL,
    "weight_decay": _NATURAL,
    "seed": (lambda x: 0 <= x < 2**31, "0 to 2147483647"),
    "draw": (lambda x: 0 <= x < 2**12, "0 to 4095"),
    "clip_norm": (lambda x: x > 0, "above 0"),
    "ema": _SHARE,
    "warmup_share": _SHARE,
}
_EXTRA: dict[str, Check] = {
    "looks": (lambda x: 0 <= x <= 1, "0 to 1"),
    "teacher_weight": (lambda x: 0 <= x <= 1, "0 to 1"),
    "ladder_share": (lambda x: 0 <= x <= 1, "0 to 1"),
}
_CHOICES = {"pad": ("", "same"), "pixels": tuple(PIXELS)}
_TEXT = {
    "repeats": (r"0*[1-9]\d{0,3}", "a whole number from 1 to 9999"),
    "crops": (r"0*[1-9]\d?x0*[1-9]\d?", "ROWSxCOLUMNS"),
}


def in_range(recipe: Recipe, settings: Settings) -> None:
    """Nothing; raises ArgumentError for a number outside its range, or a number per phase too few or too many."""
    for name in ("epochs", "learning_rate"):
        given = getattr(settings, name)
        if len(given) != len(recipe.phases):
            phases = ", ".join(phase.name for phase in recipe.phases)
            raise ArgumentError(f"{name}: found {len(given)}, accepted {len(recipe.phases)}, one per phase ({phases}).")
    rates = settings.learning_rate
    if not all(0 <= x <= _MOST for x in settings.epochs) or not any(settings.epochs):
        raise ArgumentError(f"epochs: found {list(settings.epochs)}, accepted 0 to {_MOST} each, not all 0.")
    if not all(0 < x < math.inf for x in rates):
        raise ArgumentError(f"learning_rate: found {list(rates)}, accepted finite learning rates above 0.")
    for name, (fits, accepted) in _SETTINGS.items():
        value = getattr(settings, name)
        if value is not None and not (abs(value) < math.inf and fits(value)):  # isfinite overflows on a large int
            raise ArgumentError(f"{name}: found {value}, accepted {accepted}.")
    for name, text in settings.extra.items():
        if name in _EXTRA and not (_is_number(text) and _EXTRA[name][0](float(text))):
            raise ArgumentError(f"--extra {name}={text}: accepted {_EXTRA[name][1]}.")
        if name in _CHOICES and text not in _CHOICES[name]:
            accepted = " or ".join(choice or '""' for choice in _CHOICES[name])
            raise ArgumentError(f"--extra {name}={text}: accepted {accepted}.")
        if name in _TEXT and not re.fullmatch(_TEXT[name][0], text, re.ASCII):
            raise ArgumentError(f"--extra {name}={text}: accepted {_TEXT[name][1]}.")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
