"""Any Pillow mode, with its color profile and transparency, to plain sRGB."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_MANY_BITS = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
_GREY = ("1", "L", "LA", "La")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO, _SAMPLE_FORMAT, _UNSIGNED = 258, 262, 0, 339, (1,)
_LARGEST_PROFILE = 8 * 2**20
_STRIP_ROWS = 64
_LEAST_SPAN = 32  # levels; a profile that maps all colors closer together than this is broken


def to_srgb(image: Image.Image) -> Image.Image:
    """RGB picture in sRGB of a loaded picture of any mode; transparent parts stand over white.

    - The embedded ICC profile is applied with relative colorimetric intent and black point compensation: in-gamut
      colors stay what they are, shadows do not clog. A profile that cannot be parsed, belongs to another color space
      than the pixels, is above 8 MiB, or maps all colors to (nearly) one is ignored: the pixels are taken as sRGB.
    - CMYK without a profile: R = (255 - C)(255 - K) / 255, and so on.
    - More than 8 bits of grey: see `to_8_bit`.
    - Alpha: c * a + 255 * (1 - a), rounded, on sRGB values.

    The given picture is left as it is.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(image.info.get("transparency", 0), (int, bytes, tuple)):  # a PNG text of that name
        image = image.copy()
        del image.info["transparency"]
    if image.mode in _MANY_BITS:
        color, alpha = _scale(image)
    elif image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        color, alpha = rgba.getchannel("R") if image.mode in _GREY else rgba.convert("RGB"), rgba.getchannel("A")
    else:
        color = (
            image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("L" if image.mode == "1" else "RGB")
        )
        alpha = None
    rgb = _apply(color, profile)
    if alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    page = Image.new("RGB", rgb.size, "white")
    page.paste(rgb, mask=alpha)
    return page


def to_8_bit(values: NDArray[Any], peak: int | None = None) -> NDArray[np.uint8]:
    """Grey levels 0..255 of numbers in another range, rounded to the nearest.

    The range is `peak` when it is known. Else it is the smallest of these that holds all finite values: 0..1 (only for
    floats), 0..255, 0..65535; numbers outside them all are stretched, their minimum to 0 and their maximum to 255.
    NaN and minus infinity are black, infinity is white.

    Args:
        values: integers or floats, any shape.
        peak: value of white in the file's format.
    """
    low, top = (0.0, float(peak)) if peak is not None else _range_of(values)
    levels = np.empty(values.shape, dtype=np.uint8)
    for start in range(
        0, len(values), _STRIP_ROWS
    ):  # by strips: a float64 copy of the whole would need 8 times the memory
        strip = values[start : start + _STRIP_ROWS].astype(np.float64) - low
        strip = np.nan_to_num(strip, nan=0.0, posinf=top, neginf=0.0)
        levels[start : start + _STRIP_ROWS] = np.rint(np.clip(strip / top, 0.0, 1.0) * 255.0)
    return levels


def _range_of(values: NDArray[Any]) -> tuple[float, float]:
    """(value of black, distance of white from it) by the rule of `to_8_bit`."""
    is_float = values.dtype.kind == "f"
    finite = np.isfinite(values)
    if not finite.any():
        return 0.0, 1.0
    low = float(np.min(values, where=finite, initial=np.inf if is_float else np.iinfo(values.dtype).max))
    high = float(np.max(values, where=finite, initial=-np.inf if is_float else np.iinfo(values.dtype).min))
    tops = (1.0, 255.0, 65535.0) if is_float else (255.0, 65535.0)
    top = next((top for top in tops if low >= 0 and high <= top), None)
    return (0.0, top) if top is not None else (low, (high - low) or 1.0)


def _scale(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(L picture, alpha or None) of a picture with more than 8 bits of grey."""
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    peak = None
    if image.mode.startswith("I;16"):
        bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
        peak = 2**bits - 1 if 8 < bits <= 16 else 65535
    elif image.mode == "I" and tags.get(_BITS_PER_SAMPLE) == (32,) and tags.get(_SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED:
        values = values.view(np.uint32)  # Pillow has no mode for them: above 2**31 they came out negative
    levels = to_8_bit(values, peak)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = 255 - levels
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return Image.fromarray(levels), None
    return Image.fromarray(levels), Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))


def _apply(color: Image.Image, profile: object) -> Image.Image:
    """sRGB of an L, RGB, CMYK or LAB picture under its profile, where that makes sense."""
    try:
        source = _open_profile(color.mode, profile)
        if source is None:
            return _without_profile(color)
        space = source.profile.xcolor_space.strip()
        if color.mode == "L" and space == "RGB":
            color = color.convert("RGB")
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            color.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if color.mode != "LAB" and _leave_out(transform, color.mode):
            return _without_profile(color)
        mapped = ImageCms.applyTransform(color, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile must not cost the photo
        return _without_profile(color)
    return mapped if mapped is not None else _without_profile(color)


def _without_profile(color: Image.Image) -> Image.Image:
    return color if color.mode == "RGB" else color.convert("RGB")  # convert would copy it


def _open_profile(mode: str, profile: object) -> ImageCms.ImageCmsProfile | None:
    if mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if not isinstance(profile, bytes) or not 128 <= len(profile) <= _LARGEST_PROFILE:
        return None
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = opened.profile.xcolor_space.strip()
    return opened if space in {"L": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",)}[mode] else None


def _leave_out(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform is pointless (sRGB to sRGB: within one level) or broken (all colors become one).

    Asked on a coarse grid of the whole gamut: cheaper than transforming millions of pixels into themselves.
    """
    bands = len(Image.new(mode, (1, 1)).getbands())
    steps = np.linspace(0, 255, 256 if bands == 1 else 6).astype(np.uint8)
    grid = np.stack(np.meshgrid(*[steps] * bands, indexing="ij"), axis=-1).reshape(-1, 1, bands)
    probe = Image.frombytes(mode, (1, len(grid)), grid.tobytes())
    mapped = ImageCms.applyTransform(probe, transform)
    if mapped is None:
        return True
    before, after = np.asarray(probe.convert("RGB"), dtype=np.int16), np.asarray(mapped, dtype=np.int16)
    return bool(np.abs(after - before).max() <= 1 or np.ptp(after, axis=(0, 1)).max() < _LEAST_SPAN)
