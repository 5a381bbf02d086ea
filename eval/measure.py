"""One measurement, from the command line to its report: ``python -m eval.run DATASET --data DIR --model classical``."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from iqa import __version__
from iqa.errors import ArgumentError, OutputExistsError, UnknownNameError

from . import benchmarks, datasets, report
from .benchmark import Benchmark, Case, Options, Summary
from .call import parsed, public
from .datasets import AbsentData, DataSet
from .datasets.dataset import SPLITS
from .download import DownloadError, download
from .machine import code_sha256, commit, machine
from .partial import Partial, fingerprint
from .running import Scored, plain, score
from .shown import shown


@dataclass(frozen=True)
class Task:
    """What is to be done.

    Attributes:
        name: on the command line, of the data set or the synthetic benchmark.
        kind: of benchmark.
        dataset: that is read, and `table`: the whole of it.
        options: with the split filled in.
        cases: to be scored.
        model: the estimator's name in the report: that of the manifest where a folder was named.
    """

    name: str
    kind: Benchmark
    dataset: DataSet
    table: pd.DataFrame
    options: Options
    cases: tuple[Case, ...]
    model: str

    def file(self, out: Path) -> Path:
        """The JSON file of the report: what is not the default is in its name."""
        split, limit = self.options.split, self.options.limit
        name = "-".join(
            [
                self.model,
                *([str(split)] if split != default_split(self.table) else []),
                *([f"limit{limit}"] if limit is not None else []),
            ]
        )
        return out / self.name / f"{name}.json"


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = done, 1 = a case failed and the report is written, 3 = the data could not be fetched.

    Raises:
        AbsentData: no copy of the data was found.
        IQAError: the call is wrong. SystemExit: by argparse.
    """
    call = parsed(arguments)
    options = Options(call.model, call.split, call.limit, call.seed, call.resamples)
    try:
        task = prepared(call.dataset, call.data, options, fetch=call.download)
    except DownloadError as error:
        print(f"eval: {error}", file=sys.stderr)
        return AbsentData.exit_code
    if call.title:
        task = replace(task, dataset=replace(task.dataset, title=call.title))
    target = task.file(call.out)
    for path in (target, target.with_suffix(".csv")):
        if path.exists() and not call.overwrite:  # said now, not after minutes of work
            raise OutputExistsError(f"{path} exists already and was left as it is. Add --overwrite to replace it.")
    judged = {call.model: task.model, f"--model={call.model}": f"--model={task.model}"}  # a folder may have been named
    words = public([judged.get(word, word) for word in arguments])
    found = measure(task, target, jobs=call.jobs, labels=not call.without_labels, words=words)
    print(shown(found), end="")
    print(f"\nreport: {target}")
    if call.plots is not None and not task.kind.plots:
        print(f"plot: none; there is nothing to draw of a {task.kind.name} report.")
    elif call.plots is not None:
        from . import plots  # matplotlib is no part of the runtime
        from .evidence import evidence

        out = target.parent if call.plots == Path() else call.plots
        for picture in plots.draw(evidence(target, call.data), out, overwrite=call.overwrite):
            print(f"plot: {picture}")
    return 1 if found.failed else 0


def prepared(name: str, data: Path | None, options: Options, *, fetch: bool = False) -> Task:
    """The task behind a name on the command line, its data loaded.

    Args:
        data: folder of the data set or of the photos; None = the usual places.
        fetch: download the data set when it is absent.

    Raises:
        UnknownNameError: no such data set or model. AbsentData: no copy was found.
        ArgumentError: the set has no such split. DownloadError: it could not be fetched.
    """
    kind, dataset = benchmarks.named(name)
    if options.model not in kind.models() and not Path(options.model).is_dir():
        raise UnknownNameError("estimator", options.model, kind.models())
    named = kind.estimator(options.model).name if options.model not in kind.models() else options.model
    if fetch and datasets.find(dataset, data) is None:
        if dataset.mirror is None:
            raise AbsentData(dataset, data)
        places = datasets.looked(dataset, data)
        data = download(dataset, next((place for place in places if not place.exists()), places[-1]))
    table = datasets.load(dataset.name, data)
    options = replace(options, split=checked_split(table, options.split, dataset.title))
    cases = tuple(
        replace(case, facts={name: plain(cell) for name, cell in case.facts.items()})
        for case in kind.cases(table, options)
    )
    return Task(name, kind, dataset, table, options, cases, named)


def default_split(table: pd.DataFrame) -> str:
    """The split that is scored when none is named: test where the set has one, else all."""
    return "test" if (table["split"] == "test").any() else "all"


def checked_split(table: pd.DataFrame, asked: str | None, title: str) -> str:
    """The split to score.

    Raises:
        ArgumentError: the set has no such split, or none at all.
    """
    there = [name for name in SPLITS if (table["split"] == name).any()]
    if not there and asked is not None:
        raise ArgumentError(f"--split {asked}: {title} has no official split. Leave --split out to score all of it.")
    if asked is not None and asked not in (*there, "all"):
        raise ArgumentError(f"--split {asked}: {title} has no such split. Accepted: {', '.join(there)}, all.")
    return asked or default_split(table)


def measure(task: Task, target: Path, *, jobs: int, labels: bool = True, words: Sequence[str] = ()) -> report.Report:
    """The report of a task, written to `target` with its CSV beside it; older ones are replaced.

    Args:
        jobs: processes.
        labels: whether the CSV holds what the data set's authors published.
        words: of the command line, for the `run` block; without folders.

    Raises:
        IQAError: a process died, or the report cannot be written.
    """
    begun, clock = datetime.now(UTC), time.monotonic()
    code = code_sha256()
    estimator = task.kind.estimator(task.options.model).as_dict()
    what = {"run": task.name, "estimator": estimator, "iqa": __version__, "code": code, **asdict(task.options)}
    partial = Partial(target.with_suffix(".partial.jsonl"), fingerprint(task.cases, what), task.cases)
    if partial.note:
        print(f"eval: {partial.note}", file=sys.stderr)
    try:
        scorer = task.kind.scorer(task.table, task.options)
        scored = score(task.cases, scorer, partial, jobs=jobs, title=task.name)
    finally:
        partial.close()
    table = report.csv_bytes(scored.rows)
    summary = task.kind.summarize(report.read_csv(table), task.options)
    withheld = () if labels else task.kind.labels
    if withheld:
        table = report.csv_bytes([{k: v for k, v in row.items() if k not in withheld} for row in scored.rows])
    run: dict[str, object] = {
        "started": begun.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(time.monotonic() - clock, 1),
        "arguments": list(words),
        "jobs": jobs,
        "iqa": __version__,
        "code_sha256": code,
        "commit": commit(),
        "machine": machine(),
    }
    found = replace(
        _report(task, scored, summary),
        prepared=dict(getattr(scorer, "prepared", {})),
        csv=target.with_suffix(".csv").name,
        csv_sha256=report.sha256(table),
        withheld=withheld,
        run=run,
    )
    report.write(found, table, target.parent, overwrite=True)
    partial.remove()
    return found


def _report(task: Task, scored: Scored, summary: Summary) -> report.Report:
    """What does not depend on when, where and how it was computed."""
    dataset = task.dataset
    data = report.Data(
        name=dataset.name,
        title=dataset.title,
        citation=dataset.citation,
        licence=dataset.licence,
        source=dataset.source,
        split=str(task.options.split),
        split_rule=dataset.split_rule,
        labels_sha256=report.labels_hash(task.cases),
        given_title=dataset.title != datasets.get(dataset.name).title,
        remark=str(task.table.attrs.get("counts", "")),
        **report.described(task.table),
    )
    return report.Report(
        benchmark=task.kind.name,
        data=data,
        model=task.kind.estimator(task.options.model),
        options=replace(task.options, model=task.model),  # no folder of this machine
        asked=scored.asked,
        scored=scored.scored,
        failed=scored.failed,
        summary=summary,
        csv="",
        csv_sha256="",
        withheld=(),
        run={},
    )
