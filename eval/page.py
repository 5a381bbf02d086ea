"""A page of pictures side by side: one HTML file that holds everything, runs nothing and loads nothing."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image

from iqa.damage import Picture
from iqa.resize import reduced

SIDE = 720
"""Most pixels of the longer side of a picture on the page."""
QUALITY = 85

STYLE = """
:root{color-scheme:light dark;--back:#fbfbf9;--front:#1d1f21;--soft:#5b6064;--line:#d9d9d4;--card:#fff}
@media (prefers-color-scheme:dark){
:root{--back:#16181a;--front:#ececea;--soft:#a3a8ac;--line:#34383b;--card:#1f2224}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem clamp(.75rem,3vw,2.5rem);max-width:100rem;background:var(--back);
color:var(--front);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:1.15rem;margin:2.25rem 0 .6rem}
.lead,footer{max-width:52rem}
.soft,footer,dt,.note{color:var(--soft)}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));align-items:start}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
img{display:block;width:100%;height:auto;max-height:44rem;object-fit:contain}
figcaption{padding:.6rem .8rem .7rem}
figcaption strong{display:block}
.note{margin:.15rem 0 0;font-size:.875rem}
dl{display:grid;grid-template-columns:1fr auto;gap:.1rem .75rem;margin:.4rem 0 0;font-size:.875rem}
dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.75rem;font-size:.875rem}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Told to the browser as well: this page loads nothing."""


@dataclass(frozen=True)
class Cell:
    """A picture with what stands under it.

    Attributes:
        title: what it is.
        alt: the same for who does not see it, with the name of the photo.
        picture: RGB uint8 (H, W, 3); shown reduced.
        numbers: (what, value with its unit) each.
        note: a sentence below the title; may be empty.
    """

    title: str
    alt: str
    picture: Picture
    numbers: Sequence[tuple[str, str]]
    note: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures of one scene, next to each other."""

    title: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Page:
    """Everything on the page; texts are plain and escaped when the page is written.

    Attributes:
        title: of the page.
        lead: what is shown, and whose the photos are.
        rows: one per scene.
        missing: what could not be shown, a sentence each.
        notes: below everything, a paragraph each.
    """

    title: str
    lead: str
    rows: Sequence[Row]
    missing: Sequence[str] = ()
    notes: Sequence[str] = ()

    def html(self) -> str:
        """The file's text, lines ended by LF; equal pages are equal texts."""
        lost = "".join(f"<li>{escape(text)}</li>" for text in self.missing)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f'<h1>{escape(self.title)}</h1>\n<p class="lead">{escape(self.lead)}</p>\n'
            + "".join(map(_row, self.rows))
            + (f"<section>\n<h2>Not shown</h2>\n<ul>{lost}</ul>\n</section>\n" if lost else "")
            + "</main>\n<footer>\n"
            + "".join(f"<p>{escape(text)}</p>\n" for text in self.notes)
            + "</footer>\n</body>\n</html>\n"
        )


def _row(row: Row) -> str:
    cells = "".join(map(_cell, row.cells))
    return f'<section>\n<h2>{escape(row.title)}</h2>\n<div class="grid">\n{cells}</div>\n</section>\n'


def _cell(cell: Cell) -> str:
    small = reduced(cell.picture, SIDE)
    height, width = small.shape[:2]
    numbers = "".join(f"<dt>{escape(what)}</dt><dd>{escape(value)}</dd>" for what, value in cell.numbers)
    note = f'<p class="note">{escape(cell.note)}</p>' if cell.note else ""
    return (
        f'<figure>\n<img alt="{escape(cell.alt)}" width="{width}" height="{height}" src="{_data(small)}">\n'
        f"<figcaption><strong>{escape(cell.title)}</strong>{note}<dl>{numbers}</dl></figcaption>\n</figure>\n"
    )


def _data(picture: Picture) -> str:
    """The picture as a data: URI of a JPEG, without any metadata; color at full resolution, as noise is colored."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "jpeg", quality=QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
