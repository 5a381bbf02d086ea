"""The data sets, and which of them are here: ``python -m eval.run ls [NAME] [--data DIR]``."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from .benchmarks import BY_TASK, MADE_FROM_PHOTOS, PHOTOS
from .datasets import DataSet, find, get, looked, names


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 after the list, or the page of one data set, was printed.

    Raises:
        UnknownNameError: no such data set. SystemExit: by argparse.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run ls", description="The data sets, and which are here.")
    parser.add_argument("name", nargs="?", help="a data set: everything that is known of it")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of a data set, or of folders of their names")
    options = parser.parse_args(arguments)
    lines = _all(options.data) if options.name is None else _page(get(options.name), options.data)
    print("\n".join(lines))
    return 0


def _all(data: Path | None) -> Iterator[str]:
    rows = [("name", "judges", "here", "where, or where it was looked for")]
    for name in names():
        dataset = get(name)
        here = find(dataset, data)
        place = str(here) if here is not None else ", ".join(map(str, looked(dataset, data)))
        rows.append((name, dataset.task, "no" if here is None else "yes", place))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, place in rows:
        yield "  ".join([*map(str.ljust, cells, widths), place])
    yield ""
    yield f"Made from {PHOTOS}, any folder of clean photos that --data names: {', '.join(MADE_FROM_PHOTOS)}."
    yield "How to get one: python -m eval.run ls NAME. To score one: python -m eval.run NAME --data DIR."


def _page(dataset: DataSet, data: Path | None) -> Iterator[str]:
    here = find(dataset, data)
    low, high = dataset.scale
    scale = [] if low == high else [("scale", f"{low:g} to {high:g}, {dataset.direction}")]
    mirror = [] if dataset.mirror is None else [("mirror", f"{dataset.mirror.repository} on the Hub (--download)")]
    yield f"{dataset.name}: {dataset.title}"
    for what, text in [
        ("here", "no" if here is None else str(here)),
        ("looked in", ", ".join(map(str, looked(dataset, data)))),
        ("judges", f"{dataset.task} (benchmark: {BY_TASK.get(dataset.task, ', '.join(MADE_FROM_PHOTOS))})"),
        *scale,
        ("splits", dataset.split_rule),
        ("licence", dataset.licence),
        ("source", dataset.source),
        ("get", dataset.get),
        *mirror,
        ("cite", dataset.citation),
        *(("beware", trap) for trap in dataset.traps),
    ]:
        yield f"  {what:<10}{text}"
