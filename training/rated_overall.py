"""The weights of the rated overall: how much each severity of iqa.degradations costs in the ratings by people.

    python -m training.rated_overall --data BIQ2021 --photos 2000

Data: the training photos of BIQ2021 (512 px as published), without those that have a near-duplicate in its test.
overall = intercept - sum of weight x severity is fitted by least squares with no weight below 0 and the intercept in
[0, 1], so that more of a degradation never raises it; a severity that cannot be told counts as 0, as in use. One photo
in five is held out, near-duplicates together. Prints the row for iqa/rated_overall.json, fitted on the others,
and on those held out SRCC and PLCC with the ratings, of that row and of the documented weights. The official test is
left alone.
Time: the photos go through iqa.degradations.assess two at a time.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from eval import datasets
from eval.metrics import plcc, srcc
from iqa import degradations
from iqa.degradations import NAMES, Formula, Severities
from iqa.errors import ArgumentError
from iqa.image import load

HELD_OUT = 0.2
DIGITS = 3
LEAST_PHOTOS = 50
"""Below, seven numbers fitted to ratings say nothing."""

Values = NDArray[np.float64]


def rated_photos(table: pd.DataFrame, photos: int, seed: int) -> pd.DataFrame:
    """So many training photos in a random order: `path`, `mos` and `group`; none with a twin in the test.

    Args:
        table: of a data set with an official split, as eval.datasets loads it.
        photos: at most.
        seed: of the order.

    Raises:
        ArgumentError: fewer than LEAST_PHOTOS are there.
    """
    tested = set(table["group"][table["split"] == "test"])
    here = table[(table["split"] == "train") & ~table["missing"] & ~table["group"].isin(tested)]
    order = np.random.default_rng(seed).permutation(len(here))
    chosen = here.iloc[order[:photos]].reset_index(drop=True)
    if len(chosen) < LEAST_PHOTOS:
        raise ArgumentError(f"Found {len(chosen)} rated training photos; accepted: {LEAST_PHOTOS} or more.")
    return chosen[["path", "mos", "group"]]


def held_out(groups: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """(n,): True for the photos of a random HELD_OUT of the groups; a group is on one side."""
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    out = {names[i] for i in order[: round(HELD_OUT * len(names))]}
    return np.array([group in out for group in groups])


def fit(severities: Sequence[Severities], mos: Values) -> Formula:
    """The formula of least squared error among those with an intercept in [0, 1] and no weight below 0, rounded.

    Args:
        severities: per photo, by name, [0, 1]; None counts as 0. The weight of one that is 0 throughout is 0.
        mos: the ratings, [0, 1], higher is better.
    """
    lost = np.array([[said[name] or 0.0 for name in NAMES] for said in severities])
    seen = np.append(True, lost.any(axis=0))  # of a column of zeros any weight is as good
    bounds = (np.zeros(seen.sum()), np.array([1.0, *[np.inf] * (seen.sum() - 1)]))
    found = np.zeros(1 + len(NAMES))
    found[seen] = lsq_linear(np.column_stack([np.ones(len(lost)), -lost])[:, seen], mos, bounds).x
    found = np.round(found, DIGITS) + 0.0  # no -0
    return Formula(float(found[0]), dict(zip(NAMES, map(float, found[1:]), strict=True)))


def severities_of(path: str, model: str) -> Severities:
    """What the estimator of that name says of the photo of that name; raises what `load` and `assess` raise."""
    return degradations.assess(load(Path(path)), model=model).severities


def agreement(severities: Sequence[Severities], mos: Values, rule: Formula) -> str:
    """SRCC and PLCC of the overall with the ratings, in words; they stand undefined where the overall is constant."""
    overall = np.array([degradations.overall(said, rule) for said in severities])
    if np.ptp(overall) == 0:
        return "undefined: the overall is the same for all"
    return f"SRCC {srcc(overall, mos):.3f}, PLCC {plcc(overall, mos):.3f}"


def row(by: object, rule: Formula) -> str:
    """The line of iqa/rated_overall.json."""
    return f"{json.dumps(str(by))}: {json.dumps(asdict(rule))}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Assess the photos, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of BIQ2021")
    parser.add_argument("--photos", type=int, default=2000, help="at most (default: %(default)s)")
    parser.add_argument("--model", choices=degradations.ESTIMATORS, default=degradations.DEFAULT)
    parser.add_argument("--seed", type=int, default=0, help="of the choice of photos (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="photos at a time (default: %(default)s)")
    args = parser.parse_args(arguments)
    by = degradations.estimator(args.model)
    table = rated_photos(datasets.load("biq2021", args.data), args.photos, args.seed)
    with ThreadPoolExecutor(args.jobs) as pool:
        said = list(pool.map(partial(severities_of, model=args.model), table["path"]))
    mos, out = table["mos"].to_numpy(np.float64), held_out(list(table["group"]), args.seed)
    learned = [one for one, kept in zip(said, ~out, strict=True) if kept]
    judged = [one for one, kept in zip(said, out, strict=True) if kept]
    rule = fit(learned, mos[~out])
    print(
        f"{by}: fitted on {len(learned)} training photos of BIQ2021, held out {len(judged)} by group, seed {args.seed}"
    )
    for name, each in (("rated", rule), ("documented", degradations.DOCUMENTED)):
        print(f"{name} weights, held-out training photos: {agreement(judged, mos[out], each)}")
    print(row(by, rule))


if __name__ == "__main__":
    main()
