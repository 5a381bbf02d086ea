"""iqa.image: the one error for everything that gives no pixels, no side effects, and no time lost."""

import io
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile_bytes as raw
import numpy as np
import pytest
from PIL import Image, ImageFile

from iqa.errors import ImageError
from iqa.image import EXTENSIONS, FORMATS, info, load

HEIC = raw.box(b"ftyp", b"heic\0\0\0\0mif1heic") + raw.box(b"meta", bytes(99))


def test_a_path_that_gives_no_photo_is_named_in_the_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    for path, words in (
        (tmp_path / "missing.jpg", "no such file"),
        (tmp_path / ".." / ".." / "missing.jpg", "no such file"),
        (tmp_path, "a folder"),
        (empty, "empty"),
        (empty / "below.jpg", "cannot open"),
        (tmp_path / ("n" * 300), "too long"),
    ):
        for given in (path, str(path)):
            with pytest.raises(ImageError, match=words) as caught:
                load(given)
            assert repr(str(path)) in str(caught.value)
    with pytest.raises(ImageError, match="null byte"):
        load(f"{tmp_path}/nul\0.jpg")


def test_a_file_without_permission_is_the_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:  # the tests may run as root, whom no mode bits stop
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "private.jpg"
    path.write_bytes(raw.encode("JPEG"))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match="permission"):
        load(path)


@pytest.mark.parametrize("source", [None, 7, 3.5, [], {}, np.zeros((9, 9, 3), np.uint8), object()])
def test_what_is_no_source_is_the_one_error(source: object) -> None:
    with pytest.raises(ImageError, match="not a source of pixels"):
        load(source)


def test_a_file_object_that_fails_is_the_one_error() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("the cable is out")

    closed = io.BytesIO(raw.encode("PNG"))
    closed.close()
    for source, words in ((Broken(), "cable"), (closed, "closed"), (io.StringIO("text"), "binary")):
        with pytest.raises(ImageError, match=words):
            load(source)


def test_what_is_empty_is_called_empty_and_what_was_read_is_not(tmp_path: Path) -> None:
    named = io.BytesIO(b"")
    named.name = "IMG_1.jpg"
    empty = tmp_path / "empty.jpg"
    empty.touch()
    with empty.open("rb") as file:
        for source in (named, io.BytesIO(), b"", empty, file):
            with pytest.raises(ImageError, match=r"empty \(0 bytes\)") as caught:
                load(source)
            assert "Seek" not in str(caught.value)
    with pytest.raises(ImageError, match=r"'IMG_1\.jpg'"):
        load(named)
    spent = io.BytesIO(raw.encode("PNG"))
    load(spent)
    with pytest.raises(ImageError, match="read to its end before") as caught:
        load(spent)
    assert "Seek" in caught.value.action


def test_an_empty_stream_that_cannot_tell_its_place_is_called_empty() -> None:
    class Pipe(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b""

        def tell(self) -> int:
            raise OSError("not seekable")

    with pytest.raises(ImageError, match=r"empty \(0 bytes\)"):
        load(Pipe())


def test_an_error_says_asked_found_accepted_and_what_to_do() -> None:
    with pytest.raises(ImageError) as caught:
        load(b"%PDF-1.7 ...")
    error = caught.value
    assert (error.asked, error.found) == ("load 12 bytes", "its content is a PDF document")
    assert "JPEG" in error.accepted
    assert error.action == "Export it as JPEG or PNG."


def test_a_heic_without_its_reader_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.setitem(sys.modules, "pi_heif.as_plugin", None)
    for call in (load, info):
        with pytest.raises(ImageError, match="pip install pi-heif"):
            call(HEIC)


def test_a_damaged_heic_is_the_one_error() -> None:
    pytest.importorskip("pi_heif", reason="the optional HEIC reader is not installed")
    with pytest.raises(ImageError, match="damaged or cut off"):
        load(HEIC)


@pytest.mark.parametrize("brand", [b"heic", b"avif"])
def test_a_container_shorter_than_its_boxes_is_cut(brand: bytes) -> None:
    cut = raw.box(b"ftyp", brand + b"\0\0\0\0mif1" + brand) + raw.box(b"mdat", bytes(500), size=9_000)
    with pytest.raises(ImageError, match=r"ends after 532 of 9,024 bytes") as caught:
        load(cut)
    assert "pi-heif" not in str(caught.value)


def test_formats_and_extensions_are_those_of_photos() -> None:
    assert set(FORMATS) == {"JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "HEIF"}
    assert {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".heic"} <= EXTENSIONS
    assert not EXTENSIONS & {".eps", ".svg", ".pdf", ".psd", ".ico"}
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in EXTENSIONS)


def test_warnings_of_the_readers_are_neither_shown_nor_fatal() -> None:
    control = raw.png_chunk(b"acTL", bytes(8))  # an animation of no frames
    palette = Image.fromarray(raw.picture()).quantize(9)
    noisy = [
        raw.encode("PNG", palette, transparency=bytes(range(9))),
        raw.png(9, 9, control),
        raw.grey_tiff(9, 9, (65_000, 2, 2**31 - 1, 8)),  # a text that ends behind the file
    ]
    for data in noisy:
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            Image.open(io.BytesIO(data)).convert("RGB").load()
        assert shown, "Pillow no longer warns: this file tests nothing"
        for action in ("error", "always"):
            with warnings.catch_warnings(record=True) as shown:
                warnings.simplefilter(action)
                before = list(warnings.filters)
                load(data)
                info(data)
                assert warnings.filters == before
            assert not shown


def test_the_size_at_which_pillow_warns_is_no_limit_here() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert info(raw.png_header(12_000, 9_000) + bytes(2**20)).width == 12_000


def test_pillow_settings_of_the_process_are_left_alone() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(Image.OPEN), list(warnings.filters))
    load(raw.encode("JPEG"))
    with pytest.raises(ImageError):
        load(raw.encode("JPEG")[:500])
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(Image.OPEN), list(warnings.filters))


def test_threads_get_their_own_pictures() -> None:
    kinds = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
    files = [raw.encode(kind, Image.fromarray(raw.picture(90, 120, seed))) for seed in range(4) for kind in kinds]
    cut = [data[: len(data) // 2] for data in files]
    expected = [load(data) for data in files]
    filters = list(warnings.filters)
    gate = threading.Barrier(4)

    def work(_: int) -> bool:
        gate.wait(10)
        for _ in range(5):
            for data, half, want in zip(files, cut, expected, strict=True):
                if not (load(data) == want).all():
                    return False
                with pytest.raises(ImageError):
                    load(half)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert warnings.filters == filters


def test_a_12_megapixel_jpeg_takes_no_longer_than_pillow() -> None:
    data = raw.encode("JPEG", Image.fromarray(np.tile(raw.picture(300, 400), (10, 10, 1))), quality=90)

    def seconds(call: object) -> float:
        start = time.process_time()
        call(data)
        return time.process_time() - start

    def plain(file: bytes) -> np.ndarray:
        return np.array(Image.open(io.BytesIO(file)).convert("RGB"))

    ours, theirs = zip(*((seconds(load), seconds(plain)) for _ in range(5)), strict=True)
    assert min(ours) < 1.1 * min(theirs)
