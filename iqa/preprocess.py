"""What a network sees: the record of its input, and the only resize-and-normalize in the project."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .errors import ArgumentError, ManifestError

Batch = NDArray[np.float32]


@dataclass(frozen=True)
class Accept:
    """What one field of a record accepts beyond its type: a test and the words for it; used inside ``Annotated``."""

    test: Callable[[Any], object]
    words: str


Name = Annotated[str, Accept(re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}").fullmatch, "letters, digits and _, at most 64")]
Positive = Annotated[float, Accept(lambda value: value > 0, "a number above 0")]
Side = Annotated[int, Accept(lambda value: 1 <= value <= 4096, "a whole number of pixels from 1 to 4096")]
Count = Annotated[int, Accept(lambda value: 1 <= value <= 16, "a whole number from 1 to 16")]
Fraction = Annotated[float, Accept(lambda value: 0 < value <= 1, "a number above 0 and at most 1")]
Pixels = Annotated[int, Accept(lambda value: value >= 1, "a whole number from 1")]
Context = Annotated[int, Accept(lambda value: value >= 0, "a whole number from 0")]


@dataclass(frozen=True, kw_only=True)
class View:
    """One ONNX input: its ``name``, and x = (pixel / scale - mean) / std with pixel in [0, 255], per RGB channel."""

    name: Name
    scale: Positive
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]


@dataclass(frozen=True, kw_only=True)
class Whole(View):
    """The central ``crop_fraction`` of both sides of the frame, resized to (height, width); one row per photo.

    Attributes:
        fit: ``squash`` ignores aspect; ``crop`` fills the size and cuts the longer side evenly; ``pad`` fits inside and
            surrounds the frame with 0 (the mean color); ``shrink`` is ``pad`` that never enlarges: a small photo keeps
            its pixels; ``keep`` fits inside, each side rounded to ``multiple``.
        portrait: ``swap`` exchanges height and width when the photo lies the other way; ``same`` never does.
        resize: area averaging wherever a side shrinks; bilinear or Keys bicubic (a = -0.5) wherever it grows,
            with the edge repeated outward.
    """

    kind: Literal["whole"] = "whole"
    height: Side
    width: Side
    fit: Literal["squash", "crop", "pad", "shrink", "keep"]
    multiple: Side
    portrait: Literal["same", "swap"]
    resize: Literal["area-bilinear", "area-bicubic"]
    crop_fraction: Fraction

    def __post_init__(self) -> None:
        if self.height % self.multiple or self.width % self.multiple:
            raise ManifestError(f"multiple: found {self.multiple}, accepted a divisor of height and width.")


@dataclass(frozen=True, kw_only=True)
class Native(View):
    """Crops of (height, width) at native resolution, centered in the cells of a ``rows`` x ``columns`` grid.

    One photo gives rows * columns consecutive batch rows, row by row; the graph reduces them. A crop that would leave
    the photo is moved inside; a smaller photo is padded by reflection. Where the left-over is odd, the middle one is
    half a pixel off center, toward the top left.
    """

    kind: Literal["native"] = "native"
    height: Side
    width: Side
    rows: Count
    columns: Count


@dataclass(frozen=True, kw_only=True)
class Full(View):
    """The photo at its own size, padded evenly by reflection to a ``multiple``; one row per photo.

    Attributes:
        max_pixels: the largest photo (or tile of one) that the network is given at once.
        context_px: how far a pixel of the output looks; a caller that tiles overlaps the tiles by this much.
    """

    kind: Literal["full"] = "full"
    multiple: Side
    max_pixels: Pixels
    context_px: Context


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """All that a network is given: NCHW, RGB, float32; one or several views, each an ONNX input of its own."""

    layout: Literal["NCHW"] = "NCHW"
    color: Literal["RGB"] = "RGB"
    dtype: Literal["float32"] = "float32"
    views: tuple[Whole | Native | Full, ...]

    def __post_init__(self) -> None:
        names = [view.name for view in self.views]
        if not names or len(set(names)) < len(names):
            raise ManifestError(f"views: found the names {names}, accepted one or more, all different.")

    @classmethod
    def from_dict(cls, data: object) -> "InputSpec":
        """The spec that a JSON object describes; raises ManifestError at the first thing it does not accept."""
        from .manifest import read_record  # here, because the manifest holds a spec

        spec: InputSpec = read_record(InputSpec, data, "input")
        return spec

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that ``from_dict`` turns into an equal spec."""
        return asdict(self)


def to_input(image: NDArray[np.uint8], spec: InputSpec, *, frame: NDArray[np.uint8] | None = None) -> dict[str, Batch]:
    """Input name -> float32 batch (N, 3, h, w) for one photo; N is 1, or rows * columns for native crops.

    Flipping the photo flips every batch (and the grid of native crops), within 1e-6, unless an odd left-over has to be
    split between two sides (see Native; Full, and a photo that is not enlarged, are padded the same way). Size and
    range follow from the spec.

    Args:
        image: RGB uint8 (H, W, 3): a photo, or a tile of one.
        spec: of the network.
        frame: the photo that a tile was cut from, which Whole views then show; None: ``image`` is the photo.

    Raises:
        ArgumentError: not an RGB uint8 array (H, W, 3), or larger than a view's ``max_pixels``.
    """
    frame = image if frame is None else frame
    for pixels in (image, frame):
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
            found = f"{pixels.dtype} {pixels.shape}"
            raise ArgumentError(f"Cannot prepare {found} for a network; accepted: RGB uint8 (H, W, 3).")
    shown = {view.name: frame if isinstance(view, Whole) else image for view in spec.views}
    return {view.name: np.ascontiguousarray(_batch(shown[view.name], view)) for view in spec.views}


def _batch(image: NDArray[np.uint8], view: Whole | Native | Full) -> Batch:
    if isinstance(view, Whole):
        return _whole(image, view)[None]
    table = _normalize(np.tile(np.arange(256.0), (3, 1, 1)), view)[:, 0]  # every value a uint8 can take, exactly once
    if isinstance(view, Native):
        return np.stack([_look_up(crop, table) for crop in _native(image, view)])
    height, width = image.shape[:2]
    if height * width > view.max_pixels:
        raise ArgumentError(
            f"{width} x {height} is more than the {view.max_pixels} pixels of one pass; cut it into tiles."
        )
    return _look_up(np.pad(image, (*full_padding(height, width, view), (0, 0)), mode="reflect"), table)[None]


def _normalize(planes: NDArray[np.float64], view: View) -> Batch:
    mean, std = (np.array(values).reshape(3, 1, 1) for values in (view.mean, view.std))
    batch: Batch = ((planes / view.scale - mean) / std).astype(np.float32)
    return batch


def _look_up(image: NDArray[np.uint8], table: Batch) -> Batch:
    return np.stack([table[channel][image[..., channel]] for channel in range(3)])


def _split(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2


def full_padding(height: int, width: int, view: Full) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) in pixels: what a Full view adds around a photo of that size."""
    return _split(-height % view.multiple), _split(-width % view.multiple)


def fixed_size(view: Whole | Native | Full) -> tuple[int | None, int | None]:
    """(height, width) that every photo gets in that view; None for a side that depends on the photo."""
    if isinstance(view, Native) or (isinstance(view, Whole) and view.fit != "keep" and view.portrait == "same"):
        return view.height, view.width
    return None, None


def _native(image: NDArray[np.uint8], view: Native) -> list[NDArray[np.uint8]]:
    pads = [_split(max(0, side - have)) for side, have in zip((view.height, view.width), image.shape[:2], strict=True)]
    image = np.pad(image, (*pads, (0, 0)), mode="reflect")
    tops = _positions(image.shape[0], view.height, view.rows)
    lefts = _positions(image.shape[1], view.width, view.columns)
    return [image[top : top + view.height, left : left + view.width] for top in tops for left in lefts]


def _positions(length: int, side: int, count: int) -> list[int]:
    last = length - side
    first_half = [min(max(((2 * i + 1) * length - count * side) // (2 * count), 0), last) for i in range(count // 2)]
    middle = [last // 2] * (count % 2)
    return first_half + middle + [last - start for start in reversed(first_half)]  # mirrored, so that a flip keeps them


def _whole(image: NDArray[np.uint8], view: Whole) -> Batch:
    frame = np.array(image.shape[:2]) * view.crop_fraction
    size = np.array([view.height, view.width])
    if view.portrait == "swap" and (image.shape[0] - image.shape[1]) * (view.height - view.width) < 0:
        size = size[::-1]
    box, inner = frame, size
    if view.fit == "crop":
        box = size * np.min(frame / size)
    elif view.fit != "squash":
        ideal = frame * np.min(size / frame)
        if view.fit == "shrink" and (frame <= size).all():
            inner = np.maximum(np.round(frame), 1).astype(int)
        elif view.fit != "keep":  # an even remainder, so that both sides get the same
            inner = np.maximum(size - 2 * np.round((size - ideal) / 2), 2 - size % 2).astype(int)
        else:
            inner = (np.maximum(np.round(ideal / view.multiple), 1) * view.multiple).astype(int)
            size = inner
    batch = _normalize(_resample(image, box, inner, view.resize), view)
    rows, columns = (_split(int(total)) for total in size - inner)
    return np.pad(batch, ((0, 0), rows, columns))


def _resample(image: NDArray[np.uint8], box: NDArray[Any], size: NDArray[Any], resize: str) -> NDArray[np.float64]:
    # Not cv2.INTER_AREA: it drops overlaps below 1/1000 pixel without rescaling, so flat photos change with size.
    rows = _weights(image.shape[0], box[0], size[0], resize)
    columns = _weights(image.shape[1], box[1], size[1], resize)
    planes = np.empty((3, *size))
    for channel in range(3):  # one by one: a photo in float64 is large
        planes[channel] = rows @ image[..., channel].astype(np.float64) @ columns.T
    return planes.clip(0, 255)  # bicubic overshoots


def _weights(length: int, extent: float, count: int, resize: str) -> csr_array:
    step = extent / count
    start = (length - extent) / 2 + step * np.arange(count)[:, None]
    reach = max(step, 4.0)
    pixel = np.floor(start + step / 2 - reach / 2) + np.arange(int(np.ceil(reach)) + 1)
    far = np.abs(start + step / 2 - pixel - 0.5)
    if step >= 1:
        weights = np.maximum(np.minimum(start + step, pixel + 1) - np.maximum(start, pixel), 0)  # overlap of intervals
    elif resize == "area-bilinear":
        weights = np.maximum(1 - far, 0)
    else:
        cubic = np.where(far < 1, (1.5 * far - 2.5) * far**2 + 1, ((2.5 - 0.5 * far) * far - 4) * far + 2)
        weights = np.where(far < 2, cubic, 0)
    row = np.broadcast_to(np.arange(count)[:, None], pixel.shape).ravel()
    column = np.clip(pixel, 0, length - 1).astype(int).ravel()
    return csr_array(((weights / weights.sum(axis=1, keepdims=True)).ravel(), (row, column)), shape=(count, length))
