"""Photos with one kind of blur or none, shown at any size that a copy of them may have.

The size of what is shown is drawn first, and then a blur that can be seen at that size: so a label stays true on a
small copy, and no label has sizes of its own. Whatever the label, every picture goes through the same light, resize,
noise and codec, and may be in black and white.
"""

import cv2
import numpy as np

from iqa import damage
from iqa.damage import Picture
from iqa.srgb import from_linear

from . import looks
from .data import flip
from .layers import Light, Mask, mirrored
from .synthesis import SCENES, STOPS, USUAL, Sizes, exposed

SHARES = {"sharp": 0.36, "defocused_object_portrait": 0.24, "defocused_blurred": 0.2, "motion_blurred": 0.2}
"""How often each type is made: sharp photos are the most frequent, and calling one blurred costs the most trust; a soft
subject comes next, because photos without a mask, and listed ones, never show it."""
STRONG, STRONG_SHARE = Sizes(radius=(0.016, 0.035), smear=(0.07, 0.14), path=(0.05, 0.1)), 0.25
"""Blur that nobody disputes, bokeh and panning among it, and its share."""
VISIBLE_PX = 2.0
"""Width of a disc of defocus, or length of a path, in px of what is shown, from which a blur counts as one. What is
narrower leaves no more trace than the area of a pixel, demosaicing and a codec leave in a sharp photo."""
SIDES = (128, 1024)
"""Longer side of what is shown, px: half of the smallest photos that are listed, twice most of those at hand."""
ENLARGED = 2.0
"""At most: how much larger than the photo."""
AS_IT_IS, SQUASHED = 0.3, 0.2
"""Shares: photos shown at their size, and those squashed to a square, as listed photos are; the others at any size."""
SQUARE = 256
"""Side of that square, px: of the photos of IGRA27."""
DIM, DIM_STOPS, DIM_NOISE, NOISE = 0.15, (-3.0, -1.5), 0.5, 0.35
"""Share of photos taken in low light, by how many stops, and the greatest severity of noise there and elsewhere."""
CODED = 0.5
"""Greatest severity of compression, each time a picture is saved."""
GRAY = 0.08
"""Share of photos in black and white."""
LISTED, ASPECT = (0.4, 2.0), 1.5
"""A listed photo: sizes of its copies, of its own, and how far a side is stretched against the other. What was seen at
256 px is several px wide, and still visible at half of that; copies go below half, smaller than any scene, so that a
photo at half its size is not at the edge of what was learned."""


def blur_scene(image: Picture, mask: Mask | None, rng: np.random.Generator) -> tuple[Picture, str]:
    """(picture, name in SCENES): a photo with one kind of blur, or none. Without a mask only the frame as a whole.

    Args:
        image: RGB uint8 (H, W, 3), sharp.
        mask: float32 (H, W), 1 = subject.
        rng: chooses size, type, scene, kernels and everything that is the same for all types.
    """
    shape = shown_shape(image.shape[:2], rng)
    possible = [name for name, scene in SCENES.items() if mask is not None or not scene.needs_mask]
    labels = [label for label in SHARES if any(SCENES[name].label == label for name in possible)]
    shares = np.array([SHARES[label] for label in labels])
    label = str(rng.choice(labels, p=shares / shares.sum()))
    name = str(rng.choice([name for name in possible if SCENES[name].label == label]))
    image, mask = mirrored(image, mask, rng)
    sizes = visible(STRONG if rng.random() < STRONG_SHARE else USUAL, image.shape[:2], shape)
    return saved(exposed(image, mask, SCENES[name], rng, sizes), shape, rng), name


def shown_shape(shape: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """(height, width) in px at which a photo of that one is shown, drawn without regard to any label."""
    chance, longer = rng.random(), max(shape)
    most = max(SIDES[0], min(float(SIDES[1]), ENLARGED * longer))
    side = float(np.exp(rng.uniform(np.log(SIDES[0]), np.log(most))))
    if chance < SQUASHED:
        return SQUARE, SQUARE
    if chance < SQUASHED + AS_IT_IS:
        return shape
    height, width = (max(1, round(length * side / longer)) for length in shape)
    return height, width


def visible(sizes: Sizes, shape: tuple[int, int], shown: tuple[int, int]) -> Sizes:
    """The sizes, of the frame's, less those of a blur that is narrower than VISIBLE_PX where the photo is shown.

    Where none would be left, the greatest is.

    Args:
        sizes: as they are drawn.
        shape: (height, width) of the photo that is blurred.
        shown: of its copy; one that is enlarged shows no more than the photo.
    """
    factor = min(1.0, *(after / before for before, after in zip(shape, shown, strict=True)))
    least = VISIBLE_PX / factor / float(np.sqrt(shape[0] * shape[1]))
    radius, smear, path = (
        (min(max(low, limit), high), high)
        for (low, high), limit in ((sizes.radius, least / 2.0), (sizes.smear, least), (sizes.path, least))
    )
    return Sizes(radius, smear, path)


def saved(light: Light, shape: tuple[int, int], rng: np.random.Generator) -> Picture:
    """The file that comes of linear light: exposure, noise and codec, resized before them, or after and saved again."""
    dim, small_sensor = rng.random() < DIM, rng.random() < 0.5
    stops, grain = float(rng.uniform(*(DIM_STOPS if dim else STOPS))), DIM_NOISE if dim else NOISE
    severity, coded, again = (float(rng.uniform(0.0, most)) for most in (grain, CODED, CODED))
    picture = from_linear(light * np.float32(2.0**stops))
    if small_sensor:
        picture = resized(picture, shape)
    picture = toned(damage.apply("noise", picture, severity, rng), rng)
    picture = damage.apply("compression", picture, coded, rng)
    if picture.shape[:2] == shape:
        return picture
    return damage.apply("compression", resized(picture, shape), again, rng)


def toned(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture as it is, or in black and white."""
    return looks.monochrome(picture, None, rng) if rng.random() < GRAY else picture


def resized(picture: Picture, shape: tuple[int, int]) -> Picture:
    """The picture at (height, width) px: by area averaging where a side shrinks, then bicubic where one grows."""
    height, width = (min(have, want) for have, want in zip(picture.shape[:2], shape, strict=True))
    if (height, width) != picture.shape[:2]:
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if (height, width) != shape:
        picture = np.asarray(cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return picture


def listed(picture: Picture, rng: np.random.Generator) -> Picture:
    """A copy of a real photo as scenes are shown: of another size and aspect or as it is, mirrored, saved again."""
    as_it_is, severity = rng.random() < AS_IT_IS, float(rng.uniform(0.0, CODED))
    size = np.exp(rng.uniform(*np.log(LISTED)))
    stretch = np.exp(0.5 * rng.uniform(-1.0, 1.0) * np.log(ASPECT))
    if not as_it_is:
        height, width = picture.shape[:2]
        shape = max(1, round(height * size * stretch)), max(1, round(width * size / stretch))
        picture = resized(picture, shape)
    return damage.apply("compression", np.ascontiguousarray(toned(flip(picture, rng), rng)), severity, rng)
