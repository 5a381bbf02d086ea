"""Builds and launches the demo and its HTTP API: ``python app.py``.

Nothing happens at import. Photos are kept in a private temporary folder of this process, which is removed at its end;
no connection leaves this machine.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from tabs import Examples

STYLE = Path(__file__).parent / "tabs" / "style.css"
TITLE = "iqa – photo quality lab"
KEPT_S = 3600
"""Seconds after which an upload and its results are removed; looked at every ten minutes."""
HEAD = """<div class="iqa-title"><h1>Photo quality lab</h1><p>Which frame to keep, what is blurred, what is wrong, and
what can be saved in the dark – with the evidence, and the name of the estimator behind every number.</p></div>"""
FOOTER = """<div class="iqa-footer"><b>How to read the numbers</b><dl>
<div><dt>Quality, factors, overall</dt><dd>0 to 1, higher is better. Excellent from 0.8, Good from 0.6, Fair from 0.4,
Poor from 0.2, Very Poor below.</dd></div>
<div><dt>Severity of a degradation</dt><dd>0 to 1, 0 = none. “Cannot tell” is an answer and never counts as
bad.</dd></div>
<div><dt>Probability, confidence</dt><dd>0 to 1, 1 = certain. All four blur types add up to 1.</dd></div>
<div><dt>Estimators</dt><dd>Closed-form measures with their papers; no neural network yet. Name and version stand below
every result.</dd></div></dl>
<p>Your photos stay on the machine that serves this page, are removed within two hours, and are sent nowhere else.
Nothing you upload is changed. The same answers as JSON: <a href="/api/v1/openapi.json">HTTP API</a>.</p></div>"""


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Host and port from the command line, else from the environment."""
    parser = argparse.ArgumentParser(description="Serves the photo quality demo and its HTTP API.")
    everywhere = "SPACE_ID" in os.environ  # a Hugging Face Space is reached from outside its container
    parser.add_argument("--host", default="0.0.0.0" if everywhere else "127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")), help="port to listen on"
    )
    return parser.parse_args(argv)


def build(examples: "Examples") -> "gr.Blocks":
    """The page: title, tabs, footer."""
    import gradio as gr

    from tabs import TABS

    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, KEPT_S)) as demo:
        gr.HTML(HEAD)
        with gr.Tabs():
            for tab in TABS:
                with gr.Tab(tab.title):
                    gr.Markdown(tab.sentence, elem_classes="iqa-lead")
                    tab.build(examples)
        gr.HTML(FOOTER)
    demo.queue(max_size=32, default_concurrency_limit=2)
    return demo


def serve(demo: "gr.Blocks") -> "FastAPI":
    """The HTTP API with the page mounted below it."""
    import gradio as gr

    from api import create
    from tabs.upload import MAX_BYTES

    system = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")]
    app = gr.mount_gradio_app(
        create(),
        demo,
        path="/",
        theme=gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=system, font_mono=mono).set(
            body_text_color_subdued="*neutral_500",  # the default is too pale to read
            button_primary_background_fill="*primary_700",
            button_primary_background_fill_hover="*primary_800",
            button_primary_background_fill_dark="*primary_700",
            button_primary_text_color="white",
        ),
        head=f"<style>{STYLE.read_text(encoding='utf-8')}</style>",
        max_file_size=MAX_BYTES,
        show_error=False,  # unexpected errors go to the log, not to the visitor; expected ones are sentences
        ssr_mode=False,
        run_history=False,
        mcp_server=False,
        enable_monitoring=False,
        footer_links=["api"],
    )
    # Mounting leaves this off, and with it gradio's check that a path sent by a client lies in the upload folder.
    demo.has_launched = True
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """Serves until interrupted."""
    chosen = options(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the folder is removed also when a host stops us
    with tempfile.TemporaryDirectory(prefix="iqa-", ignore_cleanup_errors=True) as folder:
        private = Path(folder)
        (private / "examples").mkdir()
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = str(private / "uploads")
        os.environ["GRADIO_EXAMPLES_CACHE"] = str(private / "cached")

        import uvicorn

        from tabs import examples

        app = serve(build(examples.make(private / "examples")))
        print(f"Photo quality lab: http://{chosen.host}:{chosen.port} (stop with Ctrl+C)", flush=True)
        uvicorn.run(app, host=chosen.host, port=chosen.port, log_level="warning")


if __name__ == "__main__":
    main()
