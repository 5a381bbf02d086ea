"""A subject before its background, each blurred on its own: what a lens does to two distances.

Light of the subject spreads over the background and not the other way round, and a blurred background does not take up
the colors of the subject: blending a blurred photo with the sharp one by a mask does both, and leaves a halo that
networks learn to see instead of the blur.
"""

import numpy as np
from numpy.typing import NDArray

from iqa import psf
from iqa.damage import Picture

Light = NDArray[np.float32]
"""Linear light, float32 (H, W, 3)."""
Mask = NDArray[np.float32]
"""float32 (H, W) in [0, 1], 1 = subject."""
Kernel = NDArray[np.float32]

FILL = 0.02
"""Of the frame's size: how far the background is continued behind the subject where it stays sharp."""
KNOWN = 1e-3
"""Share of background in a neighborhood from which its color is known."""


def layered(light: Light, mask: Mask, subject: Kernel | None, behind: Kernel | None) -> Light:
    """Light of the scene whose subject and background are spread by these kernels; None = stays sharp.

    Where the subject is gone (its blurred edge lets the background through) the background is continued by its
    neighborhood. Both None gives the light as it is.
    """
    if subject is None and behind is None:
        return light
    cover = mask if subject is None else psf.convolve(mask, subject)
    front = light * mask[..., None]
    front = front if subject is None else psf.convolve(front, subject)
    made: Light = front + (1.0 - cover[..., None]) * _background(light, mask, behind)
    return made


def _background(light: Light, mask: Mask, kernel: Kernel | None) -> Light:
    """The background alone, spread by the kernel, continued into where the subject stands."""
    seen = 1.0 - mask
    reach = psf.disc(FILL * float(np.sqrt(mask.size))) if kernel is None else kernel
    share = psf.convolve(seen, reach)[..., None]
    known = psf.convolve(light * seen[..., None], reach) / np.maximum(share, np.float32(KNOWN))
    continued = np.where(share > KNOWN, known, light)
    if kernel is not None:
        return np.asarray(continued, dtype=np.float32)
    return np.asarray(np.where(mask[..., None] > 0, continued, light), dtype=np.float32)


def mirrored(image: Picture, mask: Mask | None, rng: np.random.Generator) -> tuple[Picture, Mask | None]:
    """Photo and mask, or with probability 1/2 their mirror images."""
    if rng.random() < 0.5:
        return image, mask
    return np.ascontiguousarray(image[:, ::-1]), None if mask is None else np.ascontiguousarray(mask[:, ::-1])
