"""A stand-in of the few Hub endpoints that a download of a data set uses, on loopback."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """A dataset repository at one commit.

    Attributes:
        name: owner/name.
        files: name to content.
        stated: content whose size and sha256 are stated instead of the true ones, by name.
        requests: "METHOD path" of everything asked for.
    """

    name: str
    files: dict[str, bytes]
    stated: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def info(self) -> bytes:
        """The answer to api/datasets/NAME/revision/COMMIT with blobs."""
        siblings = []
        for name, content in {**self.files, **self.stated}.items():
            digest = hashlib.sha256(content).hexdigest()
            lfs = {"sha256": digest, "size": len(content), "pointerSize": 134}
            siblings.append({"rfilename": name, "size": len(content), "blobId": digest[:40], "lfs": lfs})
        return json.dumps({"id": self.name, "sha": COMMIT, "siblings": siblings}).encode()


def _handler(repository: Repository) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            path = urlsplit(self.path).path
            repository.requests.append(f"{self.command} {path}")
            api, resolve = f"/api/datasets/{repository.name}", f"/datasets/{repository.name}/resolve/{COMMIT}/"
            if path in {api, f"{api}/revision/{COMMIT}", f"{api}/revision/main"}:
                content = repository.info()
            elif path.startswith(resolve) and path.removeprefix(resolve) in repository.files:
                content = repository.files[path.removeprefix(resolve)]
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the requests are kept in the repository."""

    return Handler


@contextmanager
def serving(repository: Repository) -> Iterator[str]:
    """The address of a server of the repository, as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(repository))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
