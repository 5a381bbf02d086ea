"""Whether a report is about what it says: the estimator, the data set, the split, and a run block to look things up."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from iqa.errors import UnknownNameError

from . import datasets
from .evidence import Evidence
from .report import described

RECORDED = ("citation", "licence", "source", "split_rule")
"""Fields of the report's `data` that repeat the record of the data set."""
_COMMIT, _HASH = re.compile(r"[0-9a-f]{40}(\+changes)?"), re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree: its name, what the report says, and what was found."""

    what: str
    written: object
    found: object

    def __str__(self) -> str:
        return f"{self.what}: written {self.written}, recomputed {self.found}"


def identity(found: Evidence) -> Iterator[Finding]:
    """What the report says of its model, data set, split and run that cannot be so."""
    yield from _model(found)
    yield from _data(found)
    yield from _run(found.report.run)


def _model(found: Evidence) -> Iterator[Finding]:
    """The judged must be the estimator that scores under the name that was called."""
    written, name = found.report.model, found.report.options.model
    known = found.kind.models()
    if name not in known:
        lack = f"no model {name!r} is installed here (there are {', '.join(known)}): it cannot be told who was judged"
        yield Finding("model", written, lack)
        return
    there = found.kind.estimator(name)
    for field, value in asdict(written).items():
        if value != getattr(there, field):
            yield Finding(f"{field} of the model", value, getattr(there, field))


def _data(found: Evidence) -> Iterator[Finding]:
    written, options = found.report.data, found.report.options
    if written.split != options.split:
        yield Finding("split of the data", written.split, f"{options.split} in the options")
    try:
        record = datasets.get(written.name)
    except UnknownNameError as error:
        yield Finding("name of the data set", written.name, error)
        return
    for field in RECORDED:
        if getattr(written, field) != getattr(record, field):
            yield Finding(f"{field} of the data", getattr(written, field), getattr(record, field))
    if not written.given_title and written.title != record.title:
        yield Finding("title of the data", written.title, record.title)
    if found.table is not None:
        for field, value in described(found.table).items():
            if getattr(written, field) != value:
                yield Finding(f"{field} of the data", getattr(written, field), value)


def _run(run: Mapping[str, object]) -> Iterator[Finding]:
    """What is missing in the run block; its values are the word of who wrote it."""
    commit, code, machine = run.get("commit", ""), run.get("code_sha256"), run.get("machine")
    if commit is not None and not _COMMIT.fullmatch(str(commit)):
        yield Finding("commit in the run block", run.get("commit", "none"), "accepted: 40 hex digits, or null")
    if not _HASH.fullmatch(str(code)):
        yield Finding("code_sha256 in the run block", code or "none", "accepted: 64 hex digits")
    if not (isinstance(machine, Mapping) and machine.get("packages")):
        yield Finding("packages in the run block", "none", "accepted: names and versions")
