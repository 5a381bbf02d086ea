"""What every tab does alike: a file box, examples to click on, one event with one progress bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from html import unescape
from typing import Any

import gradio as gr
from gradio.components import Component

from .examples import Example
from .memory import give_back_soon
from .pictures import Pixels, gradient
from .show import card, legend, waiting

AT_ONCE = 2
"""Photos judged at the same time: the machine this is made for has two cores."""
UNEXPECTED = "Something unexpected happened here; it is in the log of the server. Try again, or another photo."

SCROLL = """() => { const found = [...document.querySelectorAll(".block.iqa-verdict")].find(e => e.offsetParent);
if (found && found.getBoundingClientRect().top > 0.7 * innerHeight) found.scrollIntoView({behavior: "smooth"}); }"""
"""On a phone the results stand below the examples: bring the visible verdict into view."""


@dataclass(frozen=True)
class Source:
    """Where a tab's photos come from: the file box, the button, and the examples."""

    upload: gr.File
    button: gr.Button
    gallery: gr.Gallery
    examples: tuple[Example, ...]


def shelf(examples: tuple[Example, ...]) -> gr.Gallery:
    """Thumbnails of the examples; a click judges one."""
    gr.HTML('<p class="iqa-shelf-title">No photo at hand? Click on an example:</p>')
    return gr.Gallery(
        [(example.thumbnail, example.caption) for example in examples],
        label="examples",
        show_label=False,
        columns=3,
        height="auto",
        object_fit="cover",
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_classes="iqa-shelf",
    )


def verdict_card(invitation: str, height: int) -> gr.HTML:
    """The first thing of the results: the invitation now, the verdict later, in a place of that height (px) at least.

    What stands below does not move when the verdict arrives.
    """
    return gr.HTML(waiting(invitation, height), label="verdict", min_height=height, elem_classes="iqa-verdict")


def picture(title: str, height: int, *, visible: bool = True) -> gr.Image:
    """A result picture of a fixed height, so that the page does not jump when it arrives.

    Where it is not ``visible`` from the start, a result shows it by `shown`, and it goes with the result.
    """
    return gr.Image(
        label=title, format="jpeg", height=height, min_width=260, interactive=False, buttons=["fullscreen"],
        elem_classes="iqa-picture", visible=visible,
    )  # fmt: skip


def shown(pixels: Pixels | None) -> gr.Image:
    """What a result returns for a picture that is not always there: it with its pixels, or nothing in its place."""
    return gr.Image(value=pixels, visible=pixels is not None)


def map_legend(*others: tuple[str, str]) -> gr.HTML:
    """What the colors of a sharpness map mean, and what else is drawn on it: (CSS color, meaning)."""
    return gr.HTML(legend(gradient(), "soft", "sharp", ("#9ca3af", "no texture: cannot be judged"), *others))


def numbers() -> gr.JSON:
    """The answer as JSON, for whoever wants to work on with it; placed last on the page, first in the outputs."""
    with gr.Accordion("All numbers as JSON", open=False):
        return gr.JSON(label="numbers", show_label=False)


def download(label: str, path: str | None = None) -> gr.DownloadButton:
    """A download button that can be clicked, and looks like it, when there is a file behind it."""
    return gr.DownloadButton(
        label, value=path, interactive=path is not None, variant="primary" if path else "secondary"
    )


@dataclass(frozen=True)
class Results:
    """What a tab shows: all outputs, the verdict among them, and what the verdict says while there is no result."""

    outputs: Sequence[Component]
    verdict: gr.HTML
    invitation: str

    def blank(self) -> list[Any]:
        """The empty state."""
        return self.only(waiting(self.invitation, int(self.verdict.min_height or 0)))

    def failed(self) -> list[Any]:
        """What stands there when the reason is not one for visitors."""
        return self.only(card("No result", UNEXPECTED, tone="bad"))

    def only(self, said: str) -> list[Any]:
        """A verdict and nothing else."""
        return [_empty(output, said if output is self.verdict else None) for output in self.outputs]


def _empty(output: Component, value: str | None) -> Any:
    if isinstance(output, gr.Image) and not output.visible:
        return shown(None)
    if not isinstance(output, gr.DownloadButton):
        return value
    return gr.DownloadButton(value=None, interactive=False, variant="secondary")


def wire(
    judge: Callable[..., Any], origin: Source, settings: Sequence[Component], results: Results, *, name: str | None
) -> None:
    """Connects a tab: upload, button, example, removal and settings start ``judge``; a failure clears the results.

    Programs get an error as an error; visitors read it where the verdict would stand.

    Args:
        judge: takes the upload and the settings, returns a value per output.
        origin: what starts it.
        settings: further inputs; whatever changes them starts it again.
        results: where they go.
        name: of the public endpoint, without the slash; None when `publish` makes others.
    """
    outputs, verdict = list(results.outputs), results.verdict
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    shown: dict[str, Any] = {
        "inputs": [origin.upload, *settings], "outputs": outputs, "show_progress_on": verdict,
        "concurrency_limit": AT_ONCE, "concurrency_id": "judge",
    }  # fmt: skip
    if name is not None:
        publish(judge, shown["inputs"], outputs, name=name)
    page = _for_visitors(_tidy(judge), results)

    def start(event: Callable[..., Any], run: Callable[..., Any], **how: Any) -> None:
        event(run, **shown, api_visibility="private", **how).failure(results.failed, outputs=outputs, **hidden)

    start(origin.upload.upload, page)
    start(origin.button.click, page)
    picked = origin.gallery.select(_picker(origin), outputs=origin.upload, **hidden)
    start(picked.success, page)
    removed = origin.upload.delete(
        lambda: None, **hidden
    )  # is told before the box has the new list; what follows, after
    start(removed.then, _again(page, results))
    for setting in settings:
        start(setting.change, _again(page, results), trigger_mode="always_last")
    gr.on([origin.upload.upload, origin.button.click, origin.gallery.select], js=SCROLL, api_visibility="private")
    origin.upload.clear(results.blank, outputs=outputs, **hidden)


def publish(judge: Callable[..., Any], inputs: Sequence[Component], outputs: Sequence[Component], *, name: str) -> None:
    """Makes ``judge`` a public endpoint, ``name`` without the slash, where errors are errors."""
    for_programs = gr.Button(visible=False)  # an endpoint needs a component that starts it
    for_programs.click(
        _tidy(judge), inputs=list(inputs), outputs=list(outputs), api_name=name,
        concurrency_limit=AT_ONCE, concurrency_id="judge",
    )  # fmt: skip


def _for_visitors(judge: Callable[..., Any], results: Results) -> Callable[..., Any]:
    """``judge``, with a sentence in the verdict in the place of an expected error."""

    @wraps(judge)  # gradio reads the signature to find out where the progress goes
    def page(*values: Any) -> Any:
        try:
            return judge(*values)
        except gr.Error as error:
            return results.only(card(error.title, unescape(error.message), tone="bad"))

    return page


def _tidy(judge: Callable[..., Any]) -> Callable[..., Any]:
    """``judge``, after which the memory of its photos goes back to the system."""

    @wraps(judge)
    def tidy(*values: Any) -> Any:
        try:
            return judge(*values)
        finally:
            give_back_soon()

    return tidy


def _picker(origin: Source) -> Callable[..., Any]:
    """The event that puts the files of an example into the box."""

    def pick(event: gr.SelectData) -> Any:
        files = origin.examples[event.index].files
        return list(files) if origin.upload.file_count == "multiple" else files[0]

    return pick


def _again(page: Callable[..., Any], results: Results) -> Callable[..., Any]:
    """``page`` for what has changed: the empty state while the box is empty."""

    @wraps(page)
    def again(*values: Any) -> Any:
        return page(*values) if values[0] else results.blank()

    return again
