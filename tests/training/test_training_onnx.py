"""training.onnx_export: views of every kind become a folder that loads and answers as torch does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from iqa.errors import IQAError
from iqa.preprocess import Full, InputSpec, Native, Whole, to_input
from tests.toy_export import WIDE, Stretched, largest, squeezing
from tests.toy_training import Tiny, output
from training import checkpoint, folders, nets, onnx_export, parity
from training.nets import Activated, Scorer
from training.recipe import Raw
from training.unet import UNet

PICTURES = parity.pictures()
PLAIN = {"scale": 255.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
KEPT = Whole(
    name="frame",
    height=48,
    width=64,
    fit="keep",
    multiple=8,
    portrait="swap",
    resize="area-bilinear",
    crop_fraction=1.0,
    **nets.PIXELS["imagenet"],
)
CROPS = Native(name="crops", height=24, width=32, rows=2, columns=2, **nets.PIXELS["symmetric"])
FULL = Full(name="photo", multiple=16, max_pixels=10**6, context_px=0, **PLAIN)
SMALL = replace(KEPT, height=32, width=32, fit="squash", multiple=1, portrait="same", **PLAIN)


def shown(spec: InputSpec, net: Activated, folder: Path) -> float:
    """The largest difference of a network that was exported with these views, alone and as a batch."""
    settings = replace(WIDE.defaults, size=24)
    made = replace(WIDE, name="shown", inputs=lambda _: spec, outputs=net.outputs)
    folder.mkdir()
    data = onnx_export.graph(net, spec).SerializeToString()
    trained = checkpoint.Trained(made, settings, net, (), {})
    model = folders.written(folder, data, trained, opset=onnx_export.OPSET, model_version="1.0.0", int8=False)
    wanted = [parity.torch_answer(net, spec, picture) for picture in PICTURES]
    assert max(np.ptp([answer[label].mean() for answer in wanted]) for label in wanted[0]) > 0.1
    found = [*map(model.predict, PICTURES), *model.predict_batch(PICTURES[:3])]
    return largest(found, [*wanted, *wanted[:3]])


def test_a_frame_of_any_shape_and_several_crops_share_one_graph(tmp_path: Path) -> None:
    torch.manual_seed(5)
    spec = InputSpec(views=(KEPT, CROPS))
    square = InputSpec(views=(replace(KEPT, fit="squash", portrait="same"), CROPS))
    scored = Scorer(Tiny(), {"quality": 1}, rows=(1, 4), hidden=(16,))
    net = Activated(Stretched(scored, square), (output(),)).eval()
    assert shown(spec, net, tmp_path / "model") < parity.ONNX


def test_squeezes_find_the_photo_in_its_square(tmp_path: Path) -> None:
    torch.manual_seed(5)
    spec = InputSpec(views=(replace(KEPT, height=96, width=96, fit="shrink", multiple=1, portrait="same"),))
    assert any((to_input(picture, spec)["frame"] == 0).all(1).any() for picture in PICTURES), "there is a surround"
    net = Activated(Stretched(squeezing(), spec), (output(),)).eval()
    assert shown(spec, net, tmp_path / "model") < parity.ONNX


def test_an_image_network_takes_photos_of_any_size(tmp_path: Path) -> None:
    torch.manual_seed(5)
    unet = UNet("enhanced")
    nn.init.normal_(unet.leave.weight, std=0.05)
    row = {"name": "enhanced", "labels": ("enhanced",), "kind": "image", "direction": "no direction"}
    net = Activated(unet, (output(**row, activation="clip"),)).eval()
    assert shown(InputSpec(views=(FULL, SMALL)), net, tmp_path / "model") < parity.ONNX


def test_a_network_that_looks_at_values_is_refused() -> None:
    class Choosing(nn.Module):
        def forward(self, x: Tensor) -> Raw:
            return {"quality": x.mean((1, 2, 3))[:, None] if x.mean() > 0 else x.amax((1, 2, 3))[:, None]}

    with pytest.raises(IQAError, match="cannot be exported to ONNX"):
        onnx_export.graph(Activated(Choosing(), (output(),)), InputSpec(views=(FULL,)))
