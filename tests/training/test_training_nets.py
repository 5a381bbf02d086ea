"""Networks: activations as the manifest says them, pooling of any size, weights loaded as they are or refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from iqa.errors import ArgumentError, IQAError, UnknownNameError
from tests.toy_training import Tiny, output
from training import nets, start
from training.pyramid import Pyramid, mean_of_rows, most_of_rows
from training.recipe import Settings

SCRATCH = Settings(epochs=(1,), learning_rate=(0.1,), weights="", extra={})


class Given(nn.Module):
    def __init__(self, raw: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.raw = raw

    def forward(self, _: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.raw


def activated(raw: torch.Tensor, **changes: Any) -> torch.Tensor:
    (found,) = nets.Activated(Given({"quality": raw}), (output(**changes),))(torch.zeros(1))
    return found


def test_each_activation_by_hand() -> None:
    raw = torch.tensor([[0.0, 2.0]])
    two: dict[str, Any] = {"labels": ("a", "b"), "direction": "no direction", "unit": "px"}
    assert activated(raw, **two).tolist()[0] == pytest.approx([0.5, 0.880797], abs=1e-6)
    scaled = {"low": -4.0, "high": 4.0}
    assert activated(raw, **two, **scaled).tolist()[0] == pytest.approx([0, 8 * 0.880797 - 4], abs=1e-5)
    assert activated(raw, **two, activation="softmax").tolist()[0] == pytest.approx([0.119203, 0.880797], abs=1e-6)
    assert activated(raw, **two, activation="clip").tolist()[0] == [0, 1]
    assert activated(raw, **{**two, **scaled}, activation="none").tolist()[0] == [0, 2]


def test_expectation_is_the_mean_of_bins_from_low_to_high() -> None:
    votes = torch.log(torch.tensor([[0.1, 0.2, 0.7]]))
    assert activated(votes, activation="expectation").tolist()[0] == pytest.approx([0.1 + 0.7], abs=1e-6)
    several = torch.stack([votes[0], votes[0].flip(0)])[None]
    found = activated(several, labels=("a", "b"), activation="expectation")
    assert found.tolist()[0] == pytest.approx([0.8, 0.2], abs=1e-6)


def test_outputs_come_in_the_order_of_the_manifest() -> None:
    outputs = (output(name="b", labels=("x",)), output(name="a", labels=("y",)))
    net = nets.Activated(Given({"a": torch.ones(1, 1), "b": torch.zeros(1, 1)}), outputs)
    first, second = net(torch.zeros(1))
    assert first.item() == 0.5
    assert second.item() == pytest.approx(0.731059, abs=1e-6)


@pytest.mark.parametrize("spread", [False, True])
def test_pooling_takes_any_size_and_ignores_where_things_are(spread: bool) -> None:
    pyramid = Pyramid(nets.timm_model("mobilenetv3_small_100", SCRATCH), (1, 2), spread=spread).eval()
    assert pyramid.width == (24 + 16 + 576 if not spread else 2 * (16 + 24 + 576))
    with torch.no_grad():
        assert {tuple(pyramid(torch.rand(1, 3, h, w)).shape) for h, w in ((64, 64), (33, 97))} == {(1, pyramid.width)}
        flat = pyramid(torch.full((1, 3, 64, 64), 0.3))
    assert flat.isfinite().all()


def test_what_a_backbone_does_not_use_is_dropped() -> None:
    pyramid = Pyramid(nets.timm_model("mobilenetv3_small_100", SCRATCH))
    pyramid(torch.rand(2, 3, 64, 64)).sum().backward()
    assert all(parameter.grad is not None for parameter in pyramid.parameters())


def test_rows_of_one_photo_are_averaged_with_each_other_only() -> None:
    features = torch.arange(12.0).reshape(6, 2)
    assert mean_of_rows(features, 3).tolist() == [[2, 3], [8, 9]]
    assert most_of_rows(-features, 3).tolist() == [[0, -1], [-6, -7]]
    assert most_of_rows(features, 1) is features


def test_extremes_show_what_is_in_one_crop_alone_and_not_in_which() -> None:
    torch.manual_seed(0)
    net = nets.Scorer(Tiny(), {"quality": 1}, rows=(1, 4), extremes=True).eval()
    assert net.heads["quality"][0][0].in_features == 3 * Tiny().width  # type: ignore[index, union-attr]
    frames, crops = torch.rand(2, 3, 32, 32), torch.rand(8, 3, 16, 16)
    turned = crops[[2, 3, 0, 1, 5, 4, 7, 6]]
    torch.testing.assert_close(net(frames, crops)["quality"], net(frames, turned)["quality"])
    seen: list[torch.Tensor] = []
    net.scale.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net(frames, crops)
    each = net.backbone(crops).reshape(2, 4, -1)
    torch.testing.assert_close(seen[0], torch.cat([net.backbone(frames), each.mean(1), each.amax(1)], 1))


def test_a_photo_scores_the_same_whatever_stands_beside_it() -> None:
    torch.manual_seed(0)
    net = nets.Scorer(Tiny(), {"quality": 1}, rows=(1, 4), attention=True).eval()
    frames, crops = torch.rand(3, 3, 32, 32), torch.rand(12, 3, 16, 16)
    together = net(frames, crops)["quality"]
    alone = torch.cat([net(frames[k : k + 1], crops[4 * k : 4 * k + 4])["quality"] for k in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_a_mirrored_photo_scores_the_same_in_use_and_is_learned_by_itself() -> None:
    torch.manual_seed(0)
    net = nets.Scorer(Tiny(), {"quality": 1}, mirror=True).eval()
    plain = nets.Scorer(Tiny(), {"quality": 1}).eval()
    plain.load_state_dict(net.state_dict())
    photo = torch.rand(2, 3, 32, 32)
    both = [plain(view)["quality"] for view in (photo, photo.flip(3))]
    assert not torch.allclose(*both, atol=1e-4)
    torch.testing.assert_close(net(photo)["quality"], (both[0] + both[1]) / 2)
    torch.testing.assert_close(net(photo)["quality"], net(photo.flip(3))["quality"])
    torch.testing.assert_close(net.train()(photo)["quality"], plain.train()(photo)["quality"])


def test_a_head_per_label_gives_as_many_numbers_as_one_head() -> None:
    for head_per_label in (False, True):
        net = nets.Scorer(Tiny(), {"kind": 4, "score": 1}, hidden=(8,), head_per_label=head_per_label).eval()
        assert {name: tuple(raw.shape) for name, raw in net(torch.rand(2, 3, 16, 16)).items()} == {
            "kind": (2, 4),
            "score": (2, 1),
        }


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a whole classifier, as they can be downloaded."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    model = timm.create_model("mobilenetv3_small_050", num_classes=10)
    words = {"arch": "timm mobilenetv3_small_050, pad_type='same'", "input": "RGB, x/127.5-1"}
    save_file(model.state_dict(), path, metadata=words)
    return path


def test_weights_are_loaded_but_for_the_classifier(weights: Path) -> None:
    settings = replace(SCRATCH, weights=str(weights))
    model = nets.timm_model("mobilenetv3_small_050", settings)
    torch.manual_seed(3)
    whole = timm.create_model("mobilenetv3_small_050", num_classes=10)
    for name, value in model.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name
    assert nets.unused(settings) == ["classifier.bias", "classifier.weight"]


def test_weights_of_another_network_are_refused_by_name(weights: Path) -> None:
    with pytest.raises(ArgumentError, match=r"not of this network: .*missing \(.*unknown .*Nothing was loaded"):
        nets.timm_model("mobilenetv2_100", replace(SCRATCH, weights=str(weights)))
    with pytest.raises(ArgumentError, match=r"of another shape \(\S+ \(.*instead of"):
        nets.timm_model("mobilenetv3_small_100", replace(SCRATCH, weights=str(weights)))


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not weights")
    for wrong in (path, tmp_path / "none.safetensors"):
        with pytest.raises(IQAError, match=r"accepted: a \.safetensors file"):
            nets.timm_model("mobilenetv2_100", replace(SCRATCH, weights=str(wrong)))


def test_weights_tell_their_padding_and_pixels_unless_one_is_typed(weights: Path) -> None:
    settings = replace(SCRATCH, weights=str(weights), extra={**nets.OPTIONS, "set": "koniq"})
    assert start.with_facts(settings).extra == {
        "pad": "same",
        "pixels": "symmetric",
        "norm": "",
        "set": "koniq",
    }
    assert start.with_facts(settings, ["pixels"]).extra["pixels"] == "imagenet"
    assert start.with_facts(SCRATCH) == SCRATCH


def test_padding_as_in_tensorflow_is_another_function() -> None:
    torch.manual_seed(0)
    plain = nets.timm_model("mobilenetv2_035", SCRATCH).eval()
    same = nets.timm_model("mobilenetv2_035", replace(SCRATCH, extra={"pad": "same"})).eval()
    same.load_state_dict(plain.state_dict())
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(plain(x), same(x))


def test_pixels_are_named_and_symmetric_means_minus_one_to_one() -> None:
    facts = nets.pixels(replace(SCRATCH, extra={"pixels": "symmetric"}))
    assert [(value / facts["scale"] - facts["mean"][0]) / facts["std"][0] for value in (0, 255)] == [-1, 1]
    with pytest.raises(UnknownNameError, match="imagenet"):
        nets.pixels(replace(SCRATCH, extra={"pixels": "imagenett"}))


def test_no_network_and_no_file_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(IQAError, match=r'no route to host.*--weights FILE.*--weights ""'):
        nets.timm_model("mobilenetv2_100", replace(SCRATCH, weights=None))


def test_masked_pooling_does_not_see_the_surround() -> None:
    pyramid = Pyramid(nets.timm_model("mobilenetv3_small_100", SCRATCH), (1, 2), spread=True, masked=True).eval()
    plain = Pyramid(pyramid.model, (1, 2), spread=True).eval()
    photo = torch.rand(1, 3, 64, 64) + 0.1
    level = torch.full((1, 5, 16, 16), 3.0)
    level[..., 8:] = -100.0  # what a network makes of the surround
    surrounded = torch.nn.functional.pad(photo, (0, 64))
    with torch.no_grad():
        torch.testing.assert_close(pyramid(photo), plain(photo))
        seen = (surrounded.abs().sum(1, keepdim=True) * 1e4).clamp(max=1.0)
        mean, spread = pyramid._pooled(level, seen).split(5, 1)
    torch.testing.assert_close(mean, torch.full((1, 5), 3.0))
    assert spread.max() < 0.01


def test_pooling_a_large_level_stays_inside_half_precision() -> None:
    pyramid = Pyramid(nets.timm_model("mobilenetv3_small_100", SCRATCH), spread=True, masked=True)
    level = torch.full((1, 2, 128, 128), 20.0, dtype=torch.float16)  # the sum over it is five times the largest number
    level[..., ::2] = -20.0
    mean, spread = pyramid._pooled(level, torch.ones(1, 1, 512, 512, dtype=torch.float16)).split(2, 1)
    assert mean.abs().max() < 0.01
    torch.testing.assert_close(spread, torch.full((1, 2), 20.0, dtype=torch.float16))


def test_fixed_norms_neither_learn_nor_look_at_the_batch() -> None:
    pyramid = Pyramid(nets.timm_model("mobilenetv3_small_100", SCRATCH), fixed_norm=True).train()
    photos = torch.rand(4, 3, 64, 64)
    before = {name: value.clone() for name, value in pyramid.named_buffers()}
    together, alone = pyramid(photos), torch.cat([pyramid(photo[None]) for photo in photos])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in pyramid.named_buffers())
