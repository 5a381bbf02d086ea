"""Near-duplicate photos: a perceptual hash proposes pairs, a look at small copies decides."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from iqa.batch import each, reason
from iqa.image import load

HASH_DISTANCE = 10
"""Most bits of 64 in which the hashes of two copies may differ."""
PIXEL_CORRELATION = 0.95
"""Least correlation of the 64 x 64 grey copies. Looked at on BIQ2021: above it every pair of a sample showed one scene,
again with other exposure, focus or white balance; down to .93 about one in ten showed different things of one shape."""
SIDE = 64
_ROWS = 256  # hashes compared against all others at a time: 256 x 12,000 distances are 3 MB


def fingerprints(
    paths: Sequence[str],
    workers: int = 2,
    *,
    seen: Callable[[int], None] | None = None,
    unread: dict[int, str] | None = None,
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """(hashes, copies) of photos: 64-bit DCT hashes and grey copies uint8 (n, 64, 64).

    Args:
        paths: of the photos.
        workers: threads.
        seen: is told how many photos are done, after each.
        unread: gets the place of every unreadable photo with the reason, and its copy is black; None: it raises.

    Raises:
        ImageError: a photo cannot be read, and `unread` is None.

    The hash is the sign of the 64 lowest non-constant DCT coefficients against their median.

    Reference: Zauner 2010, Implementation and benchmarking of perceptual image hash functions (thesis, FH Hagenberg).
    """
    copies = np.zeros((len(paths), SIDE, SIDE), dtype=np.uint8)
    with closing(each(_small, paths, jobs=workers)) as answers:
        for index, (_, answer) in enumerate(answers):
            error = answer.exception()
            if error is None or unread is None:
                copies[index] = answer.result()
            else:
                unread[index] = reason(error)
            if seen is not None:
                seen(index + 1)
    return np.array([_hash(copy) for copy in copies], dtype=np.uint64), copies


def _small(path: str) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(load(path), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _hash(copy: NDArray[np.uint8]) -> np.uint64:
    low = dctn(cv2.resize(copy, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float64))[:8, :9].ravel()[1:65]
    return np.uint64(np.packbits(low > np.median(low)).view(np.uint64)[0])


def duplicates(
    frame: pd.DataFrame,
    distance: int = HASH_DISTANCE,
    correlation: float = PIXEL_CORRELATION,
    *,
    seen: Callable[[int], None] | None = None,
    unread: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Pairs of rows that show nearly the same picture, inside and across splits.

    Rows marked `missing` are left out. Copies that were mirrored, turned or strongly cropped are not found.

    Args:
        frame: with `name`, `path`, `split`, `missing`.
        distance: bits of 64 in which the hashes may differ.
        correlation: least Pearson correlation of the 64 x 64 grey copies.
        seen: is told how many photos are done, after each.
        unread: gets the name of every unreadable photo with the reason, and it is left out; None: it raises.

    Returns:
        `a`, `b` (names, in the order of the frame), `distance` (bits), `correlation`, `across` (in different splits).

    Raises:
        ImageError: a photo cannot be read, and `unread` is None.
    """
    rows = frame[~frame["missing"]]
    lost: dict[int, str] = {}
    hashes, copies = fingerprints(list(rows["path"]), seen=seen, unread=None if unread is None else lost)
    names, splits = rows["name"].to_numpy(), rows["split"].to_numpy()
    if unread is not None:
        unread |= {names[index]: why for index, why in lost.items()}
    flat = copies.reshape(len(copies), SIDE * SIDE).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    found = [
        (names[i], names[j], bits, float(flat[i] @ flat[j]), bool(splits[i] != splits[j]))
        for i, j, bits in _close(hashes, distance)
        if flat[i] @ flat[j] >= correlation and i not in lost and j not in lost
    ]
    return pd.DataFrame(found, columns=["a", "b", "distance", "correlation", "across"])


def _close(hashes: NDArray[np.uint64], distance: int) -> Iterator[tuple[int, int, int]]:
    """(i, j, bits) for i < j with at most `distance` different bits."""
    for start in range(0, len(hashes), _ROWS):
        bits = np.bitwise_count(hashes[start : start + _ROWS, None] ^ hashes[None, :])
        for i, j in np.argwhere(bits <= distance):
            if start + i < j:
                yield int(start + i), int(j), int(bits[i, j])


def duplicate_groups(names: Sequence[str], pairs: pd.DataFrame) -> NDArray[np.int32]:
    """A group number per name: names joined by a chain of pairs share one."""
    place = {name: index for index, name in enumerate(names)}
    a, b = pairs["a"].map(place).to_numpy(int), pairs["b"].map(place).to_numpy(int)
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(place), len(place)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def scan_groups(table: pd.DataFrame) -> pd.DataFrame:
    """`name` and `group` (0, 1, ...) of every row that has a near-duplicate; found by looking at all photos."""
    groups = pd.Series(duplicate_groups(list(table["name"]), duplicates(table)), index=table.index)
    twins = table.assign(group=groups)[groups.duplicated(keep=False)].sort_values(["group", "name"])
    return pd.DataFrame({"name": twins["name"], "group": pd.factorize(twins["group"])[0]})


def known_groups(file: Path, names: pd.Series) -> pd.Series:
    """The group of every name, from a file that `scan_groups` made; a name that it lacks is a group of its own."""
    groups = pd.read_csv(file, dtype=str).set_index("name")["group"]
    return names.map("twins " + groups).fillna(names)
