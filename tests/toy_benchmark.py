"""A small benchmark of our own: photos whose content is the answer, so that a report costs nothing and is real."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import benchmarks, datasets, plots, report
from eval.benchmark import Benchmark, Case, Comparison, Figure, Options, Row, Summary
from eval.machine import code_sha256
from eval.metrics import bootstrap, fit_logistic4, rmse, srcc
from iqa.errors import IQAError
from iqa.estimator import Estimator

MODELS = {"good": 0.05, "fair": 0.25, "fair2": 0.25, "reversed": 0.05}
"""Name to the noise of its predictions."""
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ToyScorer:
    """What is written in the file, with the noise of the model."""

    model: str

    def __call__(self, case: Case) -> Row:
        text = case.paths[0].read_text()
        if text == UNREADABLE:
            raise IQAError(f"Could not load {case.key}.")
        noise = np.random.default_rng([len(self.model), *case.key.encode()]).normal(0, MODELS[self.model])
        sign = -1.0 if self.model == "reversed" else 1.0
        return {"prediction": sign * (float(text) + noise), "size": float(len(text)), "flagged": int(noise > 0)}


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    return [
        Case(row["name"], (Path(row["path"]),), {"mos": row["mos"], "group": row["group"]})
        for _, row in table.iterrows()
    ]


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    rows = rows[rows["error"] == ""]
    arrays, figures = [rows["prediction"], rows["mos"]], []
    for metric, statistic in (("srcc", srcc), ("rmse", rmse)):
        interval = bootstrap(statistic, arrays, rows["group"], options.resamples, seed=options.seed)
        figures.append(Figure.of(metric, statistic(*arrays), interval, n=len(rows)))
    figures.append(Figure.of("srcc", srcc(rows["size"], rows["mos"]), None, n=len(rows), who="size"))
    fit = fit_logistic4(*arrays)
    return Summary(tuple(figures), {"logistic": [fit.beta1, fit.beta2, fit.beta3, fit.beta4], "said": {"n": len(rows)}})


TOY = Benchmark(
    name="toy",
    meaning="can a number be read from a file",
    source="data set",
    models=lambda: tuple(MODELS),
    estimator=lambda name: Estimator(name, "1.0.0", "ab" * 32),
    cases=cases,
    scorer=lambda table, options: ToyScorer(options.model),
    summarize=summarize,
    comparisons=(Comparison("srcc", "prediction", "mos", "group"), Comparison("rmse", "prediction", "mos", "group")),
    labels=("mos", "label_sd"),  # the second: published by some sets only
    plots={"scatter": partial(plots.scatter, prediction="prediction", target="mos")},
)


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the benchmark known for one test."""
    monkeypatch.setattr(benchmarks, "KINDS", {"toy": TOY})


def data(root: Path, count: int = 120, seed: int = 0, unreadable: Sequence[int] = ()) -> Path:
    """A folder with a CSV of ratings and the photos, two of each scene."""
    root.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = [["path", "mos", "group"]]
    for index, mos in enumerate(rng.uniform(0, 1, count).round(4)):
        name = f"p{index:03}.png"
        (root / name).write_text(
            UNREADABLE if index in unreadable else f"{mos + rng.normal(0, 0.02):.{4 + index % 7}f}"
        )
        lines.append([name, str(mos), f"scene{index // 2}"])
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    (root / "labels.csv").write_text(text.getvalue())
    return root


def scored(
    root: Path, out: Path, model: str = "good", *, labels: bool = True, limit: int | None = None, resamples: int = 200
) -> Path:
    """The JSON file of a report on the data, scored in this process."""
    options = Options(model, "all", limit, 0, resamples)
    table = datasets.load("table", root)
    found = cases(table, options)[:limit]
    rows: list[Row] = []
    for case in found:
        try:
            rows.append({"key": case.key, "error": "", **case.facts, **ToyScorer(model)(case)})
        except IQAError as error:
            rows.append({"key": case.key, "error": str(error), **case.facts})
    summary = summarize(report.read_csv(report.csv_bytes(rows)), options)
    withheld = () if labels else TOY.labels
    content = report.csv_bytes([{k: v for k, v in row.items() if k not in withheld} for row in rows])
    failed = tuple((str(row["key"]), str(row["error"])) for row in rows if row["error"])
    about = datasets.get("table")
    made = report.Report(
        benchmark="toy",
        data=report.Data(
            name="table",
            title="Toy",
            citation=about.citation,
            licence=about.licence,
            source=about.source,
            split="all",
            split_rule=about.split_rule,
            labels_sha256=report.labels_hash(found),
            given_title=True,
            **report.described(table),
        ),
        model=TOY.estimator(model),
        options=options,
        asked=len(rows),
        scored=len(rows) - len(failed),
        failed=failed,
        summary=summary,
        csv=f"{model}.csv",
        csv_sha256=report.sha256(content),
        withheld=withheld,
        run={
            "started": "2026-11-21T06:00:00Z",
            "code_sha256": code_sha256(),
            "commit": "c0" * 20,
            "machine": {"packages": {"numpy": np.__version__}},
        },
    )
    out.mkdir(parents=True, exist_ok=True)
    return report.write(made, content, out, overwrite=True)


def rewritten(path: Path, rows: pd.DataFrame, *, consistent: bool) -> Path:
    """The report after its CSV was altered; with `consistent` the hash in the JSON follows the new bytes."""
    found = report.read(path)
    content = rows.to_csv(index=False, lineterminator="\n").encode()
    changed = replace(found, csv_sha256=report.sha256(content)) if consistent else found
    path.with_suffix(".csv").write_bytes(content)
    path.write_bytes(changed.json())
    return path
