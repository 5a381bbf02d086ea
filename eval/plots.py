"""Pictures of a report, as PNG: ``python -m eval.run plot REPORT.json --out DIR``.

Each function takes the rows of the per-image CSV, the summary and the file to write; a kind of benchmark names the
columns: ``plots={"scatter": partial(plots.scatter, prediction="prediction", target="mos")}``. Rows without an answer
are left out; ``rows.attrs["title"]`` says in the picture whose rows they are. Equal rows give equal bytes.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from iqa.errors import IQAError, OutputExistsError, UnknownNameError
from iqa.output import new_file

from .benchmark import MODEL, Summary
from .evidence import Evidence, evidence
from .metrics import METRICS, confusion_matrix, fit_logistic4, wilson
from .metrics.calibration import BINS
from .metrics.calibration import reliability as reliability_table
from .tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart with every kind of color blindness: M. Okabe, K. Ito, 2008, "Color universal design"."""
MARKERS = "osD^vPX"
DPI = 120
NEEDS = "Plots need matplotlib, which is no part of the runtime: pip install matplotlib==3.11.2"
ARROW = {"higher": "higher is better", "lower": "lower is better"}


def scatter(
    rows: pd.DataFrame, summary: Summary, path: Path, *, prediction: str, target: str, subset: str | None = "subset"
) -> None:
    """Writes the targets over the predictions with the fitted logistic and the report's agreement.

    Args:
        prediction, target: columns, higher is better.
        subset: column whose values get their own color and marker, when it is there and holds 2 to 7.
    """
    rows = _answered(rows, [prediction, target])
    figure = _figure(6.4, 5.6)
    axes = figure.add_subplot()
    for label, part, color, marker in _parts(rows, subset):
        size = float(np.clip(4000 / len(rows), 5, 30))
        axes.scatter(part[prediction], part[target], s=size, c=color, marker=marker, alpha=0.45, lw=0, label=label)
    fit = fit_logistic4(rows[prediction], rows[target])
    if not np.isnan(fit.rmse):
        x = np.linspace(rows[prediction].min(), rows[prediction].max(), 200)
        label = f"fitted logistic{'' if fit.converged else ', not converged'}{', falling' if fit.direction < 0 else ''}"
        axes.plot(x, fit(x), color="black", lw=2, label=label)
    axes.set_xlabel(f"{prediction} (higher is better)")
    axes.set_ylabel(f"{target} (higher is better)")
    _legend(axes)
    _title(axes, rows, f"n = {len(rows):,}", _said(summary, ("srcc", "plcc", "rmse")))
    _save(figure, path)


def reliability(
    rows: pd.DataFrame, summary: Summary, path: Path, *, confidence: str, correct: str, bins: int = BINS
) -> None:
    """Writes how often answers of each confidence are right, with Wilson intervals, over how many there are.

    Args:
        confidence: column, the probability of the answer.
        correct: column of 1 and 0.
        bins: of confidence; by default those of the report's ECE.
    """
    rows = _answered(rows, [confidence, correct])
    table = [row for row in reliability_table(rows[confidence], rows[correct], bins=bins) if row.n]
    figure = _figure(6.0, 6.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.plot([0, 1], [0, 1], color="gray", ls="--", label="perfectly calibrated")
    middle, share = [row.confidence for row in table], np.array([row.accuracy for row in table])
    reach = [share - [row.interval.low for row in table], [row.interval.high for row in table] - share]
    upper.errorbar(
        middle, share, np.maximum(reach, 0), fmt="o", color=COLORS[0], capsize=3, label="observed, 95 % Wilson"
    )
    upper.set(ylabel="share that is right (1 = all)", xlim=(0, 1), ylim=(-0.02, 1.02))
    lower.hist(rows[confidence], bins=[*np.linspace(0, 1, bins + 1)], color=COLORS[5], edgecolor="white")
    lower.set(xlabel="confidence (1 = sure)", ylabel="cases")
    _legend(upper)
    _title(upper, rows, f"n = {len(rows):,}", _said(summary, ("ece", "brier")))
    _save(figure, path)


def confusion(
    rows: pd.DataFrame, summary: Summary, path: Path, *, true: str, predicted: str, labels: Sequence[str] | None = None
) -> None:
    """Writes the confusion matrix: counts, and shades by the share of the true class.

    Args:
        true, predicted: columns of class names.
        labels: all classes in their order; None = those that occur, sorted.
    """
    rows = _answered(rows, [true, predicted])
    names = list(labels or sorted({*rows[true], *rows[predicted]}))
    matrix = confusion_matrix(list(rows[true]), list(rows[predicted]), names)
    total = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, total, out=np.zeros(matrix.shape), where=total > 0)
    figure = _figure(2.6 + 1.15 * len(names), 2.0 + 0.95 * len(names))
    axes = figure.add_subplot()
    picture = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), part in np.ndenumerate(share):
        text = f"{matrix[i, j]}\n{part:.0%}" if total[i, 0] else "none"
        axes.text(j, i, text, ha="center", va="center", color="white" if part > 0.55 else "black")
    shown = [name.replace("_", "\n") for name in names]
    axes.set_xticks(range(len(names)), shown)
    axes.set_yticks(range(len(names)), [f"{name}\nn = {n}" for name, n in zip(shown, total[:, 0], strict=True)])
    axes.set(xlabel="predicted class", ylabel="true class")
    figure.colorbar(picture, ax=axes, label="share of the true class", shrink=0.8)
    _title(axes, rows, f"n = {len(rows):,}", _said(summary, ("accuracy", "macro_f1")))
    _save(figure, path)


def ladders(
    rows: pd.DataFrame,
    summary: Summary,
    path: Path,
    *,
    score: str,
    level: str,
    damage: str,
    unit: str = "",
    metrics: Sequence[str] = (),
) -> None:
    """Writes the mean score by level, one small picture per damage, with the 95 % interval of the mean.

    Args:
        score: column that should fall as the level grows.
        level, damage: columns: how strong (a number), and of which kind.
        unit: what the score is and its direction, in words; "" = the name of its column.
        metrics: figures of the report that belong to this score.
    """
    rows = _answered(rows, [score, level, damage])
    names = sorted(set(rows[damage].astype(str)))
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure = _figure(2.7 * columns + 0.6, 2.4 * lines + 1.2)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for index, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
        groups = rows[rows[damage].astype(str) == name].groupby(level)[score]
        mean, n = groups.mean(), groups.count()
        reach = groups.std(ddof=1) / np.sqrt(n) * stats.t.ppf(0.975, np.maximum(n - 1, 1))
        axes.errorbar(mean.index, mean, reach.fillna(0), fmt="o-", color=COLORS[0], capsize=3, ms=4)
        axes.set_title(f"{name.replace('_', ' ')} (n = {int(n.max()):,})", fontsize=9)
        axes.grid(alpha=0.3)
        axes.tick_params(labelbottom=index + columns >= len(names))
    for axes in grid.flat[len(names) :]:
        axes.remove()
    start = "0 = undamaged" if 0 in set(rows[level]) else "higher = more damage"
    figure.supxlabel(f"{level} ({start}); bars: 95 % interval of the mean", fontsize=10)
    figure.supylabel(f"mean {unit or score}", fontsize=10)
    figure.suptitle("\n".join(filter(None, [rows.attrs.get("title", ""), _said(summary, metrics)])), fontsize=10)
    _save(figure, path)


def margins(rows: pd.DataFrame, summary: Summary, path: Path, *, margin: str, right: str, bins: int = 8) -> None:
    """Writes how often the answer is right by how far the best lies ahead of the next: equal numbers per point.

    Args:
        margin: column, higher is surer.
        right: column of 1 and 0.
        bins: points at most.
    """
    rows = _answered(rows, [margin, right]).sort_values(margin, kind="stable")
    figure = _figure(6.4, 4.6)
    axes = figure.add_subplot()
    pieces = np.array_split(rows[[margin, right]].to_numpy(np.float64), min(bins, max(1, len(rows) // 5)))
    label = f"about {len(pieces[0])} cases each: share, 95 % Wilson; range of margins"
    for x, hits in (piece.T for piece in pieces):
        interval, share = wilson(round(hits.sum()), len(hits)), hits.mean()
        up_down = [[max(0.0, share - interval.low)], [max(0.0, interval.high - share)]]
        aside = [[x.mean() - x.min()], [x.max() - x.mean()]]
        axes.errorbar(x.mean(), share, up_down, aside, fmt="o", color=COLORS[0], capsize=3, label=label)
        label = ""
    overall = rows[right].mean()
    axes.axhline(overall, color="gray", ls="--", label=f"all cases: {number(overall)}")
    axes.set(xlabel=f"{margin} (higher is surer)", ylabel="share that is right (1 = all)", ylim=(-0.02, 1.02))
    _legend(axes)
    _title(axes, rows, f"n = {len(rows):,}", _said(summary, ("top1",)))
    _save(figure, path)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: the plots of each report are written.

    Raises:
        IQAError: not a report, an unknown plot, no matplotlib, or a file that is there already.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run plot", description="Draw a report as PNG files.")
    parser.add_argument("report", type=Path, nargs="+", help="JSON file of a report")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--name", action="append", help="only this plot; may be repeated")
    parser.add_argument("--data", type=Path, help="folder of the data set, for reports without labels")
    parser.add_argument("--overwrite", action="store_true", help="replace pictures of the same name")
    options = parser.parse_args(arguments)
    for path in options.report:
        for file in draw(evidence(path, options.data), options.out, options.name, overwrite=options.overwrite):
            print(file)
    return 0


def draw(found: Evidence, out: Path, names: Sequence[str] | None = None, *, overwrite: bool = False) -> list[Path]:
    """The files that were written, one per plot: ``<report>-<plot>.png``.

    Raises:
        UnknownNameError: the benchmark has no such plot.
        OutputExistsError: one of the files is there and `overwrite` is False; then none is written.
        IQAError: matplotlib is missing, or no row has an answer.
    """
    report, known = found.report, found.kind.plots
    for name in names or ():
        if name not in known:
            raise UnknownNameError("plot", name, known)
    out.mkdir(parents=True, exist_ok=True)
    files = {name: out / f"{found.path.stem}-{name}.png" for name in names or known}
    taken = [file for file in files.values() if file.exists() and not overwrite]
    if taken:
        raise OutputExistsError(f"{str(taken[0])!r} exists already. Add --overwrite to replace it.")
    rows = found.rows.copy()
    rows.attrs["title"] = f"{report.data.title}, {report.data.split}: {report.model}"
    for name, file in files.items():
        known[name](rows, report.summary, file)
    return list(files.values())


def _figure(width: float, height: float) -> "Figure":
    """An empty figure in inches; no window and no state outside it."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise IQAError(NEEDS) from error
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    picture = io.BytesIO()
    # Without the version of matplotlib in it, so that the picture depends on the rows only.
    figure.savefig(picture, format="png", metadata={"Software": None})
    with new_file(path, overwrite=True) as target:
        target.write(picture.getvalue())


def _answered(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows with a value in each of the columns."""
    missing = [name for name in columns if name not in rows]
    if missing:
        raise IQAError(f"The rows have no column {', '.join(missing)}; they hold: {', '.join(map(str, rows.columns))}.")
    full: NDArray[np.bool_] = (rows[columns].notna() & (rows[columns] != "")).all(axis=1).to_numpy()
    if not full.any():
        raise IQAError(f"No row has a value in {', '.join(columns)}: there is nothing to draw.")
    return rows[full]


def _parts(rows: pd.DataFrame, subset: str | None) -> list[tuple[str, pd.DataFrame, str, str]]:
    """(label, rows, color, marker) per subset, or one for all rows."""
    names = sorted(set(rows[subset].astype(str))) if subset is not None and subset in rows else []
    if not 2 <= len(names) <= len(COLORS):
        return [("", rows, COLORS[0], "o")]
    parts = ((name, rows[rows[subset].astype(str) == name]) for name in names)
    return [(f"{name} (n = {len(part):,})", part, COLORS[i], MARKERS[i]) for i, (name, part) in enumerate(parts)]


def _said(summary: Summary, metrics: Sequence[str]) -> str:
    """The report's figures of the model on all rows, with interval and direction, as one line."""
    words = []
    for figure in summary.figures:
        if figure.who == MODEL and figure.part == "all" and figure.metric in metrics and figure.value is not None:
            known = figure.low is not None and figure.high is not None
            interval = f" [{number(figure.low)}, {number(figure.high)}]" if known else ""
            arrow = "↑" if METRICS[figure.metric].direction == "higher" else "↓"
            words.append(f"{figure.metric.upper().replace('_', ' ')} {arrow} {number(figure.value)}{interval}")
    return "   ".join(words)


def _title(axes: "Axes", rows: pd.DataFrame, n: str, said: str) -> None:
    first = ", ".join(filter(None, [rows.attrs.get("title", ""), n]))
    axes.set_title("\n".join(filter(None, [first, said])), fontsize=9)


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[1]:
        legend = axes.legend(fontsize=8, framealpha=0.9)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
            if hasattr(handle, "set_sizes"):
                handle.set_sizes([25])
