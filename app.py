"""Builds and launches the demo and its HTTP API: ``python app.py``.

Nothing happens at import. Photos are kept in a private temporary folder of this process, which is removed at its end;
no connection leaves this machine.
"""

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr
    import uvicorn
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
<div><dt>Range of the quality</dt><dd>Holds the rating by people of 9 photos in 10, of the kind that the network
learned from.</dd></div>
<div><dt>Estimators</dt><dd>Quality, blur type, severities and the light given to dark photos come from trained
networks, all else from closed-form measures with their papers. Name and version stand below every
result.</dd></div></dl>
<p>Your photos stay on the machine that serves this page, are removed within two hours, and are sent nowhere else.
Nothing you upload is changed. The same answers as JSON: <a href="/api/v1/openapi.json">HTTP API</a>.</p></div>"""


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Host and port from the command line, else from the environment.

    Raises:
        SystemExit: a port that is none; the sentence says which are.
    """
    parser = argparse.ArgumentParser(description="Serves the photo quality demo and its HTTP API.")
    everywhere = "SPACE_ID" in os.environ  # a Hugging Face Space is reached from outside its container
    parser.add_argument("--host", default="0.0.0.0" if everywhere else "127.0.0.1", help="address to listen on")
    parser.add_argument("--port", help="port to listen on, 1 to 65535 (default: GRADIO_SERVER_PORT, else 7860)")
    chosen = parser.parse_args(argv)
    said = chosen.port if chosen.port is not None else os.environ.get("GRADIO_SERVER_PORT") or "7860"
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= 65535):
        named = "--port" if chosen.port is not None else "GRADIO_SERVER_PORT"
        parser.error(f"{named} is {said!r}; a port is a whole number from 1 to 65535.")
    chosen.port = int(said)
    return chosen


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, so that nobody is sent to an address that is not ours.

    Raises:
        SystemExit: the address cannot be had; the sentence says why and what to do.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, number)
        if os.name == "posix":  # a port that was just left is free; elsewhere this option would share one in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        taken = error.errno in {errno.EADDRINUSE, errno.EACCES}
        other = f"another port, as in: --port {8000 if port == 7999 else 7999}" if taken else "another --host."
        sys.exit(f"Could not listen on {host} port {port}: {error.strerror or error}. Choose {other}")
    return listener


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
    from tabs.upload import DROP_AGAIN, MAX_BYTES

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
        head=f"<style>{STYLE.read_text(encoding='utf-8')}</style>{DROP_AGAIN}",
        max_file_size=MAX_BYTES,
        show_error=False,  # unexpected errors go to the log, not to the visitor; expected ones are sentences
        ssr_mode=False,
        run_history=False,
        mcp_server=False,
        enable_monitoring=False,
        footer_links=[],
    )
    # Mounting leaves this off, and with it gradio's check that a path sent by a client lies in the upload folder.
    demo.has_launched = True
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """Serves until interrupted."""
    chosen = options(argv)
    listener = listen(chosen.host, chosen.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the folder is removed also when a host stops us
    with tempfile.TemporaryDirectory(prefix="iqa-", ignore_cleanup_errors=True) as folder:
        private = Path(folder)
        (private / "examples").mkdir()
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = str(private / "uploads")
        os.environ["GRADIO_EXAMPLES_CACHE"] = str(private / "cached")

        import uvicorn

        from tabs import examples, memory

        memory.limit()
        app = serve(build(examples.make(private / "examples")))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_announced(server, listener, f"http://{shown}:{chosen.port}"))


async def _announced(server: "uvicorn.Server", listener: socket.socket, address: str) -> None:
    """Serves on the socket; prints the address as soon as somebody answers there."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.02)
    if server.started:
        print(f"Photo quality lab: {address} (stop with Ctrl+C)", flush=True)
    await serving


if __name__ == "__main__":
    main()
