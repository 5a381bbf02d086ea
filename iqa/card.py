"""The model card: README.md of a Hub repository, made from the manifest and the baselines of the reports it names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING

from .manifest import FILE_NAME, Manifest, Result
from .preprocess import Native, Whole

if TYPE_CHECKING:
    from huggingface_hub.repocard_data import EvalResult

_HUB_DATA_SET = re.compile(r"https://huggingface\.co/datasets/([A-Za-z0-9][\w.-]*/[\w.-]+)/?")
_HUB_LICENSES = {
    *("apache-2.0", "mit", "isc", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0"),
    *("agpl-3.0", "unlicense", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"),
    *("cc-by-nd-4.0", "cc-by-nc-nd-4.0"),
}
"""SPDX identifiers, in lower case, that the Hub takes as they are; other terms go under ``license: other``."""


@dataclass(frozen=True)
class Baseline:
    """What something else than the model reaches on the cases of a result, by the same metric.

    Attributes:
        who: e.g. ``constant``, ``laplacian``, or name and version of the classical estimator.
        value: None where it is undefined, as is the correlation of a constant.
        interval: 95 %, or None.
        n: independent units behind it.
    """

    who: str
    value: float | None
    interval: tuple[float, float] | None
    n: int


def model_card(
    manifest: Manifest,
    *,
    also: Sequence[str] = (),
    beside: Mapping[Result, Sequence[Baseline]] | None = None,
    repository: str = "OWNER/NAME",
) -> str:
    """The text of README.md, with the Hub's front matter: equal text for equal arguments.

    Args:
        manifest: every statement about the model is one of its fields.
        also: names of further things in the repository, e.g. a Core ML package, with the way to get them.
        beside: result -> what others reach on its cases; without a key the card says where that can be read. The
            front matter holds the model's own values only.
        repository: where the card goes.
    """
    title = f"# {manifest.name} {manifest.version}\n\n{_safe(manifest.description)}"
    sections = {
        "Use": _use(manifest, also, repository),
        "Input": _inputs(manifest),
        "Output": _outputs(manifest),
        "Results": _results(manifest.results, beside or {}),
        "Training data and licenses": _data(manifest),
        "Limits": _list(_limits(manifest)),
        "Provenance": _list(_provenance(manifest)),
    }
    body = "\n\n".join([title, *(f"## {heading}\n\n{text}" for heading, text in sections.items())])
    return f"---\n{_front_matter(manifest)}\n---\n\n{body}\n"


def pipeline_tag(manifest: Manifest) -> str:
    """The Hub's word for the task: image-to-image, image-classification, or other (a score has no word there)."""
    if any(output.kind == "image" for output in manifest.outputs):
        return "image-to-image"
    likelihoods = all(output.direction == "higher is likelier" for output in manifest.outputs)
    return "image-classification" if likelihoods else "other"


def _front_matter(manifest: Manifest) -> str:
    from huggingface_hub.repocard_data import ModelCardData

    known = manifest.license.lower() in _HUB_LICENSES
    found = (_HUB_DATA_SET.fullmatch(data.source) for data in manifest.trained_on)
    data = ModelCardData(
        license=manifest.license.lower() if known else "other",
        license_name=None if known else manifest.license,
        library_name="onnx",
        pipeline_tag=pipeline_tag(manifest),
        tags=["iqa", manifest.task],
        datasets=[match[1] for match in found if match] or None,
        model_name=manifest.name if manifest.results else None,
        eval_results=[_indexed(result, pipeline_tag(manifest)) for result in manifest.results] or None,
    )
    return data.to_yaml(line_break="\n")


def _indexed(result: Result, task: str) -> "EvalResult":
    from huggingface_hub.repocard_data import EvalResult

    interval = None if result.interval is None else list(result.interval)
    return EvalResult(
        task_type=task,
        dataset_type=_slug(result.data_set),
        dataset_name=result.data_set,
        dataset_split=result.split,
        metric_type=_slug(result.metric),
        metric_name=result.metric,
        metric_value=result.value,
        metric_args={"n": result.n, "interval_95": interval, "report": result.report},
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"


def _use(manifest: Manifest, also: Sequence[str], repository: str) -> str:
    return f"""\
Fetch it by `python -m iqa models pull {manifest.name}`, then

```python
from iqa import image, model

print(model.load_model("{manifest.name}").predict(image.load("photo.jpg")))
```

`{manifest.file}` is one ONNX file; `{FILE_NAME}` says what it takes and gives,
`{manifest.probe.file}` is a picture whose answer is known.{_beside_it(manifest, also, repository)}"""


def _beside_it(manifest: Manifest, also: Sequence[str], repository: str) -> str:
    """How to get what `models pull` leaves on the Hub; "" where that is nothing."""
    if not also:
        return ""
    # A card cannot name the commit that it is part of.
    return f"""


Beside them: {", ".join(f"`{name}`" for name in also)}. `models pull` leaves that on the Hub; to get everything and
compare each file with its hash:

```
hf download {repository} --revision COMMIT --local-dir FOLDER
python -m iqa models verify FOLDER/
```

COMMIT stands in the answer of `python -m iqa models list {manifest.name} --json`; `hf` comes with huggingface_hub."""


def _inputs(manifest: Manifest) -> str:
    spec, rows = manifest.input, []
    for view in manifest.input.views:
        settings = {key: value for key, value in asdict(view).items() if key not in ("name", "kind")}
        cells = (f"{k} {' '.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in settings.items())
        rows.append((f"`{view.name}`", view.kind, ", ".join(cells)))
    shape = f"{spec.layout}, {spec.color}, {spec.dtype}; each value is (pixel / scale - mean) / std, pixel in 0 to 255."
    return f"{shape}\n\n{_table(('input', 'view', 'settings'), rows)}"


def _outputs(manifest: Manifest) -> str:
    heads = ("label", "output", "range", "unit", "direction", "last step in the graph", "detected from")
    rows = [
        (
            f"`{label}`",
            f"`{o.name}`",
            f"{o.low:g} to {o.high:g}",
            o.unit,
            o.direction,
            o.activation,
            _from(o.thresholds, label),
        )
        for o in manifest.outputs
        for label in o.labels
    ]
    return _table(heads, rows)


def _from(thresholds: Mapping[str, float], label: str) -> str:
    return f"{thresholds[label]:g}" if label in thresholds else "no threshold"


def _results(results: Sequence[Result], beside: Mapping[Result, Sequence[Baseline]]) -> str:
    if not results:
        return "The manifest holds no measured result."
    others = {result: {other.who: other for other in beside.get(result, ())} for result in results}
    names = sorted(dict.fromkeys(name for row in others.values() for name in row), key=lambda name: name != "constant")
    heads = ("data set", "split", "n", "metric", "value", "95 % interval", *names, "report")
    rows = [
        (
            *(r.data_set, r.split, f"{r.n:,}", r.metric, f"{r.value:.4g}", _interval(r)),
            *(_other(others[r].get(name), r.n) for name in names),
            f"`{r.report}`",
        )
        for r in results
    ]
    notes = []
    if names:
        notes.append(
            f"{_safe(', '.join(names))}: what they reach on the same cases, in brackets the 95 % interval; - where the "
            "report has none. `results/README.md` of the source code says what each is."
        )
    if absent := sorted({result.report for result in results if result not in beside}):
        notes.append(
            "What the constant predictor and the classical baselines reach on the same cases stands in the source "
            f"code's {', '.join(f'`{name}`' for name in absent)}, which was not at hand when this card was made."
        )
    return "\n\n".join([_table(heads, rows), *notes])


def _other(found: Baseline | None, n: int) -> str:
    if found is None:
        return "-"
    value = "undefined" if found.value is None else f"{found.value:.4g}"
    interval = "" if found.interval is None else f" ({found.interval[0]:.4g} to {found.interval[1]:.4g})"
    return f"{value}{interval}{'' if found.n == n else f', n {found.n:,}'}"


def _interval(result: Result) -> str:
    return "not stated" if result.interval is None else f"{result.interval[0]:.4g} to {result.interval[1]:.4g}"


def _data(manifest: Manifest) -> str:
    rows = [(d.name, d.split, f"{d.photos:,}", d.license, d.source) for d in manifest.trained_on]
    weights = f"The weights: {_safe(manifest.license)}."
    if not rows:
        return f"{weights} The manifest names no data set that shaped them."
    heads = ("data set", "split", "photos", "license", "source")
    return f"{weights} What shaped them:\n\n{_table(heads, rows)}"


def _limits(manifest: Manifest) -> Iterable[str]:
    views = manifest.input.views
    if all(isinstance(view, Whole) and view.fit != "keep" for view in views):
        sizes = ", ".join(f"{view.height} x {view.width}" for view in views if isinstance(view, Whole))
        yield f"It sees the photo reduced to {sizes} pixels (height x width); finer detail does not reach it."
    for view in views:
        if isinstance(view, Native):
            crops = f"{view.rows * view.columns} crops of {view.height} x {view.width} pixels"
            yield f"At native resolution it sees {crops}; what lies outside them reaches it only through other inputs."
    if any(not output.thresholds for output in manifest.outputs):
        yield "Labels without a threshold are numbers, not decisions."
    measured = sorted({f"{result.data_set} ({result.split})" for result in manifest.results})
    yield f"Measured on {_safe(', '.join(measured)) or 'no data set'}; nothing is claimed for other photos."
    if any(result.interval is None for result in manifest.results):
        yield "A result without an interval may be due to chance."


def _provenance(manifest: Manifest) -> Iterable[str]:
    origin = manifest.provenance
    packages = ", ".join(f"{name} {version}" for name, version in origin.packages.items())
    yield f"made {origin.created}, recipe {origin.recipe or 'not stated'}, commit {origin.commit or 'not stated'}"
    yield f"ONNX opset {origin.opset}; packages: {_safe(packages) or 'not stated'}"
    yield f"`{manifest.file}`: {manifest.size_bytes:,} bytes, sha256 `{manifest.sha256}`"
    yield f"`{manifest.probe.file}`: sha256 `{manifest.probe.sha256}`, answers within {manifest.probe.tolerance:g}"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = chain([heads, ["---"] * len(heads)], ([_safe(cell) for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _safe(text: str) -> str:
    """The text with the signs escaped that would end a cell or begin HTML or a link."""
    return re.sub(r"([|<\[\]])", r"\\\1", text)
