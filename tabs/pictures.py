"""Pictures of the results: small display copies, the heat map over the photo, the arrow, the histogram."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from iqa.blur import Motion

Pixels = NDArray[np.uint8]

DISPLAY_SIDE = 1280
COLORMAP = cv2.COLORMAP_VIRIDIS


def small(image: Pixels, side: int = DISPLAY_SIDE) -> Pixels:
    """A copy whose longer side is at most ``side`` pixels, for the page; nothing is judged on it."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def gradient() -> str:
    """The CSS gradient of the heat map's colors, from 0 to 1."""
    ramp = cv2.applyColorMap(np.linspace(0, 255, 9).astype(np.uint8)[:, None], COLORMAP)[:, 0, ::-1]
    return f"linear-gradient(90deg,{','.join('rgb({},{},{})'.format(*color) for color in ramp)})"


def heat_map(image: Pixels, values: NDArray[np.float32]) -> Pixels:
    """The photo in grey under the colors of a map.

    Args:
        image: RGB uint8 (H, W, 3).
        values: float32 (gh, gw) in [0, 1]; NaN leaves the grey photo as it is.

    Returns:
        RGB uint8, display size.
    """
    photo = small(image)
    size = (photo.shape[1], photo.shape[0])
    known = np.isfinite(values).astype(np.float32)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_LINEAR)
    level = cv2.resize(np.nan_to_num(values) * known, size, interpolation=cv2.INTER_LINEAR) / np.maximum(weight, 1e-6)
    indexed = np.rint(255 * np.clip(level, 0, 1)).astype(np.uint8)
    colors = cv2.applyColorMap(indexed, COLORMAP)[..., ::-1]
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    alpha = (0.62 * weight)[..., None]
    return np.rint(grey * (1 - alpha) + colors * alpha).astype(np.uint8)


def strokes(picture: Pixels, angles: NDArray[np.float32]) -> Pixels:
    """The picture with a short line per cell of a map along the motion that was found there.

    Args:
        picture: RGB uint8 display copy.
        angles: float32 (gh, gw) in degrees, counter-clockwise from the x axis as seen; NaN = no line.
    """
    height, width = picture.shape[:2]
    cell = np.array([width / angles.shape[1], height / angles.shape[0]])
    half, thick = 0.4 * float(cell.min()), max(1, round(min(height, width) / 320))
    out = picture.copy()
    for row, column in np.argwhere(np.isfinite(angles)):
        center = (np.array([column, row]) + 0.5) * cell
        angle = np.deg2rad(float(angles[row, column]))
        step = np.array([np.cos(angle), -np.sin(angle)]) * half
        ends = [(round(float(x)), round(float(y))) for x, y in (center - step, center + step)]
        for color, extra in (((0, 0, 0), 2), ((255, 255, 255), 0)):
            cv2.line(out, ends[0], ends[1], color, thick + extra, cv2.LINE_AA)
    return out


def boxed(picture: Pixels, box: tuple[int, int, int, int], full_width: int) -> Pixels:
    """The picture with the outline of a box.

    Args:
        picture: RGB uint8 display copy.
        box: (x0, y0, x1, y1) in px of the full photo, the last two excluded.
        full_width: width in px of the photo that the box refers to.
    """
    left, top, right, bottom = (round(edge * picture.shape[1] / full_width) for edge in box)
    thick = max(2, round(min(picture.shape[:2]) / 160))
    out = picture.copy()
    for color, width in (((0, 0, 0), 2 * thick), ((255, 255, 255), thick)):
        cv2.rectangle(out, (left, top), (right - 1, bottom - 1), color, width)
    return out


def arrow(picture: Pixels, motion: Motion, full_width: int) -> Pixels:
    """The picture with a double-headed arrow along the smear and its angle and length in words.

    Args:
        picture: RGB uint8 display copy.
        motion: angle counter-clockwise from the x axis as seen; length in pixels of the full photo.
        full_width: width in pixels of the photo that the length refers to.
    """
    height, width = picture.shape[:2]
    shown = motion.length_px * width / full_width
    half = float(np.clip(shown, 0.3 * min(height, width), 0.7 * min(height, width))) / 2
    angle = np.deg2rad(motion.angle_deg)
    step = np.array([np.cos(angle), -np.sin(angle)]) * half
    center = np.array([width / 2, height / 2])
    out = picture.copy()
    thick = max(2, round(min(height, width) / 160))
    for color, extra in (((0, 0, 0), 2 * thick), ((255, 255, 255), 0)):
        for end in (center + step, center - step):
            tip = (round(end[0]), round(end[1]))
            start = (round(center[0]), round(center[1]))
            cv2.arrowedLine(out, start, tip, color, thick + extra, cv2.LINE_AA, tipLength=0.28)
    text = f"{motion.angle_deg:.0f}°, {motion.length_px:.0f} px"
    return label(out, text, at=(width // 2, round(0.93 * height)), fill=(20, 20, 20))


def label(
    picture: Pixels, text: str, *, at: tuple[int, int], fill: tuple[int, int, int], size: int | None = None
) -> Pixels:
    """The picture with a text plate centered at ``at`` (x, y); ``size`` of the letters in px."""
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    size = size or max(13, round(min(picture.shape[:2]) / 18))
    font = ImageFont.load_default(size)
    pad = size // 2
    left, top, right, bottom = draw.textbbox(at, text, font=font, anchor="mm")
    draw.rounded_rectangle((left - pad, top - pad, right + pad, bottom + pad), radius=pad, fill=fill)
    draw.text(at, text, font=font, fill=(255, 255, 255), anchor="mm")
    return np.asarray(canvas, dtype=np.uint8)


def histogram(before: Pixels, after: Pixels) -> str:
    """SVG of the luma histograms of two pictures, 64 bins from black to white, as shares of the pixels."""
    shares = []
    for picture in (before, after):
        counts = np.histogram(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), bins=64, range=(0, 256))[0]
        shares.append(counts / max(1, counts.sum()))
    # One full bin (a black frame) must not flatten everything else.
    top = max(float(np.quantile(np.concatenate(shares), 0.985)), 1e-3)
    paths = []
    for share, name in zip(shares, ("before", "after"), strict=True):
        points = " ".join(f"{i * 10},{160 - 150 * min(v / top, 1):.1f}" for i, v in enumerate(share))
        paths.append(f'<polygon class="iqa-{name}" points="0,160 {points} 630,160"/>')
    return (
        '<figure class="iqa-figure"><svg viewBox="0 0 630 162" preserveAspectRatio="none" role="img" '
        f'aria-label="Histogram of luminance before and after">{"".join(paths)}'
        '<line x1="0" x2="630" y1="161" y2="161"/></svg><div class="iqa-scale"><span>black (0)</span>'
        "<span>luminance</span><span>white (255)</span></div></figure>"
    )
