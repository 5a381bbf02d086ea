"""The losses, against values worked out by hand or by another library."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from training import losses


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None]


def test_binary_is_the_cross_entropy_of_soft_targets() -> None:
    logit = math.log(0.8 / 0.2)
    expected = -(0.6 * math.log(0.8) + 0.4 * math.log(0.2))
    assert losses.binary(column(logit), column(0.6)).item() == pytest.approx(expected, abs=1e-6)


def test_binary_is_least_where_the_sigmoid_meets_the_target() -> None:
    logits = torch.linspace(-3, 3, 601)
    found = [losses.binary(x.view(1, 1), column(0.7)).item() for x in logits]
    assert logits[int(np.argmin(found))].sigmoid().item() == pytest.approx(0.7, abs=0.002)


def test_weights_multiply_photos() -> None:
    logits, target = column(math.log(3.0), 0.0), column(1.0, 1.0)
    expected = (0.5 * math.log(4 / 3) + 1.5 * math.log(2)) / 2
    assert losses.binary(logits, target, column(0.5, 1.5)).item() == pytest.approx(expected, abs=1e-6)
    rows = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]))
    expected = -(2.0 * math.log(0.7) + 0.5 * math.log(0.6)) / 2
    assert losses.cross_entropy(rows, torch.eye(3)[:2], weight=column(2.0, 0.5)).item() == pytest.approx(expected)


def test_logit_distance_counts_ratios_and_takes_less_than_the_least_for_none() -> None:
    def found(logit: float, share: float) -> float:
        return losses.logit_distance(column(logit), column(share), 0.01).item()

    least = math.log(0.01 / 0.99)
    assert found(math.log(0.2 / 0.8), 0.2) == pytest.approx(0.0, abs=1e-9)
    assert found(math.log(0.2 / 0.8) + 0.5, 0.2) == pytest.approx(0.125)
    assert found(math.log(0.2 / 0.8) - 3.0, 0.2) == pytest.approx(2.5, abs=1e-6)
    assert found(least - 2.0, 0.0) == found(least - 2.0, 0.005) == 0.0
    assert found(least + 2.0, 0.0) == pytest.approx(1.5, abs=1e-5)
    assert found(0.0, 1.0) == pytest.approx(-least - 0.5, abs=1e-5)
    empty = torch.zeros(0, 1, requires_grad=True)
    losses.logit_distance(empty, torch.zeros(0, 1), 0.01).backward()


def test_earth_movers_distance_by_hand() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]]))
    target = torch.tensor([[0.1, 0.2, 0.7]])
    gaps = np.array([0.6, 0.6, 0.0])  # of the cumulative sums .7 .9 1 and .1 .3 1
    assert losses.earth_mover(logits, target).item() == pytest.approx(math.sqrt((gaps**2).mean()), abs=1e-6)
    assert losses.earth_mover(logits, target, r=1).item() == pytest.approx(gaps.mean(), abs=1e-6)


def test_earth_movers_distance_grows_with_the_way() -> None:
    rows = 20.0 * torch.eye(5)
    found = [losses.earth_mover(rows[:1], torch.eye(5)[k : k + 1]).item() for k in range(5)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0, abs=1e-5)


def test_earth_movers_distance_has_a_gradient_where_both_agree() -> None:
    logits = torch.zeros(1, 4, requires_grad=True)
    losses.earth_mover(logits, torch.full((1, 4), 0.25)).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_cross_entropy_with_smoothing_by_hand_and_as_torch_has_it() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]))
    target = torch.eye(3)[:2]
    plain = -(math.log(0.7) + math.log(0.6)) / 2
    assert losses.cross_entropy(logits, target).item() == pytest.approx(plain, abs=1e-6)
    theirs = torch.nn.functional.cross_entropy(logits, target, label_smoothing=0.3)
    assert losses.cross_entropy(logits, target, smoothing=0.3).item() == pytest.approx(theirs.item(), abs=1e-6)


def test_fidelity_rank_by_hand() -> None:
    score, target = column(0.0, 1.0), column(0.2, 0.9)
    wins = 0.5 * (1 + math.erf(1 / math.sqrt(2) / math.sqrt(2)))
    assert losses.fidelity_rank(score, target).item() == pytest.approx(1 - math.sqrt(wins), abs=1e-6)
    assert losses.fidelity_rank(-score, target).item() == pytest.approx(1 - math.sqrt(1 - wins), abs=1e-6)


def test_fidelity_rank_is_the_mean_over_pairs_and_needs_a_difference() -> None:
    score, target = column(0.0, 1.0, 1.0), column(0.2, 0.9, 0.2)
    lost = [1 - math.sqrt(0.5 * (1 + math.erf(gap / 2))) for gap in (1.0, 0.0)]
    assert losses.fidelity_rank(score, target).item() == pytest.approx(sum(lost) / 2, abs=1e-6)
    assert losses.fidelity_rank(score, torch.full((3, 1), 0.5)).item() == 0


def test_image_losses_by_hand() -> None:
    image, target = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), 0.2)
    assert losses.absolute(image, target).item() == pytest.approx(0.3, abs=1e-6)
    assert losses.charbonnier(image, target, 0.4).item() == pytest.approx(0.5, abs=1e-6)


def test_log_error_is_a_tenth_of_the_psnr_of_each_photo_and_has_a_floor() -> None:
    target = torch.full((2, 3, 8, 8), 0.5)
    image = target + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1)  # 20 and 40 dB
    assert losses.log_error(image, target, 0.0).item() == pytest.approx(-(20 + 40) / 2 / 10, abs=1e-4)
    assert losses.log_error(target, target, 1e-3).item() == pytest.approx(-3, abs=1e-5)
    between, guess = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), 0.3)
    either = torch.tensor([0.3, 0.7]).view(2, 1, 1, 1).expand(2, 1, 4, 4)
    assert losses.log_error(guess, either) < losses.log_error(between, either), "right once beats half wrong twice"


def test_dissimilarity_is_one_minus_ssim_as_scikit_image_has_it() -> None:
    rng = np.random.default_rng(2)
    image = rng.random((32, 40, 3)).astype(np.float32)
    target = np.clip(image + rng.normal(0, 0.1, image.shape), 0, 1).astype(np.float32)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    full = structural_similarity(image, target, channel_axis=2, full=True, truncate=3.34, **options)[1]
    expected = 1 - full[5:-5, 5:-5].mean()  # where the 11 x 11 window fits
    one, other = (torch.from_numpy(x).permute(2, 0, 1)[None] for x in (image, target))
    assert losses.dissimilarity(one, other).item() == pytest.approx(expected, abs=1e-4)
    assert losses.dissimilarity(one, one).item() == pytest.approx(0, abs=1e-6)


def test_distillation_is_least_at_the_teachers_probabilities() -> None:
    teacher = torch.tensor([[0.6, 0.3, 0.1]])
    at_teacher = losses.distilled(torch.log(teacher), teacher).item()
    assert at_teacher == pytest.approx(-(teacher * teacher.log()).sum().item(), abs=1e-6)
    for other in torch.rand(20, 1, 3, generator=torch.Generator().manual_seed(1)):
        assert losses.distilled(torch.log(other), teacher).item() >= at_teacher - 1e-6


def test_half_precision_outputs_are_judged_in_single() -> None:
    logits = torch.full((2, 1), 3.0, dtype=torch.bfloat16)
    assert losses.binary(logits, column(1.0, 1.0)).dtype is torch.float32


def test_off_color_is_0_for_one_hue_at_any_light_and_1_for_colors_at_right_angles() -> None:
    red, green = (torch.zeros(1, 3, 4, 4) for _ in range(2))
    red[:, 0], green[:, 1] = 0.8, 0.3
    assert losses.off_color(red * 0.2, red).item() == pytest.approx(0.0, abs=1e-6)
    assert losses.off_color(red, green).item() == pytest.approx(1.0, abs=1e-6)
    gray = torch.full((1, 3, 4, 4), 0.5)
    assert losses.off_color(gray, red).item() == pytest.approx(1 - 1 / 3**0.5, abs=1e-6)
    assert losses.off_color(red, torch.zeros_like(red)).item() == 0.0  # black has no color
