"""training.coreml_export: networks convert, and the package on disk answers as torch does (recipes: see parity)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import nn

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import Manifest, Output
from iqa.preprocess import Full, InputSpec, Native, Whole
from iqa.probe import BLOCKS
from tests.toy_export import Stretched, squeezing
from tests.toy_models import describe, luminance
from tests.toy_training import Tiny, output
from training import coreml_export, nets, parity
from training.compress import Storage, pruned
from training.coreml_export import ImageInput, image_inputs
from training.mil import Program, quiet
from training.nets import Activated, Scorer
from training.parity import Parity
from training.unet import UNet

PLAIN = {"scale": 255.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
IMAGENET = nets.PIXELS["imagenet"]
SCORE = (output(),)
BRIGHT = (output(name="enhanced", labels=("enhanced",), kind="image", direction="no direction", activation="clip"),)


def frame(side: int, **changes: Any) -> Whole:
    """A squashed view."""
    row = {"fit": "squash", "multiple": 1, "portrait": "same", "resize": "area-bilinear", "crop_fraction": 1.0}
    return Whole(name="frame", height=side, width=side, **{**row, **IMAGENET, **changes})


TILE = InputSpec(
    views=(Full(name="photo", multiple=16, max_pixels=10**6, context_px=0, **PLAIN), frame(32, **PLAIN)),
)


def unet() -> nn.Module:
    """A U-Net that does something."""
    net = UNet("enhanced")
    nn.init.normal_(net.leave.weight, std=0.05)
    return net


def manifest_of(spec: InputSpec, outputs: tuple[Output, ...]) -> Manifest:
    """A manifest with that input and these outputs."""
    counts = {label: 1 if o.kind == "scores" else 3 * BLOCKS**2 for o in outputs for label in o.labels}
    plain = describe(luminance(), b"weights", b"", {"quality": torch.zeros(()).numpy()})
    probe = replace(plain.probe, outputs={label: (0.0,) * count for label, count in counts.items()})
    return replace(plain, input=spec, outputs=outputs, probe=probe)


def apart(net: Activated, model: Any, inputs: list[ImageInput], path: Path, spec: InputSpec) -> Parity:
    """How far the saved package is from the network."""
    coreml_export.save(model, manifest_of(spec, net.outputs), inputs, path)
    found, wanted = coreml_export.answers(Program(path), net, inputs)
    return parity.compared("Core ML", found, wanted, net.outputs, parity.CORE_ML)


class Same(nn.Module):
    """A backbone with TensorFlow's padding, as timm builds it for such weights."""

    width = 24

    def __init__(self) -> None:
        super().__init__()
        first, second = Conv2dSame(3, 16, 3, stride=2), Conv2dSame(16, 24, (5, 2), stride=(2, 3))
        self.layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 24)."""
        pooled: torch.Tensor = self.layers(x).mean((2, 3))
        return pooled


@pytest.mark.parametrize("size", [32, 33])
def test_padding_that_depends_on_the_size_is_converted(size: int, tmp_path: Path) -> None:
    torch.manual_seed(2)
    spec = InputSpec(views=(frame(size),))
    net = Activated(Stretched(Scorer(Same(), {"quality": 1}, hidden=(16,)), spec), SCORE).eval()
    inputs = image_inputs(spec)
    told = apart(net, coreml_export.convert(net, inputs), inputs, tmp_path / "model.mlpackage", spec)
    assert told.spread > 0.05
    assert any(isinstance(module, Conv2dSame) for module in net.modules()), "a copy is converted"


def test_squeezes_find_the_photo_in_its_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    spec = InputSpec(views=(frame(64, fit="shrink", **PLAIN),))
    net = Activated(Stretched(squeezing(), spec), SCORE).eval()
    inputs = image_inputs(spec)
    model = coreml_export.convert(net, inputs)
    full = coreml_export.tried(inputs)
    cases = [{"frame": np.pad(case["frame"][16:40, 8:56] | 1, ((20, 20), (8, 8), (0, 0)))} for case in full]
    monkeypatch.setattr(coreml_export, "tried", lambda _: [*full, *cases])
    told = apart(net, model, inputs, tmp_path / "model.mlpackage", spec)
    assert (told.answers, told.spread > 0.05) == (8, True)


@pytest.mark.parametrize("pixels", nets.PIXELS)
def test_the_surround_of_an_image_is_what_the_network_knows_as_none(pixels: str) -> None:
    torch.manual_seed(2)
    spec = InputSpec(views=(frame(64, fit="pad", **nets.PIXELS[pixels]),))
    inputs, net = image_inputs(spec), Activated(Stretched(squeezing(), spec), SCORE).eval()
    *_, inside = coreml_export.tried(inputs)
    view = coreml_export.as_views(inside, inputs)["frame"]
    assert (view == 0).all(1).mean() == 16 / 64
    given = torch.from_numpy(inside["frame"].transpose(2, 0, 1)[None].astype(np.float32) / spec.views[0].scale)
    with torch.inference_mode():
        told, wanted = coreml_export.FromImages(net, inputs).eval()(given)[0], net(torch.from_numpy(view))[0]
        filled = net(given - torch.tensor(spec.views[0].mean).reshape(1, 3, 1, 1))[0]
    assert torch.allclose(told, wanted, atol=1e-5)
    assert not torch.allclose(filled, wanted, atol=1e-3), "as a color it would count as part of the photo"


def test_an_image_network_gives_a_tile_of_the_asked_size(tmp_path: Path) -> None:
    torch.manual_seed(2)
    net = Activated(unet(), BRIGHT).eval()
    inputs = image_inputs(TILE, 48)
    assert [(each.height, each.width) for each in inputs] == [(48, 48), (32, 32)]
    told = apart(net, coreml_export.convert(net, inputs), inputs, tmp_path / "model.mlpackage", TILE)
    assert told.spread > 0.05
    with pytest.raises(ArgumentError, match="multiples of 16"):
        image_inputs(TILE, 50)


@pytest.fixture(scope="module")
def two_views() -> tuple[InputSpec, Activated, list[ImageInput], Any]:
    """A network with a frame in one normalization and two crops in another, converted."""
    torch.manual_seed(4)
    crops = Native(name="crops", height=24, width=32, rows=1, columns=2, **nets.PIXELS["symmetric"])
    spec = InputSpec(views=(frame(32), crops))
    scored = Scorer(Tiny(), {"quality": 1}, rows=(1, 2), hidden=(256,))
    net = Activated(Stretched(scored, spec), SCORE).eval()
    inputs = image_inputs(spec)
    return spec, net, inputs, coreml_export.convert(net, inputs)


TwoViews = tuple[InputSpec, Activated, list[ImageInput], Any]


def test_every_native_crop_is_an_image_of_its_own(two_views: TwoViews, tmp_path: Path) -> None:
    spec, net, inputs, model = two_views
    assert [each.name for each in inputs] == ["frame", "crops_0", "crops_1"]
    assert apart(net, model, inputs, tmp_path / "model.mlpackage", spec).spread > 0.05


def test_the_package_takes_images_and_says_what_it_is(two_views: TwoViews, tmp_path: Path) -> None:
    spec, net, inputs, model = two_views
    path = tmp_path / "model.mlpackage"
    manifest = manifest_of(spec, net.outputs)
    coreml_export.save(model, manifest, inputs, path)
    with quiet():
        from coremltools import proto
        from coremltools.models import MLModel

        said = MLModel(str(path), skip_model_load=True).get_spec()
    assert said.specificationVersion == 7, "iOS 16"
    kinds = {each.name: each.type.WhichOneof("Type") for each in said.description.input}
    assert kinds == {"frame": "imageType", "crops_0": "imageType", "crops_1": "imageType"}
    crop = next(each.type.imageType for each in said.description.input if each.name == "crops_1")
    assert (crop.height, crop.width) == (24, 32)
    assert crop.colorSpace == proto.FeatureTypes_pb2.ImageFeatureType.RGB
    assert [each.name for each in said.description.output] == ["quality"]
    facts = said.description.metadata
    assert (facts.versionString, facts.license) == (manifest.version, manifest.license)
    assert (facts.shortDescription, facts.author) == (manifest.description, "")
    told = facts.userDefined
    assert (told["name"], told["sha256"]) == (manifest.name, manifest.sha256)
    assert InputSpec.from_dict(json.loads(told["preprocessing"])) == spec
    assert json.loads(told["outputs"])[0]["labels"] == ["quality"]
    blob = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert str(Path(__file__).parents[2]).encode() not in blob


def test_a_wrong_normalization_does_not_pass(two_views: TwoViews, tmp_path: Path) -> None:
    spec, net, inputs, model = two_views
    lied = [replace(each, view=replace(each.view, mean=(0.4, 0.4, 0.4))) for each in inputs]
    with pytest.raises(IQAError, match=r"'quality' differs by .* accepted: at most 0\.005"):
        apart(net, model, lied, tmp_path / "model.mlpackage", spec)


@pytest.mark.parametrize(
    ("storage", "operation", "share", "limit"),
    [
        (Storage(bits=4), "constexpr_lut_to_dense", 0.6, 0.1),
        (Storage(bits=8), "constexpr_lut_to_dense", 0.8, 0.01),
        (Storage(weights="int8"), "constexpr_affine_dequantize", 0.8, 0.02),
        (Storage(prune=0.7), "constexpr_sparse_to_dense", 0.8, 0.5),
        (Storage(prune=0.7, bits=6), "constexpr_lut_to_dense", 0.75, 0.5),
    ],
    ids=str,
)
def test_smaller_weights_make_a_smaller_package_that_reads_back(
    two_views: TwoViews, tmp_path: Path, *, storage: Storage, operation: str, share: float, limit: float
) -> None:
    spec, net, inputs, model = two_views
    if storage.prune is not None:
        net = pruned(net, storage.prune)
        model = coreml_export.convert(net, inputs)
    sizes, found = {}, {}
    for name, each in (("dense", model), ("small", coreml_export.compressed(model, storage))):
        path = tmp_path / f"{name}.mlpackage"
        coreml_export.save(each, manifest_of(spec, net.outputs), inputs, path)
        sizes[name] = sum(file.stat().st_size for file in path.rglob("weight.bin"))
        program = Program(path)
        assert (operation in program.operations) == (name == "small")
        found[name], wanted = coreml_export.answers(program, net, inputs)
    assert sizes["small"] < share * sizes["dense"]
    told = parity.compared("small", found["small"], wanted, net.outputs, limit)
    assert told.spread > 0.05
    if storage == Storage(prune=0.7):  # the zeros are all that is left out
        assert found["small"] == found["dense"]


def test_what_cannot_be_converted_is_said() -> None:
    class Odd(nn.Module):
        """Something that Core ML does not know."""

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            """The mean of a Bessel function."""
            return {"quality": torch.special.bessel_j0(x).mean((1, 2, 3))[:, None]}

    spec = InputSpec(views=(frame(16),))
    with pytest.raises(IQAError, match="cannot be converted to Core ML"):
        coreml_export.convert(Activated(Odd(), SCORE).eval(), image_inputs(spec))
