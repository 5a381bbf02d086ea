"""training.squeeze: timm's blocks to the bit where a photo fills the frame, blind to the surround where it does not."""

import copy
from functools import partial

import pytest
import torch
from timm.layers.squeeze_excite import EffectiveSEModule, SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import Tensor, nn
from torch.nn import functional

from iqa.errors import ArgumentError
from iqa.probe import probe_image
from tests.toy_training import output
from training import nets, squeeze
from training.pyramid import Pyramid
from training.recipe import Settings

SCRATCH = Settings(epochs=(1,), learning_rate=(0.1,), weights="", extra={})
LEVELS = (1, 2)
BLOCKS = {
    "mobile": partial(SqueezeExcite, 6, rd_ratio=0.5, gate_layer=nn.Hardsigmoid),
    "plain": partial(SEModule, 6, rd_channels=3, norm_layer=nn.BatchNorm2d),
    "effective": partial(EffectiveSEModule, 6),
}
DECIDED = 4.0
"""Times timm's random weights in front of the gates: the gates of those stay near a half whatever the mean is."""
SURROUND_SEEN = 0.5
"""Of the features' norm: how far another square may move them, for photos of 128 x 192 px in 256 and 384 px, random
weights. What moves them are convolutions alone, as the test with cleared surrounds shows: batch norms light the
surround up, and 3 x 3 and 5 x 5 convolutions carry that and the zeros of their own padding into the photo. Measured
with three networks: .45, .21, .34; .64, .38, .87 where squeezes look at the surround as well."""


def net(name: str = "mobilenetv3_small_050", seed: int = 0) -> nn.Module:
    """Random weights, statistics of photos, a surround that batch norms light up, gates that open and close."""
    torch.manual_seed(seed)
    model = nets.timm_model(name, SCRATCH)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.5)
            module.momentum = 1.0
        elif isinstance(module, SqueezeExcite):
            module.conv_expand.weight.data *= DECIDED
            nn.init.normal_(module.conv_expand.bias)
    with torch.no_grad():
        model.train()(photos(128, 128))
    return model.eval()


def photos(height: int, width: int) -> Tensor:
    """(4, 3, height, width), drawn, normalized, 0 nowhere."""
    drawn = torch.stack([torch.from_numpy(probe_image(height, width, seed)) for seed in range(4)])
    return (drawn.permute(0, 3, 1, 2) / 255.0 - 0.449) / 0.226


def inside(x: Tensor, side: int) -> Tensor:
    """The photos in the middle of a square of zeros."""
    down, right = ((side - length) // 2 for length in x.shape[2:])
    return functional.pad(x, (right, side - x.shape[3] - right, down, side - x.shape[2] - down))


def blind(model: nn.Module) -> Pyramid:
    """Pools over the photo alone, while its squeezes take their mean over the whole square, as timm's do."""
    pyramid = Pyramid(model, LEVELS, spread=True).eval()
    pyramid.masked = True
    return pyramid


def moved(pyramid: Pyramid, x: Tensor, sides: tuple[int, int]) -> float:
    """Distance of the features in one square from those in another, as a share of their norm."""
    with torch.no_grad():
        one, other = (pyramid(inside(x, side)) for side in sides)
    return float((one - other).norm() / one.norm())


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "mobilenetv3_small_100"])
def test_weights_and_their_names_are_those_of_timm(name: str) -> None:
    plain, other = nets.timm_model(name, SCRATCH), nets.timm_model(name, SCRATCH)
    assert squeeze.over_photo(other) is not None
    assert sum(isinstance(module, squeeze.Squeeze) for module in other.modules()) == 9
    assert not any(isinstance(module, squeeze.KINDS) for module in other.modules())
    assert list(other.state_dict()) == list(plain.state_dict())
    assert [name for name, _ in other.named_parameters()] == [name for name, _ in plain.named_parameters()]
    nets.load_strictly(other, plain.state_dict(), "timm")
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in other.state_dict().items())
    older, pyramid = Pyramid(plain, LEVELS), Pyramid(other, LEVELS, masked=True)
    assert list(pyramid.state_dict()) == list(older.state_dict())
    pyramid.load_state_dict(older.state_dict())


def test_a_photo_that_fills_the_square_gives_what_timm_gives_to_the_bit() -> None:
    model, x = net(), photos(96, 96)
    assert x.abs().sum(1).min() > 1e-3
    plain, masked = Pyramid(copy.deepcopy(model), LEVELS), Pyramid(model, LEVELS, masked=True)
    for channels_last in (False, True):
        given = x.contiguous(memory_format=torch.channels_last) if channels_last else x
        with torch.no_grad():
            for mode in (False, True):
                wanted, found = plain.train(mode).maps(given), masked.train(mode).maps(given)
                assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_surround_of_a_photo_changes_nothing_in_it(kind: str) -> None:
    torch.manual_seed(1)
    block = BLOCKS[kind]().eval()
    place = squeeze.Place()
    masked = squeeze.Squeeze(copy.deepcopy(block), place).eval()
    assert list(masked.state_dict()) == list(block.state_dict())
    frame, photo = torch.randn(2, 6, 8, 8), torch.zeros(2, 1, 32, 32)
    photo[0, :, 8:24, :16], photo[1] = 1.0, 1.0
    with torch.no_grad():
        assert torch.equal(masked(frame), block(frame)), "no place told"
        frame[0, :, :2] = 50.0  # what a network makes of the surround
        with place.of(photo):
            found = masked(frame)
        torch.testing.assert_close(found[:1, :, 2:6, :4], block(frame[:1, :, 2:6, :4]))
        assert torch.equal(found[1:], block(frame[1:]))
        assert not torch.allclose(block(frame)[0, :, 2:6, :4], found[0, :, 2:6, :4], rtol=0.01)


def test_a_place_that_a_photo_covers_in_part_counts_in_part() -> None:
    photo = torch.zeros(1, 1, 8, 8)
    photo[..., :6] = 1.0
    x = torch.tensor([[[[2.0, 8.0], [4.0, 20.0]]]])
    weights = squeeze.share(photo, x)
    assert weights.tolist() == [[[[1.0, 0.5], [1.0, 0.5]]]]
    assert squeeze.mean(x, weights).item() == pytest.approx((2 + 4 + 0.5 * 8 + 0.5 * 20) / 3)
    assert squeeze.mean(x, torch.zeros_like(weights)).item() == 0


@pytest.mark.parametrize(("sides", "share"), [((256, 384), 0.65), ((384, 512), 0.4)])
def test_another_square_moves_features_less_than_where_squeezes_see_the_surround(
    sides: tuple[int, int], share: float
) -> None:
    plain, found, x = [], [], photos(128, 192)
    for seed in range(3):
        model = net("mobilenetv3_small_100", seed)
        plain.append(moved(blind(copy.deepcopy(model)), x, sides))
        found.append(moved(Pyramid(model, LEVELS, spread=True, masked=True).eval(), x, sides))
    assert max(found) < SURROUND_SEEN
    assert all(less < more for less, more in zip(found, plain, strict=True))
    assert sum(found) < share * sum(plain)


@pytest.mark.parametrize("shape", [(256, 256), (192, 256), (128, 192)])
def test_without_what_convolutions_see_of_the_surround_the_square_says_nothing(shape: tuple[int, int]) -> None:
    """Cleared in front of every convolution, the surround can reach the features by the squeezes alone."""
    model, x = net(), photos(*shape)
    both = blind(copy.deepcopy(model)), Pyramid(model, LEVELS, spread=True, masked=True).eval()
    plain, found = (moved(cleared(pyramid), x, (256, 384)) for pyramid in both)
    assert found < 1e-5
    assert plain > 0.05


def cleared(pyramid: Pyramid) -> Pyramid:
    """With 0 around the photo in front of every convolution that looks at neighbors."""
    photo: list[Tensor] = []

    def note(_: nn.Module, given: tuple[Tensor]) -> None:
        photo[:] = [(given[0].abs().sum(1, keepdim=True) > 0).float()]

    def clear(_: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        return (given[0] * squeeze.share(photo[0], given[0]),)

    pyramid.register_forward_pre_hook(note)
    for module in pyramid.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1):
            module.register_forward_pre_hook(clear)
    return pyramid


def test_every_weight_of_a_squeeze_learns() -> None:
    pyramid = Pyramid(net(), LEVELS, spread=True, masked=True).train()
    pyramid(inside(photos(64, 96), 128)).square().sum().backward()
    for module in pyramid.modules():
        if isinstance(module, squeeze.Squeeze):
            assert all(weight.grad is not None and bool(weight.grad.any()) for weight in module.parameters())


def test_a_place_is_forgotten_after_a_look_and_goes_with_a_copy() -> None:
    pyramid, x = Pyramid(net(), LEVELS, masked=True).eval(), inside(photos(64, 64), 128)
    again = Pyramid(pyramid.model, LEVELS, masked=True).eval()
    plain, twin = Pyramid(pyramid.model, LEVELS).eval(), copy.deepcopy(pyramid)
    place = pyramid._place
    assert place is not None
    with torch.no_grad():
        wanted = pyramid(x)
        assert torch.equal(twin(x), wanted)
        assert torch.equal(again(x), wanted)
        assert not torch.allclose(plain(x), wanted)
    assert place.photo is None
    with pytest.raises(RuntimeError):
        pyramid(x[:, :2])
    assert place.photo is None
    assert twin._place is not place
    assert all(module.place is twin._place for module in twin.modules() if isinstance(module, squeeze.Squeeze))


def test_a_network_without_squeezes_stays_as_it_is_and_odd_blocks_are_refused() -> None:
    model = nets.timm_model("mobilenetv2_035", SCRATCH)
    kinds = [type(module) for module in model.modules()]
    assert squeeze.over_photo(model) is None
    assert [type(module) for module in model.modules()] == kinds
    for block in (SEModule(8, add_maxpool=True), nn.Conv2d(3, 3, 1)):
        with pytest.raises(ArgumentError, match=r"cannot squeeze the photo alone; accepted: .*SEModule.*add_maxpool"):
            squeeze.Squeeze(block, squeeze.Place())


def test_a_score_of_a_reduced_photo_does_not_depend_on_the_frames_beside_it() -> None:
    torch.manual_seed(0)
    scorer = nets.Scorer(Pyramid(net(), LEVELS, masked=True), {"quality": 1}).eval()
    scored = nets.Activated(scorer, (output(),))
    x = torch.cat([inside(photos(64, 96), 128), photos(128, 128)])
    with torch.no_grad():
        (together,) = scored(x)
        alone = torch.cat([scored(row[None])[0] for row in x])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
