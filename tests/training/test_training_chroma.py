"""Statistics of colors: a cast moves them alike in every scene, size and surround do not, and no photo breaks them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from iqa import damage
from tests.photos import photo
from tests.toy_recipes import settled
from training import checkpoint, nets, recipe
from training.chroma import NORMS, Chroma, Toned
from training.start import network

ROW = nets.PIXELS["symmetric"]


def frame(image: np.ndarray, around: int = 0) -> Tensor:
    """The photo as a network sees it, with so many px of zeros on each side."""
    view = torch.from_numpy(image.astype(np.float32) / 127.5 - 1.0).permute(2, 0, 1)[None]
    return torch.nn.functional.pad(torch.where(view == 0, 1e-3, view), (around,) * 4)


def coffee() -> np.ndarray:
    return np.ascontiguousarray(photo("coffee")[:384, :384])


@pytest.mark.parametrize("row", nets.PIXELS)
def test_the_norms_are_the_log_chroma_of_the_mean_of_powers_of_the_light(row: str) -> None:
    flat = np.empty((60, 90, 3), np.float32)
    flat[:, :60], flat[:, 60:] = (0.5, 0.4, 0.2), (0.1, 0.4, 0.8)
    pixels = nets.PIXELS[row]
    view = (flat * 255.0 / pixels["scale"] - np.array(pixels["mean"])) / np.array(pixels["std"])
    found = Chroma(pixels)(torch.from_numpy(view.astype(np.float32)).permute(2, 0, 1)[None])[0]
    light = np.array([(0.5, 0.4, 0.2), (0.1, 0.4, 0.8)]) ** 2.2
    for k, norm in enumerate(NORMS):
        red, green, blue = np.log(np.average(light**norm, axis=0, weights=[2, 1])) / norm
        assert found[2 * k : 2 * k + 2].numpy() == pytest.approx([red - green, blue - green], abs=0.02)


def test_it_has_as_many_numbers_as_it_says_and_nothing_to_learn() -> None:
    made = Chroma(ROW)
    assert made(frame(coffee())).shape == (1, made.width)
    assert not list(made.parameters())
    assert not made.state_dict()


def test_a_cast_moves_the_estimates_and_none_of_an_uncolored_damage_does() -> None:
    made, rng = Chroma(ROW), np.random.default_rng(0)
    clean = made(frame(coffee()))[0, :10]
    cast = made(frame(damage.apply("color_cast", coffee(), 1.0, rng)))[0, :10]
    soft = made(frame(damage.apply("defocus", coffee(), 0.3, rng)))[0, :6]
    assert (cast - clean).abs().max() > 0.3
    assert (soft - clean[:6]).abs().max() < 0.1


def test_what_is_around_the_photo_and_its_neighbors_in_the_batch_do_not_count() -> None:
    made = Chroma(ROW)
    alone = made(frame(coffee()))
    assert made(frame(coffee(), 30)) == pytest.approx(alone, abs=2e-3)
    both = made(torch.cat([frame(coffee()), frame(255 - coffee())]))
    assert both[:1] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("level", [0, 1, 127, 128, 255])
def test_flat_black_and_white_photos_have_finite_numbers(level: int) -> None:
    for shape in ((384, 384, 3), (9, 384, 3), (3, 3, 3)):
        assert torch.isfinite(Chroma(ROW)(frame(np.full(shape, level, np.uint8), 30))).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (300, 2, 3)])
@pytest.mark.parametrize("around", [10, 11, 12])
def test_photos_thinner_than_what_is_averaged_have_finite_numbers(shape: tuple[int, int, int], around: int) -> None:
    bright = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert torch.isfinite(Chroma(ROW)(frame(bright, around))).all()


@pytest.mark.parametrize("height", [254, 255, 256])
@pytest.mark.parametrize("level", [0, 5])
def test_a_dark_photo_with_one_bright_line_has_finite_numbers(height: int, level: int) -> None:
    dark = np.full((height, 384, 3), level, np.uint8)
    dark[-1] = 255
    assert torch.isfinite(Chroma(ROW)(frame(dark, 31))).all()


def test_it_computes_in_full_precision() -> None:
    view = frame(coffee()).bfloat16()
    assert torch.equal(Chroma(ROW)(view), Chroma(ROW)(view.float()))


class Blind(torch.nn.Module):
    """A backbone that sees nothing."""

    width = 2

    def forward(self, view: Tensor) -> Tensor:
        return torch.zeros(len(view), 2)


def toned() -> Toned:
    torch.manual_seed(0)
    return Toned(Blind(), {"severities": 3}, toned=("severities", 1), pixels=ROW, rows=(1, 4), standard=True).eval()


def test_the_colors_say_something_of_one_number_alone() -> None:
    net, crops = toned(), torch.zeros(4, 3, 8, 8)
    warm = damage.apply("color_cast", coffee(), 1.0, np.random.default_rng(0))
    plain, cast = (net(frame(image), crops)["severities"] for image in (coffee(), warm))
    assert torch.equal(plain[:, [0, 2]], cast[:, [0, 2]])
    assert (plain[:, 1] - cast[:, 1]).abs() > 1e-3
    own = net.read(torch.zeros(1, 4))["severities"]
    assert torch.equal(plain[:, 1:2], own[:, 1:2] + net.cast(net.chroma(frame(coffee()))))


def test_what_an_earlier_run_lacks_is_the_head_on_the_colors() -> None:
    net = toned()
    plain = nets.Scorer(Blind(), {"severities": 3}, rows=(1, 4), standard=True)
    assert set(net.state_dict()) - set(plain.state_dict()) == set(net.renewed[0])


def test_a_run_from_before_the_colors_counted_is_a_start(tmp_path: Path) -> None:
    made = recipe.get("degradations")
    settings = settled(made)
    net = made.net(settings)
    old = {name: x for name, x in net.state_dict().items() if not name.startswith("cast.")}
    file = tmp_path / checkpoint.BEST
    checkpoint.write(file, old, {"recipe": made.name, "settings": checkpoint.settings_dict(settings)})
    found = network(made, settled(made, weights=str(file)))
    assert all(torch.equal(x, old[name]) for name, x in found.state_dict().items() if name in old)


def test_colors_are_learned() -> None:
    net = toned().train()
    crops = torch.zeros(8, 3, 8, 8)
    views = torch.cat([frame(coffee()), frame(damage.apply("color_cast", coffee(), 1.0, np.random.default_rng(0)))])
    step = torch.optim.Adam([*net.cast.parameters()], 0.01)
    for _ in range(30):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            net(views, crops)["severities"][:, 1], torch.tensor([0.0, 1.0])
        )
        step.zero_grad()
        loss.backward()
        step.step()
    said = net.eval()(views, crops)["severities"][:, 1]
    assert said[1] - said[0] > 1.0
