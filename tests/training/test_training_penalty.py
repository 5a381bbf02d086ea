"""The penalty for damage: a branch that starts as the rating network does and learns alone, on one curve in the end."""

from pathlib import Path

import pytest
import torch

from iqa.errors import ArgumentError
from tests.toy_recipes import rated, settled
from training import checkpoint, recipe
from training.curve import NONE
from training.fit import fit
from training.focus import FIRST
from training.ladders import LADDER, SEVERITY
from training.penalty import END, FORK, PENALTY, Penalized
from training.start import network


@pytest.fixture(scope="module")
def start(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The best network of a run of `rating`."""
    made, folder = recipe.get("rating"), tmp_path_factory.mktemp("rating")
    (folder / "run").mkdir()
    settings = settled(made, seed=3)
    fit(made, settings, made.data(rated(photos, folder / "data"), settings), folder / "run", say=lambda _: None)
    return folder / "run" / checkpoint.BEST


def begun(start: Path) -> Penalized:
    net = network(recipe.get("quality"), settled(recipe.get("quality"), weights=str(start)))
    assert isinstance(net, Penalized)
    return net


def test_it_starts_as_the_rating_network(start: Path) -> None:
    before, net = checkpoint.best(start).net.net, begun(start)
    photo = torch.rand(3, 3, 64, 64) * 2 - 1
    rating, found = before(photo), net.eval()(photo)
    for name in ("quality", "range"):
        taken = rating[name] - found[name]
        assert taken.abs().max() < 1e-4, "nothing at first"
    net.head[-1].bias.data.fill_(0.7)  # type: ignore[union-attr, operator]
    for name, x in net(photo).items():
        torch.testing.assert_close(found[name] - x if name != PENALTY else x, torch.full_like(x, 0.7))
    for block, own in zip(net.pyramid.model.blocks[FORK:END], net.blocks, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(block.parameters(), own.parameters(), strict=True))
    torch.testing.assert_close(net(photo.flip(3))["quality"], net(photo)["quality"])
    plain = net(photo)
    net.curve.values.copy_(torch.tensor([1.2, 0.3, 0.9]))
    bent = net(photo)
    torch.testing.assert_close(bent["quality"].sigmoid(), 0.9 * (1.2 * plain["quality"] + 0.3).sigmoid())
    torch.testing.assert_close(bent["range"].sigmoid(), 0.9 * (1.2 * plain["range"] + 0.3).sigmoid())


def test_a_penalty_of_next_to_nothing_can_still_grow(start: Path) -> None:
    net = begun(start).train()
    net.head[0].bias.data.fill_(-1e3)  # type: ignore[union-attr, operator]
    net.head[-1].weight.data.fill_(0.1)  # type: ignore[union-attr, operator]
    net(torch.rand(2, 3, 64, 64))[PENALTY].sum().backward()
    assert all(block[0].conv_pw.weight.grad.abs().max() > 0 for block in net.blocks)  # type: ignore[index]


def test_the_branch_begins_where_the_blocks_of_the_rating_network_do(start: Path) -> None:
    net = begun(start).eval()
    maps = net.pyramid.maps(torch.rand(2, 3, 64, 64))
    x = maps[net.pyramid.levels.index(1)]
    for block in net.blocks:
        x = block(x)
    assert torch.equal(x, maps[net.pyramid.levels.index(3)])


def test_rated_photos_keep_their_scores_and_copies_give_way() -> None:
    made = recipe.get("quality")
    taken = torch.tensor([[0.5], [0.0]], requires_grad=True)
    raw = {"quality": torch.zeros(2, 1) - taken, "range": torch.zeros(2, 2), PENALTY: taken}
    nan = torch.nan
    target = {"quality": torch.tensor([[0.8], [nan]]), LADDER: torch.full((2, 1), 4.0)}
    made.loss(raw, target | {SEVERITY: torch.tensor([[0.0], [1.0]])}).backward()
    assert taken.grad is not None
    assert taken.grad[0] > 0 > taken.grad[1]
    taken.grad = None
    raw = {"quality": torch.zeros(2, 1) - taken, "range": torch.zeros(2, 2), PENALTY: taken}
    clean = {"quality": torch.full((2, 1), nan), LADDER: torch.full((2, 1), -1.0), SEVERITY: torch.zeros(2, 1)}
    assert made.loss(raw, clean) > 0, "photos that nobody rated keep theirs as well"
    assert made.loss(raw, clean | {SEVERITY: torch.ones(2, 1)}) == 0
    scenes = {LADDER: torch.tensor([[FIRST + 1.0], [FIRST + 2.0]])}
    assert made.loss(raw, clean | scenes) == 0, "a scene in focus has grain of its own"


def test_it_learns_and_the_rating_network_stays(start: Path, photos: Path, tmp_path: Path) -> None:
    made = recipe.get("quality")
    settings = settled(made, weights=str(start), batch_size=2)
    (tmp_path / "run").mkdir()
    split = made.data(rated(photos, tmp_path / "data"), settings)
    fit(made, settings, split, tmp_path / "run", say=lambda _: None)
    before, after = begun(start).state_dict(), checkpoint.best(tmp_path / "run").net.net.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert not [name for name in moved if name.startswith("backbone.")]
    assert after["head.2.weight"].abs().max() > 0
    assert (after["blocks.2.2.conv_pwl.weight"] - before["blocks.2.2.conv_pwl.weight"]).abs().max() > 1e-5
    assert not [name for name in moved if "running_" in name]


def test_a_run_of_its_own_goes_on_without_the_curve_that_was_found(start: Path, tmp_path: Path) -> None:
    net = begun(start)
    net.curve.values.copy_(torch.tensor([1.2, 0.3, 0.9]))
    net.blocks[0][0].conv_pw.weight.data.fill_(0.5)  # type: ignore[index, union-attr]
    told = checkpoint.state(start) | {"recipe": "quality"}
    checkpoint.write(tmp_path / checkpoint.BEST, net.state_dict(), told)
    again = begun(tmp_path / checkpoint.BEST)
    assert torch.equal(again.curve.values, torch.tensor(NONE))
    assert (again.blocks[0][0].conv_pw.weight == 0.5).all()  # type: ignore[index, union-attr]


def test_it_has_no_other_start() -> None:
    made = recipe.get("quality")
    with pytest.raises(ArgumentError, match="a run of rating"):
        network(made, settled(made, weights=None))
