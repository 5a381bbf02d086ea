"""A stand-in of the Hub on loopback: the endpoints that huggingface_hub 2.4 calls to push and to pull a model."""

import base64
import fnmatch
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = ("*.onnx", "*.bin", "*.png")
WRITE, READ = "hf_write", "hf_read"


@dataclass
class Commit:
    """A commit: its hash, and name to content of every file."""

    oid: str
    files: dict[str, bytes]


@dataclass
class Hub:
    """What the server holds.

    Attributes:
        commits: by repository, oldest first.
        private: repositories that only a token may see.
        objects: large files that were put, by sha256.
        requests: "METHOD path" of everything asked for, in order.
        messages: of the commits that were pushed.
        fault: called first for every request; True: it has answered.
        ranges: whether a part of a file can be asked for.
        stated: size of a file to be stated instead of its own, by name.
    """

    commits: dict[str, list[Commit]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    fault: "Callable[[Answer], bool]" = lambda answer: False
    ranges: bool = True
    stated: dict[str, int] = field(default_factory=dict)

    def add(self, repository: str, files: dict[str, bytes]) -> str:
        """The hash of a new commit that holds these files and no others."""
        row = self.commits.setdefault(repository, [])
        seed = json.dumps([repository, len(row), {k: hashlib.sha256(v).hexdigest() for k, v in files.items()}])
        row.append(Commit(hashlib.sha1(seed.encode()).hexdigest(), files))
        return row[-1].oid

    def find(self, repository: str, revision: str) -> Commit | None:
        """The commit of that hash, or the newest for main."""
        row = self.commits[repository]
        return row[-1] if revision == "main" else next((c for c in row if c.oid == revision), None)


class Answer(BaseHTTPRequestHandler):
    """One request and its answer."""

    protocol_version = "HTTP/1.1"
    hub: Hub
    body: bytes = b""

    def _handle(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        if self.hub.fault(self):
            return
        for method, pattern, endpoint in ENDPOINTS:
            if (found := re.fullmatch(pattern, path)) and self.command in method:
                endpoint(self, **found.groupdict())
                return
        self.fail(404, "", f"the stand-in has no {path}")

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def reply(self, content: bytes, status: int = 200, **headers: str) -> None:
        """Answers with these bytes; a header's underscores are dashes."""
        self.send_response(status)
        for key, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def json(self, content: object, status: int = 200, **headers: str) -> None:
        """Answers with JSON."""
        self.reply(json.dumps(content).encode(), status, Content_Type="application/json", **headers)

    def fail(self, status: int, code: str = "", message: str = "") -> None:
        """Answers as the Hub does with an error."""
        self.json({"error": message}, status, X_Error_Code=code, X_Error_Message=message)

    def may(self, *tokens: str) -> bool:
        """Whether one of these tokens came with the request; else the refusal has been sent."""
        found = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if found in tokens:
            return True
        if found == READ:
            self.fail(403, "", "this token may not write")
        else:
            self.fail(401, "RepoNotFound" if self.command in ("GET", "HEAD") else "", "Invalid username or password.")
        return False

    def seen(self, repository: str, revision: str) -> Commit | None:
        """The commit, when repository and revision exist and may be seen; else the refusal has been sent."""
        if repository not in self.hub.commits:
            self.fail(404, "RepoNotFound", "Repository not found")
        elif repository not in self.hub.private or self.may(READ, WRITE):
            commit = self.hub.find(repository, revision)
            if commit is None:
                self.fail(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return commit
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the requests are kept in the hub."""


def create(answer: Answer) -> None:
    """POST repos/create."""
    asked = json.loads(answer.body)
    name = f"{asked['organization']}/{asked['name']}"
    if not answer.may(WRITE):
        return
    url = f"http://{answer.headers['Host']}/{name}"
    if name in answer.hub.commits:
        answer.json({"error": "You already created this model repo", "url": url}, 409)
        return
    answer.hub.add(name, {".gitattributes": b"*.onnx filter=lfs\n"})
    if asked.get("visibility") == "private":
        answer.hub.private.add(name)
    answer.json({"url": url})


def validate(answer: Answer) -> None:
    """POST validate-yaml: the front matter must be there."""
    text = json.loads(answer.body)["content"]
    if re.match(r"---\n.*?\n---\n", text, re.S):
        answer.json({"errors": [], "warnings": []})
    else:
        answer.json({"errors": [{"message": "no metadata"}], "warnings": []}, 400)


def preupload(answer: Answer, repository: str, revision: str) -> None:
    """POST preupload: which files are large, and the object that stands under each name now."""
    found = answer.seen(repository, revision) if answer.may(WRITE) else None
    if found is None:
        return
    rows = []
    for name in (file["path"] for file in json.loads(answer.body)["files"]):
        large = any(fnmatch.fnmatch(name, pattern) for pattern in LARGE)
        held = found.files.get(name)
        row = {"path": name, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        rows.append(row if held is None else {**row, "oid": object_id(held, large)})
    answer.json({"files": rows})


def object_id(content: bytes, large: bool) -> str:
    """The hash of a file: sha256 of a large one, that of a git blob for another."""
    return (
        hashlib.sha256(content).hexdigest()
        if large
        else hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    )


def batch(answer: Answer, repository: str) -> None:
    """POST LFS batch: where to put what is not here yet."""
    if not answer.may(WRITE):
        return
    host, objects = f"http://{answer.headers['Host']}", []
    for wanted in json.loads(answer.body)["objects"]:
        actions = {"upload": {"href": f"{host}/put/{wanted['oid']}"}, "verify": {"href": f"{host}/verify"}}
        objects.append(wanted if wanted["oid"] in answer.hub.objects else {**wanted, "actions": actions})
    answer.json({"transfer": "basic", "objects": objects})


def put(answer: Answer, oid: str) -> None:
    """PUT of a large file, refused when it is not what was announced."""
    if hashlib.sha256(answer.body).hexdigest() == oid:
        answer.hub.objects[oid] = answer.body
        answer.reply(b"")
    else:
        answer.fail(400, "", "another sha256")


def verify(answer: Answer) -> None:
    """POST LFS verify."""
    asked = json.loads(answer.body)
    held = answer.hub.objects.get(asked["oid"])
    answer.reply(b"", 200 if held is not None and len(held) == asked["size"] else 404)


def commit(answer: Answer, repository: str, revision: str) -> None:
    """POST commit: header, files, large files and deletions, a line each."""
    before = answer.seen(repository, revision) if answer.may(WRITE) else None
    if before is None:
        return
    files = dict(before.files)
    for line in answer.body.splitlines():
        item = json.loads(line)
        value = item["value"]
        if item["key"] == "header":
            answer.hub.messages.append(value["summary"])
        elif item["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif item["key"] == "lfsFile":
            files[value["path"]] = answer.hub.objects[value["oid"]]
        else:
            del files[value["path"]]
    oid = answer.hub.add(repository, files)
    answer.json({"commitUrl": f"http://{answer.headers['Host']}/{repository}/commit/{oid}", "commitOid": oid})


def info(answer: Answer, repository: str, revision: str | None = None) -> None:
    """GET of a repository at a revision, with the size of every file."""
    if found := answer.seen(repository, revision or "main"):
        rows = [{"rfilename": n, "size": answer.hub.stated.get(n, len(c))} for n, c in found.files.items()]
        answer.json({"id": repository, "sha": found.oid, "siblings": rows})


def tree(answer: Answer, repository: str, revision: str) -> None:
    """GET of the list of files."""
    if found := answer.seen(repository, revision):
        rows = [{"type": "file", "path": n, "size": len(c), "oid": found.oid} for n, c in found.files.items()]
        answer.json(rows)


def resolve(answer: Answer, repository: str, revision: str, name: str) -> None:
    """HEAD and GET of a file, or of its end."""
    found = answer.seen(repository, revision)
    if found is None:
        return
    if name not in found.files:
        answer.fail(404, "EntryNotFound", "Entry not found")
        return
    content = found.files[name]
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X_Repo_Commit": found.oid}
    part = re.fullmatch(r"bytes=(\d+)-", answer.headers.get("Range", ""))
    if part and answer.hub.ranges:
        start = int(part[1])
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        answer.reply(content[start:], 206, Content_Range=span, **headers)
    else:
        answer.reply(content, **headers)


NAME = "(?P<repository>[^/]+/[^/]+)"
ENDPOINTS: tuple[tuple[tuple[str, ...], str, Callable[..., None]], ...] = (
    (("POST",), "/api/repos/create", create),
    (("POST",), "/api/validate-yaml", validate),
    (("POST",), f"/api/models/{NAME}/preupload/(?P<revision>.+)", preupload),
    (("POST",), f"/{NAME}\\.git/info/lfs/objects/batch", batch),
    (("PUT",), "/put/(?P<oid>.+)", put),
    (("POST",), "/verify", verify),
    (("POST",), f"/api/models/{NAME}/commit/(?P<revision>.+)", commit),
    (("GET",), f"/api/models/{NAME}/tree/(?P<revision>[^/]+)", tree),
    (("GET",), f"/api/models/{NAME}/revision/(?P<revision>.+)", info),
    (("GET",), f"/api/models/{NAME}", info),
    (("GET", "HEAD"), f"/{NAME}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", resolve),
)


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The address of a server of that hub, as long as the context lasts."""
    handler = type("Bound", (Answer,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
