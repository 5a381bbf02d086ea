"""A whole card in the burst tab: group by group the best frame with its runners-up, and what is wrong with them."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2

from iqa import image
from iqa.cull import TOO_CLOSE, Choice, Ranked, Selection
from iqa.image import ImageInfo
from iqa.look import READ_SIDE
from iqa.ranking import CARD_COLUMNS, card_records
from iqa.resize import reduced
from iqa.table import csv_file

from . import faults, show
from .downloads import new_file
from .pictures import Pixels
from .upload import LIMITS, Photo, named, pixels

MOST = 500
"""Photos of an upload; the command line has no such limit."""
SHOWN = 6
"""Photos of a group that are drawn; the others stand in the lists."""
BEST_SIDE = 560
JPEG_QUALITY = 82


class Upload:
    """An uploaded photo as `iqa.cull` reads it; remembers its smallest copy, about 80 kB."""

    def __init__(self, photo: Photo) -> None:
        self._photo = photo
        self.small: Pixels | None = None

    @property
    def name(self) -> str:
        """The visitor's name for it."""
        return self._photo.name

    def info(self) -> ImageInfo:
        """What the header tells. Raises ImageError."""
        return image.info(named(self._photo), LIMITS)

    def pixels(self, max_side: int) -> Pixels:
        """RGB uint8 (H, W, 3). Raises ImageError."""
        found = pixels(self._photo, max_side=max_side)
        if max_side <= READ_SIDE:
            self.small = found
        return found


class Album:
    """The groups as HTML, each drawn while its frames are in memory."""

    def __init__(self, photos: Sequence[Upload]) -> None:
        self._photos = photos
        self._groups: list[str] = []
        self._alone: list[str] = []

    def add(self, ranked: Ranked, frames: Sequence[Pixels]) -> None:
        """Draws a group, or a photo alone, which comes without frames."""
        if ranked.found is None:
            (choice,) = ranked.choices
            small = self._photos[choice.index].small
            self._alone += [] if small is None else [figure(small, choice)]
            return
        drawn = runners_up(ranked.choices, frames)
        best = figure(reduced(frames[0], BEST_SIDE), ranked.choices[0], kind="iqa-first")
        more = len(ranked.choices) - SHOWN
        rest = f'<p class="iqa-note">and {more} more, in the lists</p>' if more > 0 else ""
        tone = "fair" if ranked.too_close else "good"
        self._groups.append(
            f'<section class="iqa-group iqa-{tone}"><h4>Group {ranked.number} · {len(ranked.choices)} photos'
            f"{_when(ranked)}</h4><p>{escape(ranked.sentence)}</p>"
            f'<div class="iqa-shots">{best}{drawn}</div>{rest}</section>'
        )

    def html(self, found: Selection) -> str:
        """The whole page part: groups, what stands alone, what the marks mean, who made the scores."""
        alone = ""
        if self._alone:
            shots = "".join(self._alone)
            alone = (
                f'<section class="iqa-group"><h4>Photos alone, kept</h4><div class="iqa-few">{shots}</div></section>'
            )
        marks = show.legend("", "", "", *faults.LEGEND) if self._groups else ""
        made = show.made_by(found.model, *found.beside) if found.model is not None else ""
        return f'<div class="iqa-groups">{marks}{"".join(self._groups)}{alone}{made}</div>'


def runners_up(choices: Sequence[Choice], frames: Sequence[Pixels], most: int = SHOWN) -> str:
    """Figures of the frames behind the best one, their faults marked on them.

    Args:
        choices: of a group, best first.
        frames: RGB uint8 (H, W, 3), in the same order.
        most: frames to draw, the best counted.
    """
    best = faults.standard(frames[0])
    figures = []
    for choice, frame in list(zip(choices, frames, strict=True))[1:most]:
        note = "" if choice.why.startswith(TOO_CLOSE) else choice.note  # what cannot be told apart has no fault
        picture, said = faults.annotated(frame, note, best)
        figures.append(figure(picture, choice, said=said))
    return "".join(figures)


def figure(picture: Pixels, choice: Choice, *, kind: str = "", said: str = "") -> str:
    """A picture with its rank, score, name and reason; the picture stands in the page itself."""
    done, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not write a JPEG.")
    data = base64.b64encode(coded.tobytes()).decode("ascii")
    height, width = picture.shape[:2]
    place = "" if choice.score is None else f"#{choice.rank} · {choice.score:.2f} · "
    kept = '<b class="iqa-keep">keep</b>' if choice.keep else ""
    lines = () if choice.score is None else filter(None, (choice.why, said))
    why = "".join(f"<small>{escape(line)}</small>" for line in lines)
    classes = " ".join(filter(None, ["iqa-shot", kind, "iqa-kept" if choice.keep else ""]))
    return (
        f'<figure class="{classes}"><img src="data:image/jpeg;base64,{data}" alt="{escape(choice.name)}" '
        f'width="{width}" height="{height}" decoding="async">{kept}'
        f"<figcaption>{place}<span>{escape(choice.name)}</span>{why}</figcaption></figure>"
    )


def _when(ranked: Ranked) -> str:
    """When the group was taken, from its first to its last photo; empty when that is unknown."""
    times = [choice.captured for choice in ranked.choices if choice.captured is not None]
    if not times:
        return ""
    first, last = min(times), max(times)
    same = f"{first:%H:%M:%S}" == f"{last:%H:%M:%S}"
    return f" · {first:%Y-%m-%d %H:%M:%S}" + ("" if same else f" to {last:%H:%M:%S}")


def export(found: Selection) -> str:
    """Path of the choice as a CSV file: a row per photo, none left out."""
    path = new_file("card_ranking.csv")
    with csv_file(CARD_COLUMNS, path, overwrite=False) as write:
        for row in card_records(found):
            write(row)
    return str(path)


def keep_list(names: Sequence[str]) -> str:
    """Path of the names to keep as a text file, one per line."""
    path: Path = new_file("keep.txt")
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)
