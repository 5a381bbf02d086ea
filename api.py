"""The HTTP API beside the demo: the same answers as JSON, for one photo or for several.

POST /api/v1/blur/classify[?blur_type=TYPE], /api/v1/quality/score, /api/v1/degradations/assess[?weights=rated] take the
photo as the multipart field ``file``; the same paths with /batch take several in the field ``files``. GET
/api/v1/health.
Errors are JSON ``{"detail": sentence}``: 413 too large, 415 not a readable photo, 422 anything else in the request, 503
when a model is missing or broken on this server, whose log then says what to do.
"""

import io
import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

import anyio
from fastapi import APIRouter, Depends, FastAPI, File, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iqa import blur, burst, degradations, image, lowlight, quality
from iqa.catalogue import CatalogueError
from iqa.errors import ImageError, IQAError, ManifestError, ModelError, UnknownNameError
from iqa.estimator import Estimator
from tabs import answer
from tabs.memory import give_back_soon
from tabs.upload import LIMITS, MAX_BYTES

LOG = logging.getLogger(__name__)
PREFIX = "/api/v1"
BROKEN = (ModelError, ManifestError, CatalogueError)
"""Errors of the server, not of what was sent."""
MAX_BATCH_BYTES = 400 * 2**20
MAX_BATCH = 50
AT_ONCE = 2
"""Photos judged at the same time."""
ENVELOPE_BYTES = 64 * 2**10
"""What multipart headers and boundaries may add to the photos."""
OUTSIDE = re.compile(r"/+gradio_api/+(proxy=|file=\W*https?:)", re.IGNORECASE)

HOW = "Send multipart/form-data with the photo in the field 'file', as curl -F file=@photo.jpg does (batch: 'files')."


class Option(NamedTuple):
    """A parameter of the address: its name, what its values are called, which they are, what it is when left out."""

    name: str
    called: str
    values: Sequence[str]
    without: str


OPTIONS = {
    "/blur/classify": Option("blur_type", "blur type", blur.SELECTABLE, "all probabilities"),
    "/degradations/assess": Option("weights", "weights", degradations.WEIGHTINGS, "documented"),
}
"""By path: the one parameter that it takes."""

Judge = Callable[[bytes, str, str | None], answer.Plain]
Photo = Annotated[UploadFile, File(description="the photo, as it is")]
Photos = Annotated[list[UploadFile], File(description=f"up to {MAX_BATCH} photos")]


class BodyCap:
    """ASGI middleware: answers 413 as soon as a request to the API has sent more bytes than its path may."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts the body while it is read; a Content-Length that says too much is refused before."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        limit = (MAX_BATCH_BYTES if scope["path"].rstrip("/").endswith("/batch") else MAX_BYTES) + ENVELOPE_BYTES
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, _sentence_413(limit))
            return message

        await self.app(scope, counted, send)


class NoOutside:
    """ASGI middleware: the two addresses under which gradio would fetch a page of another host answer 403."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on that does not name another host."""
        if scope["type"] == "http" and OUTSIDE.match(scope["path"]):
            sentence = "Links are not fetched: this server makes no outgoing connection."
            await JSONResponse({"detail": sentence}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _sentence_413(limit: int) -> str:
    return f"The upload is larger than {limit // 2**20} MiB; send fewer or smaller photos."


def _too_large(limit: int) -> JSONResponse:
    return JSONResponse({"detail": _sentence_413(limit)}, 413, headers={"connection": "close"})


def _blur(data: bytes, name: str, blur_type: str | None) -> answer.Plain:
    found = blur.classify(image.load(_named(data, name), limits=LIMITS))
    return answer.blur(name, found, None if blur_type is None else blur.detect(found, blur_type))


def _quality(data: bytes, name: str, _: str | None) -> answer.Plain:
    pixels = image.load(_named(data, name), max_side=quality.READ_SIDE, limits=LIMITS)
    return answer.quality(name, quality.score(pixels))


def _degradations(data: bytes, name: str, weights: str | None) -> answer.Plain:
    setting = image.info(_named(data, name), LIMITS).jpeg_quality
    pixels = image.load(_named(data, name), limits=LIMITS)
    found = degradations.assess(pixels, jpeg_quality=setting, weights=weights or degradations.WEIGHTINGS[0])
    return answer.degradations(name, found)


def _named(data: bytes, name: str) -> io.BytesIO:
    """The bytes as a file with a name, so that an error calls the photo what its sender calls it."""
    file = io.BytesIO(data)
    file.name = name
    return file


def _asked(option: Option | None, request: Request) -> str | None:
    value = None if option is None else request.query_params.get(option.name)
    if option is not None and value is not None and value not in option.values:
        raise UnknownNameError(option.called, value, option.values)
    return value


def _described(option: Option) -> dict[str, Any]:
    about = f"one of {', '.join(option.values)}; left out = {option.without}"
    return {"name": option.name, "in": "query", "description": about, "schema": {"type": "string"}}


def _meant(field: str, option: Option | None) -> Any:
    """A dependency: HTTPException 422 for what has no effect, beside that field of the form and that option."""
    names = () if option is None else (option.name,)

    async def check(request: Request) -> None:
        for part, given, known in (("address", request.query_params, names), ("form", await request.form(), (field,))):
            if unknown := next((name for name in given if name not in known), None):
                accepted = f"{field!r} in the form" + "".join(f", ?{name}= in the address" for name in names)
                raise HTTPException(422, f"Unknown in the {part}: {unknown[:40]!r}; accepted: {accepted}. {HOW}")

    return Depends(check)


async def _alone(request: Request) -> None:
    """Nothing; HTTPException 422 when several photos came where one is answered."""
    photos = len((await request.form()).getlist("file"))
    if photos > 1:
        raise HTTPException(422, f"{photos} fields 'file' came; one photo is answered here. Send several to /batch.")


async def _judge(judge: Judge, file: UploadFile, asked: str | None, limiter: anyio.CapacityLimiter) -> answer.Plain:
    """The answer for one photo; raises IQAError, or HTTPException 413 when the photo is too large."""
    data = await file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise HTTPException(413, _sentence_413(MAX_BYTES))
    work = partial(_tidy, judge, data, file.filename or "photo", asked)
    return await anyio.to_thread.run_sync(work, limiter=limiter)


def _tidy(judge: Judge, data: bytes, name: str, asked: str | None) -> answer.Plain:
    """The answer; the memory of the photo then goes back to the system."""
    try:
        return judge(data, name, asked)
    finally:
        give_back_soon()


def _add(router: APIRouter, path: str, judge: Judge, limiter: anyio.CapacityLimiter) -> None:
    """Adds ``path`` for one photo and ``path/batch`` for several; both take the option of the path."""
    option = OPTIONS.get(path)
    asked = partial(_asked, option)

    async def one(request: Request, file: Photo) -> answer.Plain:
        await _alone(request)
        return await _judge(judge, file, asked(request), limiter)

    async def batch(request: Request, files: Photos) -> answer.Plain:
        if len(files) > MAX_BATCH:
            raise HTTPException(422, f"{len(files)} photos came; send at most {MAX_BATCH} at once.")
        value, results = asked(request), []
        for file in files:
            try:
                results.append(await _judge(judge, file, value, limiter))
            except BROKEN:
                raise  # every other photo would fail alike
            except IQAError as error:
                results.append(answer.failure(file.filename or "photo", str(error)))
            except HTTPException as error:
                results.append(answer.failure(file.filename or "photo", str(error.detail)))
        failed = sum("error" in result for result in results)
        return {"results": results, "done": len(results) - failed, "failed": failed}

    name, said = path.strip("/").replace("/", "_"), answer.ABOUT[path.split("/")[1]]
    several = f"`results` in the order of the photos, `done` and `failed` counted. Each: {said}"
    parameters = {} if option is None else {"parameters": [_described(option)]}
    for end, answers, about, field in (("", one, said, "file"), ("/batch", batch, several, "files")):
        router.add_api_route(
            path + end, answers, methods=["POST"], name=name + end.replace("/", "_"), description=about,
            dependencies=[_meant(field, option)], openapi_extra=parameters,
        )  # fmt: skip


async def _expected(_: Request, error: Exception) -> JSONResponse:
    """An error of iqa as JSON: its sentence, and 415 when the file is the reason, 503 when a model of ours is."""
    if isinstance(error, BROKEN):
        return JSONResponse({"detail": _unusable(error)}, 503)
    return JSONResponse({"detail": str(error)}, 415 if isinstance(error, ImageError) else 422)


def _unusable(error: Exception) -> str:
    """What a client may know of a model that cannot be used; the folders of the server stay in its log."""
    LOG.error("%s", error)
    return "A model of this server is missing or broken; its log says what to do. Ask whoever runs it."


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """A request without its fields, or with something else in them, as sentences."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    sentence = " ".join(dict.fromkeys(map(_in_words, found)))
    return JSONResponse({"detail": f"{sentence} {HOW}"}, 422)


def _in_words(found: dict[str, Any]) -> str:
    field = next((part for part in found["loc"][1:] if isinstance(part, str)), found["loc"][0])
    if found["loc"][0] == "body" and found["type"] == "missing":
        return f"The field {field!r} is missing."
    if found["loc"][0] == "body":
        return f"The field {field!r} holds text; it must hold a file."
    return f"{field}: {found['msg']}."


async def _to_description() -> RedirectResponse:
    """The description of this API, for those who look for it where most servers have it."""
    return RedirectResponse(f"{PREFIX}/openapi.json")


def _estimators() -> list[Estimator]:
    """Who answers by default; loads the networks at the first call."""
    return [task.estimator() for task in (quality, blur, degradations, lowlight)]


async def health() -> dict[str, Any]:
    """What answers here: the status and the estimators with their versions; 503 when a network cannot be used."""
    try:
        models = await anyio.to_thread.run_sync(_estimators)
    except IQAError as error:
        raise HTTPException(503, _unusable(error)) from error
    return {"status": "ok", "models": [str(model) for model in models], "burst_frames": burst.MAX_FRAMES}


def create() -> FastAPI:
    """The application with the routes of the API; the page is mounted below them."""
    app = FastAPI(
        title="iqa", version="1", docs_url=None, redoc_url=None, openapi_url=f"{PREFIX}/openapi.json",
        description=__doc__,
    )  # fmt: skip
    router = APIRouter(prefix=PREFIX)
    limiter = anyio.CapacityLimiter(AT_ONCE)
    router.add_api_route("/health", health, methods=["GET"])
    _add(router, "/blur/classify", _blur, limiter)
    _add(router, "/quality/score", _quality, limiter)
    _add(router, "/degradations/assess", _degradations, limiter)
    app.include_router(router)
    app.add_api_route("/openapi.json", _to_description, include_in_schema=False)
    app.add_middleware(BodyCap)
    app.add_middleware(NoOutside)
    app.add_exception_handler(IQAError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app
