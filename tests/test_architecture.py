"""The laws of DESIGN.md that can be read from the code: imports point down, small files, nothing silent, no pickles."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
OURS = ("iqa", "eval", "tabs", "training", "app", "api")
HEAVY = ("torch", "torchvision", "timm", "coremltools")
NOT_AT_RUN_TIME = (*HEAVY, "onnx", "onnxscript", "pi_heif", "matplotlib", "tensorboard", "pytest", "hypothesis")
"""What the runtime layer does not install; the demo, the command line and the harness start without it."""

MAY_IMPORT = {
    "iqa": {"iqa", "numpy", "scipy", "cv2", "PIL", "onnxruntime", "huggingface_hub", "pi_heif"},
    "eval": {
        "eval",
        "iqa",
        "numpy",
        "scipy",
        "pandas",
        "cv2",
        "PIL",
        "skimage",
        "onnxruntime",
        "huggingface_hub",
        "matplotlib",  # plots on request; imported where one is drawn
        "yaml",
    },
    "tabs": {"tabs", "iqa", "numpy", "cv2", "PIL", "gradio", "skimage"},
    "api": {"api", "tabs", "iqa", "fastapi", "starlette", "anyio"},
    "app": {"app", "api", "tabs", "iqa", "gradio", "fastapi", "uvicorn"},
}
"""Beside the standard library, what each layer may import, wherever in a file the import stands."""
MUST_NOT_IMPORT = {"training": {"tabs", "app", "api", "gradio"}}

MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 40
CORRELATIONS = ("srcc", "plcc", "krcc", "spearman", "pearson", "kendall", "corr", "rho", "tau")
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz", ".h5"}
PHOTOGRAPHS = {".jpg", ".jpeg", ".webp", ".heic", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".dng", ".raw"}
NOT_OURS = {"__pycache__", "cache", "data", "out"}
ACROSS = {"architecture", "cli", "readme", "demo", "browser", "client", "hostile", "spacefile", "examples"}
"""Tests of the whole, or of a document, instead of one module."""


def files() -> list[Path]:
    """All files of the project, relative to its root; neither caches nor data nor the virtual environment."""
    waiting, found = [ROOT], []
    while waiting:
        for path in waiting.pop().iterdir():
            if path.is_dir():
                if not path.name.startswith(".") and path.name not in NOT_OURS:
                    waiting.append(path)
            else:
                found.append(path.relative_to(ROOT))
    return sorted(found)


FILES = files()
CODE = [path for path in FILES if path.suffix == ".py"]
SHIPPED = [path for path in CODE if path.parts[0].removesuffix(".py") in OURS]


def layer(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Top-level names of everything that a file imports, relative imports resolved."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parent.parts[: len(path.parent.parts) - node.level + 1] if node.level else ()
            yield (*above, *(node.module or "").split("."))[0]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_there_is_code_to_judge() -> None:
    assert {"iqa", "eval", "tabs", "app"} <= {layer(path) for path in SHIPPED}


def test_imports_point_down() -> None:
    for path in SHIPPED:
        outside = set(imported(path)) - set(sys.stdlib_module_names)
        upward = outside & MUST_NOT_IMPORT.get(layer(path), set())
        assert not upward | (outside - MAY_IMPORT.get(layer(path), outside)), path


def test_relative_imports_are_seen_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "iqa" / "commands").mkdir(parents=True)
    source = "from ..image import load\nfrom . import b\ndef f():\n    import torch.nn"
    (tmp_path / "iqa/commands/a.py").write_text(source)
    assert set(imported(Path("iqa/commands/a.py"))) == {"iqa", "torch"}


def started(script: str, *arguments: object, blocked: tuple[str, ...] = NOT_AT_RUN_TIME) -> str:
    """Output of a script in a fresh interpreter in which the blocked packages cannot be imported."""
    block = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(name + " is blocked by the test")
sys.meta_path.insert(0, Blocked())
"""
    command = [sys.executable, "-c", block + script, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_starts_without_the_packages_of_training(tmp_path: Path) -> None:
    script = """
import pathlib
import app
from tabs import examples
demo = app.build(examples.make(pathlib.Path(sys.argv[1])))
print(len(demo.blocks), type(app.serve(demo)).__name__)
"""
    blocks, kind = started(script, tmp_path).split()
    assert int(blocks) > 10
    assert kind == "FastAPI"


def test_the_command_line_works_without_the_packages_of_training(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    script = """
from iqa.__main__ import main
commands = [["score"], ["blur"], ["degradations"], ["enhance"]]
codes = [main([*command, sys.argv[1]]) for command in commands] + [main(["models", "verify"])]
sys.exit(any(codes))
"""
    out = started(script, tmp_path / "a.png")
    assert out.count("1 photo.") == 4
    assert "Estimator: quality " in out


def test_the_harness_starts_without_the_packages_of_training() -> None:
    assert "speed" in started("from eval.run import main\nsys.exit(main(['--list']))")


def test_importing_iqa_is_cheap() -> None:
    heavy = {"numpy", "cv2", "PIL", "scipy", "onnxruntime", "pandas"}
    assert started(f"import iqa\nprint({heavy!r} & set(sys.modules))").strip() == "set()"


def test_a_command_loads_neither_statistics_nor_the_runtime_of_models() -> None:
    script = "import iqa.commands.arguments\nprint({'onnxruntime', 'scipy.stats', 'pandas'} & set(sys.modules))"
    assert started(script).strip() == "set()"


def test_no_file_is_longer_than_300_lines() -> None:
    sizes = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {path: size for path, size in sizes.items() if size > MAX_FILE_LINES} == {}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and its docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
    return lines


def test_no_function_is_longer_than_40_lines_without_its_docstring() -> None:
    sizes = {f"{path}: {node.name}": length(node) for path in SHIPPED for node in functions(path)}
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def silent(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every error, or takes some and does nothing about it."""
    named = [n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)] if handler.type else []
    does_nothing = all(isinstance(s, ast.Pass | ast.Continue) or is_constant(s) for s in handler.body)
    return handler.type is None or does_nothing or bool({"Exception", "BaseException"} & set(named))


def is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_no_error_is_caught_blindly_or_in_silence() -> None:
    handlers = (
        (path, node) for path in SHIPPED for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)
    )
    assert [f"{path}:{handler.lineno}" for path, handler in handlers if silent(handler)] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try: f()\nexcept: g()", True),
        ("try: f()\nexcept (ValueError, Exception): g()", True),
        ("try: f()\nexcept ValueError: pass", True),
        ("try: f()\nexcept ValueError: ...", True),
        ("try: f()\nexcept ValueError as e: raise KeyError from e", False),
    ],
)
def test_silence_is_recognized(source: str, expected: bool) -> None:
    (handler,) = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler))
    assert silent(handler) is expected


def unsigned_correlations(module: ast.Module) -> list[int]:
    """Lines on which the absolute value of a correlation is taken."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"abs", "absolute", "fabs"}:
            words = ast.unparse(node.args[0]).lower() if node.args else ""
            if any(word in words for word in CORRELATIONS):
                found.append(node.lineno)
    return found


def test_correlations_keep_their_sign() -> None:
    lost = {str(path): unsigned_correlations(tree(path)) for path in SHIPPED if layer(path) == "eval"}
    assert {path: lines for path, lines in lost.items() if lines} == {}


def test_a_lost_sign_is_recognized() -> None:
    assert unsigned_correlations(ast.parse("a = np.abs(stats.spearmanr(x, y)[0])\nb = abs(x - y)")) == [1]


def test_no_pickle_and_no_photograph_is_stored() -> None:
    assert [str(path) for path in FILES if path.suffix.lower() in PICKLES | PHOTOGRAPHS] == []
    pictures = [path for path in FILES if path.suffix.lower() == ".png"]
    assert [str(path) for path in pictures if path.parts[0] not in {"assets", "docs"}] == []


def test_nothing_is_ever_unpickled() -> None:
    for path in SHIPPED:
        assert not {"pickle", "joblib", "dill", "shelve", "marshal"} & set(imported(path)), path
        keywords = [k.arg for node in ast.walk(tree(path)) if isinstance(node, ast.Call) for k in node.keywords]
        assert "allow_pickle" not in keywords, path


def test_each_test_file_is_named_after_what_it_tests() -> None:
    names = set(ACROSS)
    for path in SHIPPED:
        parts = [part for part in path.with_suffix("").parts if part != "__init__"]
        names |= {"_".join(parts[at:]) for at in range(len(parts))}
    stray = []
    for path in FILES:
        if path.parts[0] == "tests" and path.name.startswith("test_"):
            words = path.stem.removeprefix("test_").split("_")
            if not any("_".join(words[:end]) in names for end in range(1, len(words) + 1)):
                stray.append(path.name)
    assert stray == []


def test_every_package_is_pinned_once_and_every_pin_is_exact() -> None:
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.partition("#")[0].strip().split("==")
            assert name == name.lower().replace("_", "-")
            assert pinned.setdefault(name, version) == version
    for layer_file in ("requirements.txt", "requirements-dev.txt"):
        for name, version in requirements(ROOT / layer_file):
            assert pinned[name] == version


def requirements(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].strip()
        if words and not words.startswith("-"):
            name, _, version = words.partition("==")
            yield name.lower().replace("_", "-"), version


def test_the_runtime_layer_is_light() -> None:
    assert not {name for name, _ in requirements(ROOT / "requirements.txt")} & set(HEAVY)
