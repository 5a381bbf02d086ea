"""degradations: how much color cast, blur, watermark, noise, wrong exposure and compression a photo has.

    python -m training.run degradations --data PHOTOS --extra masks=DIR --weights assets/models/quality --out DIR
    python -m training.run degradations --data PHOTOS --extra masks=DIR --weights FIRST/best.safetensors --out DIR
    python -m training.medians DIR
    python -m training.level_heads DIR
    python -m training.medians DIR
    python -m training.jpeg_ladder --data PHOTOS

FIRST is what the first command gave. What the third one left was published as 1.1.0; the published model, 1.2.0, has
heads on levels in addition and all other weights of it, so that blurriness, watermark, noise and compression are
answered alike, to the last bit. The first command starts from the rating network inside the published quality model, or
from best.safetensors of a run of rating or quality; what both were trained on is named in the manifest as well.
Data: any folder of clean photos, no labels. Each is damaged on the fly in camera order by none to four damages
(training/synthesis.py); the severities that were applied are the labels. A third of the photos first get a look that is
no fault (training/looks.py), lettering of the scene among them. Watermarks are those of iqa.damage.families.SEEN; the
benchmark `watermark` judges on others. A mask NAME_mask.png beside NAME.png, or `masks` (a folder of such photos), adds
a blurred background behind a sharp subject as one of them. Photos are held out for validation by group, before any
damage. The published model: 604 clean photos and 379 with masks (persons, and 10 scenes of DAVIS 2016), 3 samples of
each.
Time: 2,949 samples to train on, 738 to validate, with --extra repeats=3, --precision bfloat16, --workers 1, --threads 2
and --cache, on two cores of an AMD EPYC without a GPU: the first run --epochs 1,8, 51 min; the second --epochs 1,9 --lr
1e-3,2e-4, 67 min beside other work. The first one ran before the head on colors was there; the second makes it anew.
Result: on validation samples mean SRCC .648 after the first run; after the epoch of the head .652, then .658, .664,
.670, .680, .681, .686, .692, .693, .693 (kept). By severity, after the first run in brackets: blurriness .79 (.78),
compression .74 (.72), watermark .71 (.69), exposure .68 (.66), noise .67 (.66), color cast .58 (.38); ROC AUC .97, .97,
.95, .93, .99, .86 (.74). The mean SRCC of a perfect answer is about .78, because three severities in four are 0 and
share one rank. What other photos say stands in results/README.md; one constant of training.medians, below, was chosen
after a first reading of them.
The manifest names no commit, because several states of the code made the model: the first run ended before a1dc5d8, the
second one is of a1dc5d8, its medians of 9612dd8, and the heads on levels are of what became the commit of 1.2.0.

The heads on levels (training/levels.py): 1,344 numbers, how many pixels of the frame and of the crops lie up to 28
levels and how many near the largest and the least value of each channel; a head of 64 units for color cast and one for
exposure, which are given the six severities as answered without them as well. 20,000 samples of the same photos, the
numbers of which took 37 min on the same two cores, sixty passes over them less than one. The run that they were learned
on was one of 1.1.0 as published, in half precision, of which nothing else learned; pixels were counted from the corner,
since then from the middle of three, which moves no figure here by more than .002. How many units and passes, their
decay and the slope were chosen on other samples of the validation photos. On 738 samples drawn anew from these, SRCC
.71 (1.1.0: .62; paired difference [.06, .12]) of color casts and .73 (.67; [.04, .09]) of exposure; on clean ladders of
90 of these photos, each undamaged and with one damage in five steps, color cast .861 (.809), underexposure .963 (.933),
overexposure .883 (.822), none of the undamaged above .5. After training.medians absolute error of color casts .039
(.067 before it), of exposure .020 (.027); the slope of the color cast, 5, is the largest that is tried.

The color cast was what pooled features could not tell. 31 statistics of the colors with a head of their own
(training/chroma.py) tell it better than 8,688 features; among these the 31 are lost. Of the validation samples, on the
features of the first run: a head learned anew .34, with the statistics among them .37, the statistics alone .57, added
to what the first run answered .58. In 1.0.0 a third of the served cast was the closed form's. The largest of each
feature over the frame, beside mean and spread, was tried for watermarks in the same way: .662 instead of .653, not
taken.
Tried from 1.1.0 on and not taken, all at once, in six epochs and two of heads, 95 min beside light work: beside every
picture, in the same batch, the same photo with one damage altered, as steganalysis learns
(doi:10.1109/TIFS.2017.2710946); 1,552 photos of BIQ2021 rated .8 or better as further clean ones, of unknown
compression; a score at each place of the feature maps, its soft maximum added to the watermark
(doi:10.1109/CVPR.2015.7298780). By mistake other undamaged photos counted as of unknown compression, too, in the first
three of the six, and those of BIQ2021 as of known one where some was added, in the first four. On the same 634
validation samples, 388 of them of BIQ2021, mean SRCC .684 instead of .681 (difference .003 [-.004, .011]): exposure
+.020 [-.003, .042], color cast +.014 [-.014, .044], watermark -.013 [-.035, .009], the others within .004; among the
damaged alone it fell, of blurriness from .69 to .62, of compression from .85 to .72. The rate rose to 3e-4 three times;
where a descent had more than one epoch, the last ones were the best: one run of eight or more may be worth its time,
which was not tried. Not worth it, on samples drawn alike: the closed form mixed with the network, in any share, for
color cast, blurriness and exposure (at most +.001).
Tried from 1.1.0 on and not taken, either: a map of where the mark lies, learned from what it covers (a feature pyramid,
doi:10.1109/CVPR.2017.106, of 0.14 million parameters on features that stayed as they were; 13,692 samples, 7,794 of
them of BIQ2021, half of all marked, three passes, 20 min). On 792 samples held out ROC AUC .947, SRCC .818 (1.1.0:
.949, .804); on 150 clean photos held out, each as it is and under one mark at five opacities, .933 and .770 (.944,
.723), the sum of both .944 and .767. It tells better how strong a mark is and finds no more of them; the third pass was
no better than the second.
training.medians: what cross entropy learns is the mean of what a severity may be, which is above 0 for every photo that
leaves a doubt; 1.0.0 answered other damages by up to .40 of its own because of that. A first fit took the share of
damaged photos of the mixture, about .27, for that of use: on the benchmark it called 7 of 93 clean photos strongly cast
(of 500 other photos, one of each second class of ImageNet and mostly without fault, 1.4 %). So one photo in ten was
assumed, before the benchmark was read a second time. Absolute error, weighed, found on one half of the validation
samples and measured on the other, as learned in brackets: color cast .046 (.096), blurriness .020 (.030), watermark
.041 (.063), noise .012 (.014), exposure .025 (.046), compression .018 (.030). It costs the rated overall, a sum of
severities: faint ones, which ratings follow, are nearer to 0 (SRCC .485 on photos held out, .494 with those of 1.1.0,
.61 with those of 1.0.0).
On 93 other photos (results/README.md), where .93 is asked for: blurriness .83, compression .96, watermark .64, exposure
.87, noise .97, color cast .81 (1.1.0: the same but for .84 and .62; 1.0.0: .82, .95, .55, .80, .98, .59; closed form
.66, .90, none, .74, .97, .62); of compression .99 where the steps of a JPEG are asked as well
(iqa.measures.quantized_quality), as they are now. Another damage's answer is at most .06 of its own (.20 is asked for;
1.1.0 .06; 1.0.0 .40; closed form .19); 2 of 93 clean photos have a severity above .5 (3 % is asked for; 1.1.0 4; 1.0.0
4; closed form 8). Watermarks never seen AUC .90 (.97 is asked for; 1.0.0 .87).
The share of clean photos above .5, and what other damages are answered, are therefore no longer figures of photos that
nothing was chosen by; the AUC and every SRCC but that of noise, of which a closed form is served where it says more,
are, which no such constant moves.
Real noise is not what was learned: over 29 photos of PolyU the network's sigma followed the true one at SRCC .52 [.22,
.72] (.80 is asked for; 1.0.0 .48; closed form .43; variance of the Laplacian .71) and was off by a factor of 2.0 (1.0.0
1.7). A camera smooths its noise, which two thirds of the noise made here is not (`synthesis.CAMERA`). Sigma is
therefore served as the geometric mean of the network's and of what flat places show (iqa.measures.grain_sigma): chosen
on the 60 crops of `ccnoise` (.85; the network alone .56, flat places alone .92, but these take fine texture for noise)
and on noise made in validation photos, then read once on PolyU: .63 [.38, .79], a factor of 1.9. Noise is served as the
larger one of the network's and the closed form's, because of strong grain the network sees too little.

Two views through one network, both pooled over the photo alone: `frame`, the whole photo in 384 px and never enlarged,
as people's ratings were learned, for casts, exposure, watermarks; `crops`, 2 x 2 of 192 px at native resolution, for
noise, blur and blocks, which a reduced copy has lost. Of the crops' features a head sees the mean, for what is
everywhere, and the largest of each, for what is in one of them: a mark, or the one sharp subject before a bokeh. As
many pixels as the frame, so that they double the cost and no more; 4 x 224 px would add 36 % to theirs. In use both
views are seen once, without their mirror images.
The second output, `noise_sigma`, is the standard deviation of the noise in grey levels, in luma at the scale at which
photos are analyzed (iqa.measures), as eval/benchmarks/noise.py takes it from pairs: the difference from the same photo
whose sensor added none, both through all that follows. Its sigmoid times 40 is learned by its logit, which is the
logarithm but for the upper end. A third of the noise is that of a camera's own file, demosaiced and smoothed; it has a
sigma and no severity, which the loss leaves out. A photo's own noise counts as none. Crops show a photo larger than
that scale (0.79 MP) at another one: reduce it first where sigma is asked for.

From the data-profiling document: attention on pooled features, a head of 256 and 128 units per severity with dropout,
AdamW at 0.001 with weight decay 0.0001, gradients clipped at 1, a cosine to a hundredth, a weight of 1.5 on the
watermark, batch 32, patience 10, 50 epochs. On purpose different: 384 instead of 224 px; a network that has learned
from people's ratings, and therefore 12 instead of 50 epochs, the last ones at 0.0001 instead of 0.001, 16 instead of 32
photos in a batch; one hidden layer of 128 for all severities, which keeps the file below 10 MB; cross entropy and the
order of pairs instead of squared error, which stalls where the sigmoid is flat; full-size photos, split before
damaging, instead of 64 px thumbnails; severities defined in light instead of levels.
"""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from iqa.degradations import NAMES
from iqa.manifest import Output
from iqa.preprocess import InputSpec

from .. import losses, masked, metrics, nets, parts, rated, tables
from ..levels import Leveled
from ..pyramid import Pyramid
from ..recipe import Raw, Recipe, Settings, Split, Target
from ..synthesis import mixture
from .rating import FIXED_BLOCKS

LEVELS = (0, *rated.LEVELS)
"""Of the backbone, beside the last: those of rating, and that of stride 2, where grain and the edges of blocks are."""
HIDDEN = 128
"""Units of each head: as many as 10 MB in half precision leave room for."""
LEVELED = ("color_cast", "exposure")
"""Severities that the levels of a photo tell better than pooled features alone; the others they do not."""
WEIGHTS = {"watermark": 1.5}
"""Of a severity in the loss, where it is not 1."""
RANK_WEIGHT, SIGMA_WEIGHT = 0.25, 0.25
SIGMA_MOST, SIGMA_LEAST = 40.0, 0.25
"""Grey levels: the end of the range of `noise_sigma`, and what rounding to 8 bits makes: less counts as none."""


def inputs(settings: Settings) -> InputSpec:
    """`frame`: the whole photo inside a square of `size` px, never enlarged; `crops`: native, of half that side."""
    crops = parts.crops(settings, max(1, settings.size // 2))
    return InputSpec(views=(parts.frame(settings, "shrink"), crops))


def net(settings: Settings) -> Leveled:
    """The MobileNetV2 of rating for both views, 2.2 M parameters, and heads of 2.2 M on what they show."""
    backbone = Pyramid(
        nets.timm_model("mobilenetv2_100", settings),
        LEVELS,
        spread=True,
        masked=True,
        fixed_norm=True,
        fixed_blocks=FIXED_BLOCKS,
    )
    rows, columns = parts.grid(settings)
    outputs = {"severities": len(NAMES), "noise_sigma": 1}
    return Leveled(
        backbone,
        outputs,
        toned=("severities", NAMES.index("color_cast")),
        leveled=("severities", [NAMES.index(name) for name in LEVELED]),
        pixels=nets.pixels(settings),
        rows=(1, rows * columns),
        hidden=(HIDDEN,),
        dropout=0.2,
        standard=True,
        extremes=True,
    )


def data(folder: Path, settings: Settings) -> Split:
    """Any folder of photos, damaged anew in every epoch."""
    make = partial(mixture, look_share=float(settings.extra["looks"]))
    sources = [masked.paired(tables.read(folder, settings, ("photos",)))]
    if settings.extra["masks"]:
        sources.append(masked.read(Path(settings.extra["masks"])))
    return masked.joined(
        [
            masked.synthesized(table, settings, make, int(settings.extra["repeats"]))
            for table in tables.together(sources, settings)
        ]
    )


def severity_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy with a soft target and the order of all pairs, of one severity, (N, 1); NaN is not known."""
    known = torch.isfinite(target[:, 0])
    logits, target = logits[known], target[known]
    return losses.binary(logits, target) + RANK_WEIGHT * losses.fidelity_rank(logits, target, rated.RANK_SCALE)


def loss(raw: Raw, target: Target) -> Tensor:
    """The weighed mean over the severities, and how many times too large or too small the sigma of the noise is."""
    weights = [WEIGHTS.get(name, 1.0) for name in NAMES]
    said, meant = raw["severities"], target["severities"]
    each = [w * severity_loss(said[:, [k]], meant[:, [k]]) for k, w in enumerate(weights)]
    known = torch.isfinite(target["noise_sigma"][:, 0])
    share = target["noise_sigma"][known] / SIGMA_MOST
    sigma = losses.logit_distance(raw["noise_sigma"][known], share, SIGMA_LEAST / SIGMA_MOST)
    return torch.stack(each).sum() / sum(weights) + SIGMA_WEIGHT * sigma


SIGMA = Output(
    name="noise_sigma",
    kind="scores",
    labels=("noise_sigma",),
    low=0.0,
    high=SIGMA_MOST,
    direction="0 = none",
    unit="grey levels",
    activation="sigmoid",
    thresholds={},
)
RECIPE = Recipe(
    name="degradations",
    task="degradations",
    description="Severities of color cast, blur, watermark, noise, wrong exposure and compression; sigma of the noise.",
    license="Apache-2.0",
    version="1.2.0",
    defaults=Settings(
        epochs=(2, 10),
        learning_rate=(1e-3, 1e-4),
        batch_size=16,
        size=384,
        patience=10,
        ema=0.995,
        reduce=1024,
        extra={"set": "", "masks": "", "looks": "0.3", "repeats": "4", "crops": "2x2", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=inputs,
    outputs=(*parts.severities("severities", NAMES, threshold=0.5), SIGMA),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_srcc("severities"),
    starts={"rating": ("backbone", "backbone")},
)
