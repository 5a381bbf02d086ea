"""Promises of iqa.export: the pixels that were given, and of the EXIF only what a copy may carry."""

from pathlib import Path

import numpy as np
import photos
import pytest
from PIL import ExifTags, Image

from iqa import image
from iqa.errors import IQAError
from iqa.export import EXTENSIONS, kept_exif, save_photo

BASE, IFD = ExifTags.Base, ExifTags.IFD


def tagged(path: Path) -> Path:
    exif = Image.Exif()
    exif[BASE.Orientation] = 8
    exif[BASE.Make], exif[BASE.Copyright], exif[BASE.HostComputer] = "Maker", "Somebody", "a machine"
    exif[BASE.ImageDescription] = "x" * 10_000
    inner = exif.get_ifd(IFD.Exif)
    inner[BASE.ExposureTime], inner[BASE.ISOSpeedRatings], inner[BASE.LensModel] = 0.01, 800, "50 mm"
    inner[BASE.MakerNote], inner[BASE.ExifImageWidth] = b"secret place", 4000
    exif.get_ifd(IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 30.0, 0.0)
    Image.new("RGB", (32, 24)).save(path, exif=exif)
    return path


@pytest.mark.parametrize("source", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("file_format", EXTENSIONS)
def test_a_copy_keeps_camera_and_exposure_but_no_place(source: str, file_format: str, tmp_path: Path) -> None:
    exif = kept_exif(tagged(tmp_path / source))
    target = tmp_path / f"copy.{file_format}"
    save_photo(np.zeros((8, 8, 3), np.uint8), target, file_format=file_format, exif=exif)
    with Image.open(target) as copy:
        found = copy.getexif()
        inner = found.get_ifd(IFD.Exif)
        assert {BASE(tag).name for tag in found if tag != IFD.Exif} == {"Make", "Copyright", "Orientation"}
        assert {BASE(tag).name for tag in inner} == {"ExposureTime", "ISOSpeedRatings", "LensModel"}
        assert found[BASE.Orientation] == 1
        assert (found[BASE.Make], float(inner[BASE.ExposureTime])) == ("Maker", 0.01)
    assert b"secret place" not in target.read_bytes()


def test_a_tiff_gives_its_camera_but_not_its_structure(tmp_path: Path) -> None:
    names = {BASE(tag).name for tag in kept_exif(tagged(tmp_path / "a.tiff"))}
    assert names == {"Make", "Copyright", "Orientation"}


def test_a_photo_without_exif_gets_only_an_orientation(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.bmp")
    assert dict(kept_exif(tmp_path / "a.bmp")) == {BASE.Orientation: 1}


def test_broken_exif_costs_only_the_exif(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    exif = kept_exif(tmp_path / "a.jpg")
    save_photo(np.zeros((8, 8, 3), np.uint8), tmp_path / "b.jpg", file_format="jpeg", exif=exif)
    assert image.info(tmp_path / "b.jpg").orientation == 1


def test_a_png_gives_back_the_pixels_and_a_jpeg_nearly(tmp_path: Path) -> None:
    pixels = photos.photo("coffee")
    save_photo(pixels, tmp_path / "a.png", file_format="png", exif=Image.Exif())
    save_photo(pixels, tmp_path / "a.jpg", file_format="jpeg", exif=Image.Exif())
    np.testing.assert_array_equal(image.load(tmp_path / "a.png"), pixels)
    difference = image.load(tmp_path / "a.jpg").astype(float) - pixels
    assert np.sqrt(np.mean(difference**2)) < 3.0  # grey levels


def test_a_photo_too_large_for_webp_is_a_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    wide = np.zeros((1, 17_000, 3), np.uint8)
    with pytest.raises(IQAError, match="--format png"):
        save_photo(wide, tmp_path / "a.webp", file_format="webp", exif=Image.Exif())
    assert list(tmp_path.iterdir()) == []
