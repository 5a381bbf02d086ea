"""What an interrupted run has done so far: a file of finished cases, so that the next run goes on from there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from iqa.errors import IQAError

from .benchmark import Case, Row
from .report import labels_hash, sha256

Done = dict[str, list[Row]]
"""Key of a case to the computed cells of its rows."""


def fingerprint(cases: Sequence[Case], what: Mapping[str, object]) -> str:
    """Hash of a run, 64 hex digits: its cases with their facts, and `what` else its rows follow from (JSON values)."""
    about = {**what, "cases": labels_hash(cases)}
    return sha256(json.dumps(about, sort_keys=True).encode())


def stamp(case: Case) -> list[list[int]]:
    """Size in bytes and time of change in ns of each file of a case: another file of the same name is scored anew."""
    found = [path.stat() for path in case.paths]
    return [[entry.st_size, entry.st_mtime_ns] for entry in found]


class Partial:
    """The file of finished cases; its first line is the fingerprint of the run.

    Attributes:
        done: the cases that need not be scored again.
        note: what was found, in a sentence; "" when there was nothing.
    """

    def __init__(self, path: Path, mark: str, cases: Sequence[Case]) -> None:
        """Opens or makes the file.

        Raises:
            IQAError: the folder is not writable.
        """
        self.path, self.done, self.note = path, Done(), ""
        head = (json.dumps({"run": mark}) + "\n").encode()
        keep = self._read(head, {case.key: case for case in cases})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("r+b" if keep else "wb")
        except OSError as error:
            raise IQAError(f"Could not write {path}: {error.strerror or error}. Choose another --out.") from error
        self._file.truncate(keep)
        self._file.seek(keep)
        if not keep:
            self._file.write(head)
            self._file.flush()

    def _read(self, head: bytes, cases: Mapping[str, Case]) -> int:
        """Fills `done`; returns how many bytes of the file are good: 0 when it belongs to another run."""
        if not self.path.is_file():
            return 0
        first, *lines = self.path.read_bytes().splitlines(keepends=True) or [b""]
        if first != head:
            self.note = "The partial results found belong to another run (other cases, options or code): starting anew."
            return 0
        good = len(head)
        for line in lines:
            if not line.endswith(b"\n"):
                break  # the run was killed while it wrote this line
            good += len(line)
            entry = json.loads(line)
            case = cases[entry["key"]]
            if all(path.is_file() for path in case.paths) and stamp(case) == entry["files"]:
                self.done[case.key] = entry["rows"]
        self.note = f"Resuming: {len(self.done)} of {len(cases)} cases were scored before."
        return good

    def add(self, case: Case, rows: list[Row]) -> list[Row]:
        """The rows as they are read back from the file; a line is written and flushed."""
        line = json.dumps({"key": case.key, "files": stamp(case), "rows": rows})
        self._file.write((line + "\n").encode())
        self._file.flush()
        read: list[Row] = json.loads(line)["rows"]
        return read

    def close(self) -> None:
        """Closes the file and leaves it for the next run."""
        self._file.close()

    def remove(self) -> None:
        """Closes and deletes the file: the run is complete."""
        self._file.close()
        self.path.unlink(missing_ok=True)
