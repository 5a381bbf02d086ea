"""Masks of the subjects of photos that nobody drew one for: where an ImageNet network looks, cut out by GrabCut.

    python -m training.subjects PHOTOS --weights FILE.safetensors --out DIR

Comes in: a folder of photos, best of one thing each. Goes out: DIR/NAME.webp beside DIR/NAME_mask.png for the photos
whose subject is told from its surroundings, both in focus and with texture, as `training.masked` reads them. Such masks
are rough: good enough to say that the thing in the picture is soft and its background sharp, not to cut it out.
FILE holds MobileNetV2 as timm names it, classifier included. Of 143 photos of ImageNet 75 got a mask with a background
sharp from .55 and a cover from .04; the bounds below are narrower, after a look at those 75.
Time: 6 photos/s on one core.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from tqdm import tqdm  # type: ignore[import-untyped]

from iqa.damage import Picture
from iqa.errors import ImageError, IQAError, OutputExistsError
from iqa.image import EXTENSIONS, load
from iqa.measures import analysis_luma, sharpness_map

from . import nets
from .masked import SUFFIX

SIDE, LEAST_SIDE = 768, 320
"""Longer side, px, of the photos that are written, and the least of those that are read."""
LOOKED_AT, STRIDE, CLASSES = 448, 32, 5
"""Longer side of the copy that the network sees, px; its sides are multiples of the stride; so many classes count."""
CUT_AT = 256
"""Longer side of the copy that is cut, px: finer than the activation tells anything, and fast."""
SURE, LIKELY, HARDLY = 0.85, 0.5, 0.12
"""Activation from which a pixel is the subject, probably is, and below which it certainly is not."""
ROUNDS = 4
MINOR = 0.25
"""Share of the largest piece below which a piece is left out."""

Activation = NDArray[np.float32]
"""float32 (H, W): 0 = the network looks elsewhere, 1 = it looks here."""
Cut = NDArray[np.uint8]
"""uint8 (H, W): 1 = subject."""


@dataclass(frozen=True)
class Facts:
    """What decides whether a cut is a subject before a background, both in focus.

    The bounds were set by looking at masks: below them they were parts of a thing, the scene as a whole, or patches.

    Attributes:
        cover: share of the frame, [0, 1]; below .06 a blur of the subject is hardly seen in a small copy.
        border: share of the left, upper and right border that it covers, [0, 1]; a subject may stand on the lower one.
        contrast: mean activation inside less that outside, of that photo's own range.
        outline: mean gradient along its outline over that of the whole photo: an outline that follows edges is above 1.
        sharp, sharp_behind: median of the sharpness map inside and outside, [0, 1]; 0 without texture. Bokeh is not
            for these masks: a photo with it is blurred all over once its subject is.
        texture_behind: share of the background that has texture, [0, 1].
    """

    cover: float
    border: float
    contrast: float
    outline: float
    sharp: float
    sharp_behind: float
    texture_behind: float

    @property
    def accepted(self) -> bool:
        """Whether a mask is worth having."""
        return (
            0.06 <= self.cover <= 0.6
            and self.border < 0.25
            and self.contrast > 0.4
            and self.outline > 1.3
            and self.sharp > 0.6
            and self.sharp_behind > 0.65
            and self.texture_behind > 0.4
        )


def looker(weights: Path) -> Callable[[Picture], Activation]:
    """The network as a function of a photo; raises IQAError where the file is not of it."""
    declared, tensors = nets.declared(str(weights)), load_file(weights)
    kind: dict[str, Any] = {"pad_type": declared["pad"]} if "pad" in declared else {}
    classes = len(tensors.get("classifier.bias", torch.zeros(1000)))
    net: nn.Module = timm.create_model("mobilenetv2_100", pretrained=False, num_classes=classes, **kind)
    nets.load_strictly(net.eval(), tensors, str(weights))
    pixels = nets.PIXELS[declared.get("pixels", "imagenet")]
    return lambda image: activation(net, image, pixels)


def activation(net: nn.Module, image: Picture, pixels: Mapping[str, Any]) -> Activation:
    """Where the likeliest classes are seen, each as likely as it counts; from the 5th to the 99th percentile 0 to 1.

    Args:
        net: of timm, with forward_features and a linear classifier on their mean.
        image: RGB uint8 (H, W, 3).
        pixels: a row of nets.PIXELS.

    Reference: B. Zhou et al., "Learning deep features for discriminative localization", 2016,
    doi:10.1109/CVPR.2016.319.
    """
    height, width = image.shape[:2]
    scale = LOOKED_AT / max(height, width)
    size = [max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height)]
    copy = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / pixels["scale"]
    copy = (copy - np.float32(pixels["mean"])) / np.float32(pixels["std"])
    whole = cast(Any, net)
    classifier: nn.Linear = whole.classifier
    with torch.inference_mode():
        features = whole.forward_features(torch.from_numpy(copy.transpose(2, 0, 1).copy())[None])
        likely = classifier(features.mean((2, 3)))[0].softmax(0).topk(CLASSES)
        weights = classifier.weight[likely.indices] - classifier.weight.mean(0)
        seen = torch.einsum("k,kc,chw->hw", likely.values, weights, features[0]).numpy()
    large = np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    low, high = (float(value) for value in np.percentile(large, (5, 99)))
    return np.asarray(np.clip((large - low) / max(high - low, 1e-6), 0.0, 1.0), dtype=np.float32)


def cut(image: Picture, seen: Activation) -> Cut:
    """The subject: what GrabCut makes of the activation, smoothed, its minor pieces left out.

    Reference: C. Rother, V. Kolmogorov and A. Blake, "GrabCut", 2004, doi:10.1145/1015706.1015720.
    """
    height, width = image.shape[:2]
    scale = CUT_AT / max(height, width)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    where = cv2.resize(seen, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    marks = np.where(where > LIKELY, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[where > SURE], marks[where < HARDLY] = cv2.GC_FGD, cv2.GC_BGD
    front, behind = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(small[..., ::-1])
    cv2.setRNGSeed(0)
    cv2.grabCut(bgr, marks, (0, 0, 0, 0), behind, front, ROUNDS, cv2.GC_INIT_WITH_MASK)
    told = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    opened = cv2.morphologyEx(told, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    found = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, pieces, sizes, _ = cv2.connectedComponentsWithStats(found)
    if count > 1:
        areas = sizes[1:, cv2.CC_STAT_AREA]
        found = np.isin(pieces, 1 + np.flatnonzero(areas >= MINOR * areas.max())).astype(np.uint8)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def facts(image: Picture, seen: Activation, subject: Cut) -> Facts:
    """What decides about a cut; of one that is empty or all nothing speaks for it."""
    if subject.all() or not subject.any():
        return Facts(float(subject.mean()), 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    border = np.concatenate([subject[0], subject[:, 0], subject[:, -1]])
    local = sharpness_map(analysis_luma(image))
    share = cv2.resize(subject.astype(np.float32), local.shape[::-1], interpolation=cv2.INTER_AREA)
    inside, behind = local[share > 0.7], local[share < 0.1]
    return Facts(
        cover=float(subject.mean()),
        border=float(border.mean()),
        contrast=float(seen[subject > 0].mean() - seen[subject == 0].mean()),
        outline=_outline(image, subject),
        sharp=_median(inside),
        sharp_behind=_median(behind),
        texture_behind=float(np.isfinite(behind).mean()) if behind.size else 0.0,
    )


def _median(local: NDArray[np.float32]) -> float:
    known = local[np.isfinite(local)]
    return float(np.median(known)) if known.size else 0.0


def _outline(image: Picture, subject: Cut) -> float:
    scale = CUT_AT / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    gradient = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)).max(axis=-1)
    shape = cv2.resize(subject, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    ring = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    ring[[0, -1]] = 0
    ring[:, [0, -1]] = 0
    return float(gradient[ring > 0].mean() / max(float(gradient.mean()), 1e-6)) if ring.any() else 0.0


def written(photos: Path, out: Path, look: Callable[[Picture], Activation]) -> tuple[int, int]:
    """(masks written, photos found); what is small or has no such subject is left out, and what cannot be read said.

    Raises:
        OutputExistsError: `out` is there. IQAError: no photo lies in `photos`, or below, or two would get one name.
    """
    if out.exists():
        raise OutputExistsError(f"{out} is there already and was left as it is. Name another --out.")
    files = sorted(
        path
        for path in photos.rglob("*")
        if path.suffix.lower() in EXTENSIONS and path.name[0] != "." and not path.stem.endswith(SUFFIX)
    )
    if not files:
        raise IQAError(f"{photos} holds no photo. Accepted: {', '.join(sorted(EXTENSIONS))}, also in folders inside.")
    out.mkdir(parents=True)
    count = 0
    for path in tqdm(files, desc="looking", disable=None):
        try:
            image = load(path, max_side=SIDE)
        except ImageError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if max(image.shape[:2]) < LEAST_SIDE:
            continue
        seen = look(image)
        subject = cut(image, seen)
        if not facts(image, seen, subject).accepted:
            continue
        name = "-".join(path.relative_to(photos).parts).replace(".", "-")
        if (out / f"{name}.webp").exists():
            raise IQAError(f"{path} would be written as {name}.webp like another photo: rename one of them.")
        Image.fromarray(image).save(out / f"{name}.webp", quality=95)
        Image.fromarray(subject * 255).save(out / f"{name}{SUFFIX}.png")
        count += 1
    return count, len(files)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = argparse.ArgumentParser("python -m training.subjects", description="Masks of the subjects of photos.")
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos, also in folders inside")
    parser.add_argument(
        "--weights", type=Path, required=True, metavar="FILE", help="MobileNetV2 for ImageNet, .safetensors"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    args = parser.parse_args(argv)
    try:
        count, seen = written(args.photos, args.out, looker(args.weights))
    except (IQAError, OSError) as error:
        print(f"training.subjects: {error}", file=sys.stderr)
        return 1
    print(f"{count} of {seen} photos have a mask now: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
