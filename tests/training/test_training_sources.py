"""Which photos, from where and on which terms, a manifest says that a model was trained on."""

from pathlib import Path

import pytest

from iqa.errors import IQAError
from tests.toy_recipes import COUNT, clean, settled
from training import masked, recipe, tables
from training.recipe import Settings

ALONE = Settings(epochs=(1,), learning_rate=(0.1,), workers=0, extra={})


def test_photos_are_named_by_source_and_licence_where_their_table_tells_them(photos: Path, tmp_path: Path) -> None:
    folder = clean(photos, tmp_path)
    plain = tables.trained_on(table := tables.read(folder, ALONE, ("photos",)), table)
    assert [(row.name, row.photos, row.license) for row in plain] == [
        ("Clean photos of one's own", COUNT, "that of the photos")
    ]
    rows = [f"{n}.png,{'zoo' if n % 3 else ''},{'CC0' if n % 2 else 'CC BY 4.0'}" for n in range(COUNT)]
    (folder / "labels.csv").write_text("\n".join(["file,source,licence", *rows]) + "\n")
    told = tables.trained_on(table := tables.read(folder, ALONE, ("photos",)), table)
    assert {(row.name, row.license) for row in told} == {
        (name, terms) for name in ("Clean photos of one's own", "zoo") for terms in ("CC0", "CC BY 4.0")
    }
    assert sum(row.photos for row in told) == COUNT


def test_a_run_names_the_sources_of_its_training_side_alone(photos: Path, tmp_path: Path) -> None:
    folder = clean(photos, tmp_path)
    (folder / "labels.csv").write_text("file,licence\n" + "".join(f"{n}.png,CC0\n" for n in range(COUNT)))
    made = recipe.get("degradations")
    split = made.data(folder, settled(made))
    (told,) = split.trained_on
    assert (told.license, told.photos) == ("CC0", COUNT - COUNT // 5)


def test_photos_with_masks_tell_theirs_in_their_own_table(photos: Path, tmp_path: Path) -> None:
    for path in sorted(clean(photos, tmp_path / "dogs").glob("*.png")):
        path.with_name(f"{path.stem}_mask.png").write_bytes(path.read_bytes())
    rows = [f"dogs/{n}.png,scene {n // 2},kennel,CC0" for n in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,group,source,licence", *rows]) + "\n")
    table = masked.read(tmp_path)
    assert table["group"].nunique() == COUNT - 2
    told = {row.name: (row.photos, row.license) for row in tables.trained_on(table, table)}
    assert told == {"kennel": (4, "CC0"), "Photos with masks: dogs": (COUNT - 4, "that of the photos")}
    (tmp_path / "labels.csv").write_text("image,source\ndogs/0.png,kennel\n")
    table = masked.read(tmp_path)
    told = {row.name: row.photos for row in tables.trained_on(table, table)}
    assert told == {"kennel": 1, "Photos with masks: dogs": COUNT - 1}
    (tmp_path / "labels.csv").write_text("image,source\ndogs/0.png,kennel\ndogs/0.png,zoo\n")
    with pytest.raises(IQAError, match=r"dogs/0\.png twice"):
        masked.read(tmp_path)
