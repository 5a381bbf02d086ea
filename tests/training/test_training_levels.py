"""Shares of pixels: counted as by hand, around the photo nothing; and heads that add to two severities alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from iqa import damage
from tests.photos import photo
from training import checkpoint, nets
from training.chroma import Toned
from training.levels import EDGES, HIDDEN, NEAR, THINNED, Leveled, Levels

ROW, ROWS = nets.PIXELS["symmetric"], (1, 4)
SHARES = 6 * len(EDGES)
RGB_AT_EDGE = (15, 3, 11)
"""Of luma 7.5, halfway between an edge and the next level."""


def seen(*images: np.ndarray, around: int = 0, row: str = "symmetric") -> Tensor:
    """Photos as a network sees them, with so many px of zeros on each side."""
    pixels = nets.PIXELS[row]
    values = np.stack(images).astype(np.float32) / pixels["scale"] - np.array(pixels["mean"], np.float32)
    view = torch.from_numpy(values / np.array(pixels["std"], np.float32)).permute(0, 3, 1, 2)
    return torch.nn.functional.pad(torch.where(view == 0, 1e-3, view), (around,) * 4)


def coffee(size: int = 384) -> np.ndarray:
    return np.ascontiguousarray(photo("coffee")[:size, :size])


def crops(image: np.ndarray, side: int = 96) -> Tensor:
    return seen(*(image[top : top + side, left : left + side] for top in (0, 200) for left in (0, 200)))


def planes(*images: np.ndarray) -> np.ndarray:
    """(6, pixels) of the pixels that are counted."""
    rgb = np.concatenate([image[1::THINNED, 1::THINNED].reshape(-1, 3) for image in images]).T.astype(float)
    return np.stack([[0.299, 0.587, 0.114] @ rgb, rgb.max(0), rgb.min(0), *rgb])


def by_hand(*counted: np.ndarray) -> np.ndarray:
    """All numbers of a photo whose frame and whose crops have these (6, pixels)."""
    shares = np.concatenate([[(x <= edge + 0.5).mean(axis=1) for edge in EDGES] for x in counted]).ravel()
    near = []
    for x in counted:
        top, bottom = x.max(axis=1), x.min(axis=1)
        near += [(x >= top[:, None] - n - 0.5).mean(axis=1) for n in NEAR]
        near += [(x <= bottom[:, None] + n + 0.5).mean(axis=1) for n in NEAR]
        near += [top / 255, bottom / 255]
    close = np.concatenate(near)
    return np.concatenate([shares, np.log(shares + 1e-3), np.log(1 - shares + 1e-3), close, np.log(close + 1e-4)])


@pytest.mark.parametrize("row", nets.PIXELS)
def test_pixels_are_counted_as_by_hand(row: str) -> None:
    image = coffee()
    part = image[:96, :96]
    found = Levels(nets.PIXELS[row], ROWS)([seen(image, row=row), seen(*([part] * 4), row=row)])[0].numpy()
    np.testing.assert_allclose(found, by_hand(planes(image), planes(part)), rtol=0, atol=2e-3)


def test_rounding_does_not_decide_on_which_side_of_an_edge_a_color_falls() -> None:
    flat = seen(np.full((96, 96, 3), RGB_AT_EDGE, np.uint8))
    made = Levels(ROW, ROWS)
    alike = [made([flat * (1 + error), torch.cat([flat] * 4)]) for error in (-1e-6, 0.0, 1e-6)]
    for one in alike:
        assert one == pytest.approx(alike[1], abs=1e-4)


def test_a_mirrored_photo_has_the_same_numbers() -> None:
    made, image = Levels(ROW, ROWS), coffee()
    views = [seen(image), crops(image)]
    assert made([view.flip(3) for view in views]) == pytest.approx(made(views), abs=1e-5)


def test_the_crops_of_a_photo_are_counted_together() -> None:
    image = coffee()
    parts = [image[top : top + 96, left : left + 96] for top in (0, 200) for left in (0, 200)]
    found = Levels(ROW, ROWS)([seen(image, image), torch.cat([crops(image)] * 2)])
    wanted = np.array([(planes(*parts) <= edge + 0.5).mean(axis=1) for edge in EDGES])
    assert found[1, SHARES : 2 * SHARES].reshape(-1, 6).numpy() == pytest.approx(wanted, abs=2e-3)
    assert torch.equal(found[0], found[1])


def test_it_has_as_many_numbers_as_it_says_and_nothing_to_learn() -> None:
    made = Levels(ROW, ROWS)
    assert made([seen(coffee()), crops(coffee())]).shape == (1, made.width)
    assert not list(made.parameters())
    assert not made.state_dict()


def test_what_is_around_the_photo_and_its_neighbors_in_the_batch_do_not_count() -> None:
    made, image = Levels(ROW, ROWS), coffee()
    alone = made([seen(image), crops(image)])
    assert made([seen(image, around=30), crops(image)]) == pytest.approx(alone, abs=1e-3)
    both = made([seen(image, 255 - image), torch.cat([crops(image), crops(255 - image)])])
    assert both[:1] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("level", [0, 1, 127, 128, 255])
@pytest.mark.parametrize("shape", [(384, 384, 3), (9, 384, 3), (1, 1, 3)])
def test_flat_and_tiny_photos_have_finite_numbers(level: int, shape: tuple[int, int, int]) -> None:
    flat = seen(np.full(shape, level, np.uint8), around=31)
    assert torch.isfinite(Levels(ROW, ROWS)([flat, torch.cat([flat] * 4)])).all()


def test_clipped_light_is_seen_whatever_became_of_its_level() -> None:
    rng = np.random.default_rng(0)
    over = damage.apply("overexposure", coffee(), 0.6, rng)
    dimmed = (over * 0.8).astype(np.uint8)
    at_top = 6 * SHARES + 6 * NEAR.index(1)  # of the frame, luma
    clean, clipped, dim = (Levels(ROW, ROWS)([seen(x), crops(x)])[0, at_top] for x in (coffee(), over, dimmed))
    assert clipped > clean + 0.1
    assert dim > clean + 0.1


class Blind(torch.nn.Module):
    """A backbone that sees nothing."""

    width = 2

    def forward(self, view: Tensor) -> Tensor:
        return torch.zeros(len(view), 2)


def leveled() -> Leveled:
    torch.manual_seed(0)
    places = {"toned": ("severities", 1), "leveled": ("severities", [1, 2])}
    return Leveled(Blind(), {"severities": 3}, **places, pixels=ROW, rows=ROWS, standard=True).eval()  # type: ignore[arg-type]


def spoken(net: Leveled) -> Leveled:
    """The same with heads that say something, from numbers of which mean and spread are known."""
    for light in net.lights:
        torch.nn.init.normal_(light[-1].weight, std=1.0)  # type: ignore[index]
    torch.nn.init.constant_(net.slopes, 0.6)
    net.scale_of_levels.train()
    net.given({"severities": torch.randn(50, 3)}, torch.rand(50, net.levels.width))
    net.scale_of_levels.eval()
    return net


def test_heads_say_nothing_at_first_and_then_of_their_own_numbers_alone() -> None:
    net, views = leveled(), (seen(coffee()), crops(coffee()))
    plain = net.unlit(views)["severities"]
    assert torch.equal(net(*views)["severities"], plain)
    made = spoken(net)(*views)["severities"]
    assert torch.equal(made[:, 0], plain[:, 0])
    assert ((made - plain)[:, 1:].abs() > 1e-3).all()
    net.begin()
    assert torch.equal(net(*views)["severities"], plain)


@pytest.mark.parametrize("at", [0, 1, 2])
@torch.no_grad()
def test_moving_a_severity_moves_it_alone_whether_or_not_it_has_a_head(at: int) -> None:
    net, views = spoken(leveled()), (seen(coffee()), crops(coffee()))
    before = net(*views)["severities"]
    net.rescale("severities", at, 1.7, -0.3)
    after, wanted = net(*views)["severities"], before.clone()
    wanted[:, at] = 1.7 * before[:, at] - 0.3
    assert after == pytest.approx(wanted, rel=1e-3, abs=1e-3)


def test_while_all_learns_numbers_of_every_batch_are_standardized_by_those_of_all_so_far() -> None:
    net = leveled().train()
    for _ in range(3):
        net(seen(coffee()), crops(coffee()))["severities"].sum().backward()
    assert net.scale_of_levels.count == 3
    assert net.heads["severities"][0][-1].weight.grad is not None  # type: ignore[index]


def test_what_an_earlier_run_lacks_are_the_heads_and_some_of_them_is_damage() -> None:
    net = leveled()
    plain = Toned(Blind(), {"severities": 3}, toned=("severities", 1), pixels=ROW, rows=ROWS, standard=True)
    before = plain.state_dict()
    lacking = checkpoint.renewed(net, before)
    assert set(net.state_dict()) == {*before, *lacking}
    assert "slopes" not in checkpoint.renewed(net, {**before, "lights.0.0.weight": torch.zeros(1)})
    assert net.lights[0][0].out_features == HIDDEN  # type: ignore[index]
