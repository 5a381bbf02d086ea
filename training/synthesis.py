"""Photos with known faults, made from clean ones: (image, mask or None, rng) to a picture and its label.

Everything optical happens in linear light, with sizes relative to the frame, and before what a sensor and a codec do.
Whatever the label, a picture goes through the same exposure, resize, noise and codec: a class that alone went through
one of them would be recognized by that.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from iqa import damage, psf
from iqa.damage import Picture
from iqa.degradations import NAMES
from iqa.errors import ArgumentError
from iqa.measures import analysis_luma
from iqa.resize import reduced
from iqa.srgb import from_linear, to_linear

from . import looks, marks
from .layers import Kernel, Light, Mask, layered, mirrored
from .recipe import Arrays

BLADES = (5, 9)
STOPS = (-1.5, 0.3)
"""By which any photo is exposed differently: darkness and noise are no blur."""
SMALLEST = 0.5
"""Of the longer side: how far any photo is reduced before it is saved."""


@dataclass(frozen=True)
class Sizes:
    """How large a blur is, least and greatest, of the frame's size.

    Attributes:
        radius: of defocus.
        smear: length of a straight path.
        path: extent of a shaken one.
    """

    radius: tuple[float, float]
    smear: tuple[float, float]
    path: tuple[float, float]


USUAL = Sizes(radius=(0.004, 0.016), smear=(0.015, 0.07), path=(0.015, 0.05))


@dataclass(frozen=True)
class Scene:
    """What is spread by what: kinds are "" (sharp), "lens" and "motion"; equal kinds mean one kernel for the frame."""

    label: str
    subject: str
    behind: str

    @property
    def needs_mask(self) -> bool:
        """Whether the subject must be told from what is behind it."""
        return self.subject != self.behind


SCENES = {
    "in focus": Scene("sharp", "", ""),
    "bokeh": Scene("sharp", "", "lens"),
    "panning": Scene("sharp", "", "motion"),
    "focus behind the subject": Scene("defocused_object_portrait", "lens", ""),
    "out of focus": Scene("defocused_blurred", "lens", "lens"),
    "shaken": Scene("motion_blurred", "motion", "motion"),
    "moving subject": Scene("motion_blurred", "motion", ""),
}


def exposed(image: Picture, mask: Mask | None, scene: Scene, rng: np.random.Generator, sizes: Sizes = USUAL) -> Light:
    """Linear light of the scene as lens and shutter drew it, its blur of one of these sizes."""
    light, size = to_linear(image), damage.frame_size(image)
    if not scene.needs_mask:
        kernel = _kernel(scene.subject, size, rng, sizes)
        return light if kernel is None else psf.convolve(light, kernel)
    if mask is None:
        raise ArgumentError("A scene of two layers needs a mask of the subject; accepted without one: equal kinds.")
    subject, behind = (_kernel(kind, size, rng, sizes) for kind in (scene.subject, scene.behind))
    return layered(light, mask, subject, behind)


def _kernel(kind: str, size: float, rng: np.random.Generator, sizes: Sizes) -> Kernel | None:
    if not kind:
        return None
    one = rng.random() < 0.5
    if kind == "lens":
        radius = float(rng.uniform(*sizes.radius)) * size
        blades, angle = int(rng.integers(BLADES[0], BLADES[1] + 1)), float(rng.uniform(0.0, 360.0))
        return psf.disc(radius) if one else psf.polygon(radius, blades, angle)
    if one:
        return psf.line(float(rng.uniform(*sizes.smear)) * size, float(rng.uniform(0.0, 180.0)))
    return psf.shake(float(rng.uniform(*sizes.path)) * size, rng)


def captured(light: Light, rng: np.random.Generator) -> Picture:
    """The file that a camera makes of it: exposure, resize, noise, JPEG, all drawn without regard to the label."""
    picture = from_linear(light * np.float32(2.0 ** rng.uniform(*STOPS)))
    if rng.random() < 0.5:
        picture = reduced(picture, max(1, round(max(picture.shape) * float(rng.uniform(SMALLEST, 1.0)))))
    picture = damage.apply("noise", picture, float(rng.uniform(0.0, 0.35)), rng)
    return damage.apply("compression", picture, float(rng.uniform(0.0, 0.5)), rng)


CAMERA = {
    "blurriness": ("defocus", "polygon_defocus", "motion", "shake"),
    "exposure": ("underexposure", "overexposure"),
    "noise": ("noise", "noise", "grain"),  # two of three have a severity to learn
    "color_cast": ("color_cast",),
    "watermark": ("watermark",),
    "compression": ("compression", "compression_webp"),
}
"""Severity to the damages it answers to, in the order of nature: lens, shutter, sensor, white balance, editor, file.
All are of iqa.damage but `grain`, whose strength is measured and has no severity, and `watermark`, which is drawn from
the family to learn from (training/marks.py)."""
COUNTS = (0.2, 0.35, 0.2, 0.15, 0.1)
"""Chance of 0, 1, 2, ... damages in one photo."""
LEAST = 0.05
"""Severity of a damage that is there."""
LOOK_SHARE = 0.3
"""Of the photos: those that first get a look that is no fault."""


@dataclass(frozen=True)
class Step:
    """One damage of a photo: the severity it counts for, its name in CAMERA, and how strong it is."""

    head: str
    damage: str
    severity: float


def plan(rng: np.random.Generator) -> tuple[Step, ...]:
    """What happens to a photo, in camera order, no severity twice; a fifth of the photos are left alone."""
    count = int(rng.choice(len(COUNTS), p=COUNTS))
    chosen = set(rng.choice(list(CAMERA), size=count, replace=False).tolist())
    return tuple(
        Step(head, str(rng.choice(names)), float(rng.uniform(LEAST, 1.0)))
        for head, names in CAMERA.items()
        if head in chosen
    )


def developed(image: Picture, steps: Sequence[Step], rng: np.random.Generator) -> tuple[Picture, float]:
    """(the photo after these steps, one after the other; standard deviation of the noise that is left, grey levels).

    The noise is the difference from the same photo whose sensor added none, both through all that follows, as
    eval/benchmarks/noise.py measures it: in luma, at the scale at which photos are analyzed. 0 without a step of noise.
    """
    quiet: Picture | None = None
    for step in steps:
        if step.head == "noise":
            quiet = image
        elif quiet is not None:
            quiet = _harmed(quiet, step, copy.deepcopy(rng))
        image = _harmed(image, step, rng)
    if quiet is None:
        return image, 0.0
    return image, float((analysis_luma(image) - analysis_luma(quiet)).std(dtype=np.float64))


def _harmed(image: Picture, step: Step, rng: np.random.Generator) -> Picture:
    if step.damage == "grain":
        return grain(image, step.severity, rng)
    if step.damage == "watermark":
        return marks.watermark(image, step.severity, rng)
    return damage.apply(step.damage, image, step.severity, rng)


def mixture(
    image: Picture, mask: Mask | None, rng: np.random.Generator, *, look_share: float = LOOK_SHARE
) -> tuple[Picture, Arrays]:
    """(picture, what it has): a plan carried out, sometimes over a natural look.

    `severities`: in the order of iqa.degradations.NAMES, NaN where unknown; `noise_sigma`: as of `developed`, (1,).
    A look (training/looks.py: night, fog, lettering ...) counts for no severity: it is what a fault is mistaken for.
    """
    image, mask = mirrored(image, mask, rng)
    if rng.random() < look_share:
        image = looks.apply(looks.some(mask, rng), image, mask, rng)
    steps = plan(rng)
    found = {step.head: float("nan") if step.damage == "grain" else step.severity for step in steps}
    picture, sigma = developed(image, steps, rng)
    severities = np.array([found.get(name, 0.0) for name in NAMES], np.float32)
    return picture, {"severities": severities, "noise_sigma": np.array([sigma], np.float32)}


COARSE_PX = 2.0
"""Gaussian sigma up to which a camera smooths its noise; what is left of it is coarse."""


def grain(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Noise as in the file of a camera: demosaiced, then smoothed up to COARSE_PX without becoming less.

    That of iqa.damage differs from pixel to pixel, as the noise of few real photos does.
    """
    light = to_linear(image)
    noise = sensor_noise(light, 1.0, rng)
    if (sigma_px := float(rng.uniform(0.0, COARSE_PX))) > 0.3:
        before = float(noise.std())
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma_px), np.float32)
        noise *= before / max(1e-9, float(noise.std()))
    return from_linear(light + np.float32(severity) * noise)


DARKEST, BRIGHTEST = 4.5, 1.5
"""Stops by which a photo is underexposed to learn how to brighten it."""
LEFT_ALONE = 0.2
"""Of the pairs: those whose dark side is the photo itself, so that good photos are learned to be left alone."""
SHOT, READ = 0.004, 0.008
"""Of a photosite at most: variance per unit of linear light, and standard deviation in linear light."""


def darkened(image: Picture, rng: np.random.Generator) -> Picture:
    """The photo as too short an exposure would have given it: less light, so more noise; now and then saved as JPEG."""
    if rng.random() < LEFT_ALONE:
        return image
    stops = float(rng.uniform(BRIGHTEST, DARKEST))
    light = to_linear(image) * np.float32(2.0**-stops)
    dark = from_linear(light + sensor_noise(light, float(rng.random()) ** 2, rng))
    return damage.apply("compression", dark, float(rng.uniform(0.0, 0.3)), rng) if rng.random() < 0.3 else dark


def sensor_noise(light: Light, severity: float, rng: np.random.Generator) -> Light:
    """What photosites add to linear light in [0, 1], float32 (H, W, 3); severity in [0, 1], 0 = nothing.

    Poisson-Gaussian noise, one color per site, then demosaiced: coarser than a pixel, that of red and blue coarser than
    that of green, as in a photo of a camera.

    Reference: A. Foi, M. Trimeche, V. Katkovnik and K. Egiazarian, 2008, doi:10.1109/TIP.2008.2001399.
    """
    sites = light[..., 1].copy()  # green, but for one site in four that is red and one that is blue
    sites[::2, ::2], sites[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    sigma = severity * np.sqrt(SHOT * sites + READ**2)
    noise = sigma * rng.standard_normal(sites.shape, dtype=np.float32)
    steps = np.clip(np.rint(noise * _STEPS + _MIDDLE), 0, 2 * _MIDDLE - 1).astype(np.uint16)
    planes = cv2.cvtColor(steps, cv2.COLOR_BayerRGGB2RGB)
    return np.asarray((planes.astype(np.float32) - np.float32(_MIDDLE)) / np.float32(_STEPS), dtype=np.float32)


_MIDDLE, _STEPS = 1 << 15, 1e5  # opencv demosaics whole numbers alone
