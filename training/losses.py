"""What training makes small: functions of raw outputs and targets, one paper each.

Every loss of scores gives the mean over the photos, each multiplied by its `weight` (N, 1) where one is given. Raw
outputs are logits unless it says otherwise; they are cast to float32, so that autocast cannot round a loss.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2


def _mean(per_photo: Tensor, weight: Tensor | None) -> Tensor:
    rows = per_photo.flatten(1).mean(1)
    if weight is not None:
        rows = rows * weight.flatten().float()
    return rows.sum() / max(1, len(rows))  # 0 where a batch has none that count


def binary(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cross entropy of sigmoid outputs and soft targets in [0, 1]; at its least, their entropy, where both agree.

    For scores it keeps a gradient where sigmoid and squared error have none.

    Reference: D. R. Cox, "The regression analysis of binary sequences", 1958,
    doi:10.1111/j.2517-6161.1958.tb00292.x.
    """
    loss = functional.binary_cross_entropy_with_logits(logits.float(), target.float(), reduction="none")
    return _mean(loss, weight)


def earth_mover(logits: Tensor, target: Tensor, r: float = 2.0, weight: Tensor | None = None) -> Tensor:
    """Distance of two distributions over ordered bins: the r-mean of the differences of their cumulative sums.

    Args:
        logits: (N, bins); softmax is applied here.
        target: (N, bins), each row of sum 1.
        r: 2 as in the paper.
        weight: (N, 1).

    Reference: H. Talebi and P. Milanfar, "NIMA: neural image assessment", 2018, doi:10.1109/TIP.2018.2831899, eq. 1.
    """
    gap = (logits.float().softmax(-1).cumsum(-1) - target.float().cumsum(-1)).abs()
    power = (gap**r).mean(-1, keepdim=True)
    return _mean((power + 1e-12) ** (1.0 / r), weight)


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0, weight: Tensor | None = None) -> Tensor:
    """Cross entropy of softmax outputs and one-hot rows or distributions.

    Args:
        logits, target: (N, classes).
        smoothing: share of the target that is spread evenly over all classes.
        weight: (N, 1).

    Reference: smoothing: C. Szegedy et al., "Rethinking the Inception architecture", 2016, doi:10.1109/CVPR.2016.308.
    """
    target = target.float()
    soft = target * (1.0 - smoothing) + smoothing / target.shape[1]
    return _mean(-(soft * logits.float().log_softmax(1)).sum(1, keepdim=True), weight)


def fidelity_rank(score: Tensor, target: Tensor, scale: float = 1.0) -> Tensor:
    """Mean of 1 - sqrt(p) over all pairs whose targets differ; p: probability that the better one wins (Thurstone).

    Args:
        score, target: (N, 1), higher is better.
        scale: standard deviation of one photo's score; that of a difference is sqrt(2) times this.

    Reference: M.-F. Tsai et al., "FRank: a ranking method with fidelity loss", 2007, doi:10.1145/1277741.1277808;
    W. Zhang et al., "Uncertainty-aware blind image quality assessment", 2021, doi:10.1109/TIP.2021.3061932.
    """
    score, target = score.float().flatten(), target.float().flatten()
    better = target[:, None] > target[None]
    wins = torch.special.ndtr((score[:, None] - score[None])[better] / (scale * 2**0.5))
    lost: Tensor = 1.0 - (wins + 1e-8).sqrt()
    return lost.sum() / max(1, lost.numel())


def ladder_rank(score: Tensor, severity: Tensor, ladder: Tensor, margin: float, *, keep_best: bool = True) -> Tensor:
    """Mean hinge over the pairs of pictures of one ladder: how far the less damaged one is from winning by a margin.

    Args:
        score: (N, 1) before the activation, higher is better.
        severity: (N, 1) in [0, 1]; the margin of a pair is `margin` times its difference.
        ladder: (N, 1), equal for the pictures of one ladder, below 0 for a photo outside of any.
        margin: in units of `score` per unit of severity.
        keep_best: no gradient reaches a picture of severity 0, which keeps the score that ratings give it; the others
            give way.

    Reference: X. Liu, J. van de Weijer and A. Bagdanov, "RankIQA: learning from rankings for no-reference image quality
    assessment", 2017, doi:10.1109/ICCV.2017.118.
    """
    score, severity, ladder = (values.float().flatten() for values in (score, severity, ladder))
    more = severity[None] - severity[:, None]
    pairs = (more > 0) & (ladder[None] == ladder[:, None]) & (ladder[:, None] >= 0)
    better = torch.where(severity > 0, score, score.detach()) if keep_best else score
    ahead = (better[:, None] - score[None])[pairs]
    return (margin * more[pairs] - ahead).clamp(min=0).sum() / max(1, ahead.numel())


def pinball(predicted: Tensor, target: Tensor, shares: Sequence[float], weight: Tensor | None = None) -> Tensor:
    """Mean loss of quantiles: least where each share of the targets lies below the prediction for it.

    Args:
        predicted: (N, shares) after the activation.
        target: (N, 1).
        shares: of the targets below each prediction, in (0, 1).
        weight: (N, 1).

    Reference: R. Koenker and G. Bassett, "Regression quantiles", 1978, doi:10.2307/1913643.
    """
    above = target.float() - predicted.float()
    tau = torch.tensor(shares, device=above.device)
    return _mean(torch.maximum(tau * above, (tau - 1.0) * above), weight)


def logit_distance(logits: Tensor, target: Tensor, least: float) -> Tensor:
    """Mean Huber distance between the logits of a measure and those of its share of the range, bent at 1.

    Far below the range's end a logit is the logarithm but for a constant, so that it is ratios that count.

    Args:
        logits: (N, 1).
        target: (N, 1) in [0, 1].
        least: share of the range up to which all targets are alike, above 0: less than that is as good as none.

    Reference: P. J. Huber, "Robust estimation of a location parameter", 1964, doi:10.1214/aoms/1177703732.
    """
    target = target.float()
    away = logits.float() - target.clamp(least, 1.0 - least).logit()
    away = torch.where(target > least, away, away.clamp(min=0.0))
    return _mean(functional.smooth_l1_loss(away, torch.zeros_like(away), reduction="none"), None)


def charbonnier(image: Tensor, target: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of sqrt(difference^2 + epsilon^2): absolute error with a smooth bottom.

    Reference: P. Charbonnier et al., "Two deterministic half-quadratic regularization algorithms", 1994,
    doi:10.1109/ICIP.1994.413553.
    """
    return ((image.float() - target.float()) ** 2 + epsilon**2).sqrt().mean()


def log_error(image: Tensor, target: Tensor, floor: float = 1e-3) -> Tensor:
    """Mean over the photos of log10(mean squared error + floor): -1/10 of the PSNR in dB, of peak 1, where it is low.

    Of a photo that may be meant to be darker or brighter it asks for a likely answer, not for the one between: being
    wrong by much costs little more than being wrong.

    Args:
        image, target: (N, C, H, W) in [0, 1].
        floor: mean squared error that is as good as none; of 30 dB.

    Reference: L. Chen et al., "HINet: half instance normalization network for image restoration", 2021,
    doi:10.48550/arXiv.2105.06086 (PSNR as a loss).
    """
    squared = (image.float() - target.float()).square().flatten(1).mean(1)
    return (squared + floor).log10().mean()


def absolute(image: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error.

    Reference: H. Zhao et al., "Loss functions for image restoration with neural networks", 2017,
    doi:10.1109/TCI.2016.2644865.
    """
    return (image.float() - target.float()).abs().mean()


def dissimilarity(image: Tensor, target: Tensor, side: int = 11, sigma: float = 1.5) -> Tensor:
    """1 - SSIM, in [0, 2], 0 for equal images: Gaussian window, per channel, only where the window fits.

    Args:
        image, target: (N, C, H, W) in [0, 1], no side below `side`.
        side, sigma: of the window, px.

    Reference: Z. Wang, A. Bovik, H. Sheikh and E. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", 2004, doi:10.1109/TIP.2003.819861.
    """
    image, target = image.float(), target.float()
    at = torch.arange(side, dtype=torch.float32, device=image.device) - (side - 1) / 2
    line = torch.exp(-(at**2) / (2 * sigma**2))
    line = line / line.sum()

    def mean(x: Tensor) -> Tensor:
        x = x.flatten(0, 1)[:, None]
        return functional.conv2d(functional.conv2d(x, line.view(1, 1, 1, -1)), line.view(1, 1, -1, 1))

    mu_x, mu_y = mean(image), mean(target)
    var_x, var_y = mean(image * image) - mu_x**2, mean(target * target) - mu_y**2
    both = mean(image * target) - mu_x * mu_y
    top = (2 * mu_x * mu_y + SSIM_C1) * (2 * both + SSIM_C2)
    return 1.0 - (top / ((mu_x**2 + mu_y**2 + SSIM_C1) * (var_x + var_y + SSIM_C2))).mean()


def off_color(image: Tensor, target: Tensor, least: float = 0.02) -> Tensor:
    """Mean of 1 - cos of the angle between the colors of two pictures as vectors (R, G, B): in [0, 2], 0 = one hue.

    Args:
        image, target: (N, 3, H, W) in [0, 1].
        least: length from which a vector counts in full; the color of what is darker is noise.

    Reference: R. Wang et al., "Underexposed photo enhancement using deep illumination estimation", 2019,
    doi:10.1109/CVPR.2019.00701.
    """
    image, target = image.float(), target.float()
    lengths = image.norm(dim=1).clamp(min=least) * target.norm(dim=1).clamp(min=least)
    apart = 1.0 - (image * target).sum(1) / lengths
    known: Tensor = apart * (target.norm(dim=1) >= least)
    return known.mean()


def distilled(logits: Tensor, teacher: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cross entropy of softmax outputs and a teacher's probabilities, at temperature 1 because only those are known.

    Reference: G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015,
    doi:10.48550/arXiv.1503.02531.
    """
    return cross_entropy(logits, teacher, weight=weight)
