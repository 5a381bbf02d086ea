"""HTML of the results: cards, bars with a scale, tables of facts, and who made the numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from iqa.estimator import Estimator
from iqa.quality import CATEGORIES, QualityAnswer


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart; value in [0, 1], None = cannot tell. ``tone``: plain, good, fair or bad."""

    label: str
    value: float | None
    word: str = ""
    tone: str = "plain"
    hint: str = ""


@dataclass(frozen=True)
class Fact:
    """A measured number: what it is, the value with its unit, and how to read it."""

    name: str
    value: str
    direction: str = ""


def waiting(sentence: str, height: int = 96) -> str:
    """The empty state of a result, ``height`` px high: what to do to get one."""
    return f'<div class="iqa-card iqa-waiting" style="min-height:{height}px">{escape(sentence)}</div>'


def card(title: str, body: str = "", *, tone: str = "plain", extra: str = "") -> str:
    """A verdict: a headline and a sentence; ``extra`` is HTML that stands below."""
    text = f"<p>{escape(body)}</p>" if body else ""
    return f'<div class="iqa-card iqa-{tone}" role="status"><h3>{escape(title)}</h3>{text}{extra}</div>'


def bars(rows: Iterable[Bar], *, low: str, high: str) -> str:
    """A bar per row on a scale from 0 to 1, whose ends carry the words ``low`` and ``high``."""
    scale = f'<div class="iqa-scale"><span>0 = {escape(low)}</span><span>1 = {escape(high)}</span></div>'
    return f'<div class="iqa-bars">{"".join(map(_bar, rows))}{scale}</div>'


def _bar(row: Bar) -> str:
    label = escape(row.label)
    hint = f"<small>{escape(row.hint)}</small>" if row.hint else ""
    if row.value is None:
        track, value = '<div class="iqa-track iqa-unknown"></div>', "–"
    else:
        percent = 100 * min(max(row.value, 0.0), 1.0)
        value = f"{row.value:.2f}"
        track = (
            f'<div class="iqa-track" role="meter" aria-label="{label}" aria-valuemin="0" aria-valuemax="1" '
            f'aria-valuenow="{value}"><i class="iqa-{row.tone}" style="width:{percent:.1f}%"></i></div>'
        )
    word = f'<span class="iqa-word iqa-{row.tone}">{escape(row.word)}</span>' if row.word else ""
    return (
        f'<div class="iqa-bar"><span class="iqa-name">{label}{hint}</span>{track}'
        f'<span class="iqa-value">{value}{word}</span></div>'
    )


def facts(rows: Sequence[Fact]) -> str:
    """A table of numbers: name, value with unit, direction."""
    body = "".join(
        f"<tr><th scope='row'>{escape(row.name)}</th><td>{escape(row.value)}</td><td>{escape(row.direction)}</td></tr>"
        for row in rows
    )
    return f'<div class="iqa-scroll"><table class="iqa-facts"><tbody>{body}</tbody></table></div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a heading; a cell that is cut off tells its text to the mouse."""
    top = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f'<td title="{escape(cell)}">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="iqa-scroll"><table class="iqa-table">{inside}</table></div>'


def made_by(*models: Estimator) -> str:
    """The line that says which estimator, in which version, made the numbers."""
    kinds = {model: "classical, no neural network" if model.sha256 is None else "network" for model in models}
    names = [f"<b>{escape(str(model))}</b> <span>({kind})</span>" for model, kind in kinds.items()]
    return f'<p class="iqa-made">Estimated by {" · ".join(names)}</p>'


def legend(gradient: str, low: str, high: str, *others: tuple[str, str]) -> str:
    """A color scale from ``low`` to ``high``, and patches (CSS color, meaning) beside it."""
    patches = "".join(f'<span><i style="background:{color}"></i>{escape(text)}</span>' for color, text in others)
    ramp = f'<span>{escape(low)}<b style="background:{gradient}"></b>{escape(high)}</span>' if gradient else ""
    return f'<div class="iqa-legend">{ramp}{patches}</div>'


FACTORS = {
    "sharpness": "Sharpness",
    "in_focus": "In focus",
    "good_exposure": "Exposure",
    "low_noise": "Low noise",
    "low_compression": "Low compression",
}
"""What the factors are called: each is better the higher it is, so noise is called by its absence."""
RANGE = "is the range that holds the rating by people of 9 photos in 10"
TONES = {"Excellent": "good", "Good": "good", "Fair": "fair", "Poor": "bad", "Very Poor": "bad"}


def quality(title: str, sentence: str, tone: str, answer: QualityAnswer) -> str:
    """A verdict with the quality score and its range on the five-category scale, and the three factors below it."""
    steps = "".join(
        f'<span class="{"iqa-here" if row.name == answer.category else ""}" style="flex:{row.high - row.low:.2f}" '
        f'title="{row.low:.1f} to {row.high:.1f}: {escape(row.meaning)}">{escape(row.name)}</span>'
        for row in reversed(CATEGORIES)
    )
    rows = [Bar(FACTORS[name], value) for name, value in answer.factors.items()]
    return (
        f'<div class="iqa-card iqa-{tone}" role="status"><div class="iqa-head"><h3>{escape(title)}</h3>'
        f'<p>{escape(sentence)}</p><div class="iqa-big">{answer.quality:.2f}<small>quality, 0 to 1, higher is better'
        f'</small></div></div><div class="iqa-steps iqa-{TONES.get(answer.category, "plain")}"><div>{steps}</div>'
        f'{_range(answer)}<i style="left:{100 * answer.quality:.1f}%"></i></div>'
        f"{bars(rows, low='worst', high='best')}"
        f'<p class="iqa-note">{escape(_made_of(answer))}</p></div>'
    )


def _range(answer: QualityAnswer) -> str:
    """The range of the score as a line below the scale; empty where the estimator gives none."""
    if answer.interval is None:
        return ""
    low, high = answer.interval
    said = f"{low:.2f} to {high:.2f}: {RANGE}"
    return f'<b style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%" title="{escape(said)}"></b>'


def _made_of(answer: QualityAnswer) -> str:
    """What the score counts, in words."""
    if answer.weights:
        weights = ", ".join(f"{FACTORS[name].lower()} {weight:g}" for name, weight in answer.weights.items())
        product = "Quality is the product of these three, each to the power of its weight"
        return f"{product}: {weights}. It counts nothing else."
    said = "The score is a network's; these three are measured beside it and do not enter it."
    if answer.interval is None:
        return said
    low, high = answer.interval
    return f"From {low:.2f} to {high:.2f} {RANGE}. {said}"
