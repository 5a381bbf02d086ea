"""What every tab does alike: a file box, examples to click on, one event with one progress bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from .examples import Example
from .pictures import gradient
from .show import legend, waiting

AT_ONCE = 2
"""Photos judged at the same time: the machine this is made for has two cores."""


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


def verdict_card(invitation: str) -> gr.HTML:
    """The first thing of the results: the invitation now, the verdict later."""
    return gr.HTML(waiting(invitation), label="verdict", min_height=96, elem_classes="iqa-verdict")


def picture(title: str, height: int) -> gr.Image:
    """A result picture of a fixed height, so that the page does not jump when it arrives."""
    return gr.Image(label=title, format="jpeg", height=height, min_width=260, interactive=False, buttons=["fullscreen"])


def map_legend() -> gr.HTML:
    """What the colors of a sharpness map mean."""
    return gr.HTML(legend(gradient(), "soft", "sharp", ("#9ca3af", "no texture: cannot be judged")))


def numbers() -> gr.JSON:
    """The answer as JSON, for whoever wants to work on with it; placed last on the page, first in the outputs."""
    with gr.Accordion("All numbers as JSON", open=False):
        return gr.JSON(label="numbers", show_label=False)


def download(label: str, path: str | None = None) -> gr.DownloadButton:
    """A download button that can be clicked when there is a file behind it."""
    return gr.DownloadButton(label, value=path, interactive=path is not None)


def _empty(output: Component, value: str | None) -> Any:
    return gr.DownloadButton(value=None, interactive=False) if isinstance(output, gr.DownloadButton) else value


def wire(
    judge: Callable[..., Any],
    origin: Source,
    settings: Sequence[Component],
    outputs: Sequence[Component],
    *,
    name: str,
    verdict: gr.HTML,
    invitation: str,
) -> None:
    """Connects a tab: upload, button, example and settings start ``judge``; a failure clears the results.

    Args:
        judge: takes the upload and the settings, returns a value per output.
        origin: what starts it.
        settings: further inputs.
        outputs: all results, the verdict among them.
        name: of the public endpoint, without the slash.
        verdict: the one output that shows the progress.
        invitation: what the verdict says while there is no result.
    """
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}

    def blank() -> list[Any]:
        return [_empty(output, waiting(invitation) if output is verdict else None) for output in outputs]

    def start(event: Any, run: Callable[..., Any], **how: Any) -> None:
        started = event(
            run, inputs=[origin.upload, *settings], outputs=list(outputs), show_progress_on=verdict,
            concurrency_limit=AT_ONCE, concurrency_id="judge", **how,
        )  # fmt: skip
        started.failure(blank, outputs=list(outputs), **hidden)

    triggers = [origin.upload.upload, origin.button.click]
    start(partial(gr.on, triggers), judge, api_name=name)
    picked = origin.gallery.select(_picker(origin), outputs=origin.upload, **hidden)
    start(picked.success, judge, api_visibility="private")
    for setting in settings:
        moved = setting.release if isinstance(setting, gr.Slider) else setting.input
        start(moved, _again(judge, len(outputs)), api_visibility="private")
    gr.on([*triggers, origin.gallery.select], js=SCROLL, api_visibility="private")
    origin.upload.clear(blank, outputs=list(outputs), **hidden)


def _picker(origin: Source) -> Callable[..., Any]:
    """The event that puts the files of an example into the box."""

    def pick(event: gr.SelectData) -> Any:
        files = origin.examples[event.index].files
        return list(files) if origin.upload.file_count == "multiple" else files[0]

    return pick


def _again(judge: Callable[..., Any], outputs: int) -> Callable[..., Any]:
    """``judge`` for a changed setting: nothing happens while the box is empty."""

    def again(*values: Any) -> Any:
        return judge(*values) if values[0] is not None else [gr.skip() for _ in range(outputs)]

    return again
