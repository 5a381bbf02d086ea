"""The commit that stands in a report is marked when the code differs from it, and by nothing else."""

import subprocess
from pathlib import Path

import pytest

from eval import machine


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit with code, a page and a result."""
    for name in ("iqa/a.py", "eval/b.py", "assets/c.json", "README.md", "results/d.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1\n")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "First")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, timeout=60)
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    return tmp_path


def test_pages_and_results_are_no_change_of_the_code(repository: Path) -> None:
    for name in ("README.md", "results/d.json", "results/new.json", "notes.txt"):
        (repository / name).write_text("2\n")
    found = machine.commit()
    assert found is not None
    assert len(found) == 40


@pytest.mark.parametrize("name", ["iqa/a.py", "eval/b.py", "assets/c.json", "eval/new.py"])
def test_changed_or_new_code_is_told(repository: Path, name: str) -> None:
    (repository / name).write_text("2\n")
    assert str(machine.commit()).endswith("+changes")


def test_outside_a_repository_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    assert machine.commit() is None
