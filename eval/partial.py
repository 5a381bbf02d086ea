"""What an interrupted run has done so far: a file of finished cases, so that the next run goes on from there."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from iqa.errors import IQAError

from .benchmark import Case, Row
from .report import labels_hash, sha256

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

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


def _locked(path: Path) -> IO[bytes]:
    """The file, opened to append and, where the system can, locked until it is closed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise IQAError(f"Could not write {path}: {error.strerror or error}. Choose another --out.") from error
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise IQAError(
                f"Another run is scoring into {path} at this moment. Wait until it is done, or choose another --out."
            ) from error
        except OSError as error:  # a network folder without locks: two runs at once are then the caller's care
            print(f"eval: {path} could not be locked: {error.strerror}.", file=sys.stderr)
    return file


def _entry(line: bytes) -> dict[str, Any] | None:
    """The finished case on a line; None when the line is not a whole one."""
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:  # no UTF-8, or no JSON
        return None
    if not isinstance(found, dict) or not isinstance(found.get("key"), str) or not isinstance(found.get("files"), list):
        return None
    return found if _are_rows(found.get("rows")) else None


def _are_rows(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


class Partial:
    """The file of finished cases; its first line is the fingerprint of the run.

    Attributes:
        done: the cases that need not be scored again.
        note: what was found, in a sentence; "" when there was nothing.
    """

    def __init__(self, path: Path, mark: str, cases: Sequence[Case]) -> None:
        """Opens or makes the file.

        Raises:
            IQAError: the folder is not writable, or another run is writing the file.
        """
        self.path, self.done, self.note = path, Done(), ""
        head = (json.dumps({"run": mark}) + "\n").encode()
        self._file = _locked(path)
        keep = self._read(head, {case.key: case for case in cases})
        self._file.truncate(keep)
        if not keep:
            self._file.write(head)
            self._file.flush()

    def _read(self, head: bytes, cases: Mapping[str, Case]) -> int:
        """Fills `done`; returns how many bytes of the file are good: 0 when it is new or belongs to another run."""
        content = self.path.read_bytes()
        if not content:
            return 0
        first, *lines = content.splitlines(keepends=True)
        if first != head:
            self.note = "The partial results found belong to another run (other cases, options or code): starting anew."
            return 0
        good = len(head)
        for line in lines:
            entry = _entry(line)
            if entry is None or entry["key"] not in cases:
                break  # the run was killed while it wrote this line, or the disk lost it: it and the rest is done anew
            good += len(line)
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
