"""The errors a person may meet: each says what was asked, what was found, what is accepted, what to do."""

import difflib
from collections.abc import Iterable


class IQAError(Exception):
    """Base of every expected error; its text is a sentence that can be shown as it is."""


class ImageError(IQAError):
    """A source that cannot be turned into pixels.

    Attributes:
        asked: what the caller wanted, e.g. ``load 'a.jpg'``.
        found: what stood there instead.
        accepted: what would have been accepted.
        action: what the person can do now.
    """

    def __init__(self, *, asked: str, found: str, accepted: str, action: str) -> None:
        self.asked, self.found, self.accepted, self.action = asked, found, accepted, action
        super().__init__(f"Could not {asked}: {found}. Accepted: {accepted}. {action}")


class ArgumentError(IQAError, ValueError):
    """An argument outside its documented range."""


class OutputExistsError(IQAError):
    """A file that would have been overwritten."""


class ManifestError(IQAError):
    """A manifest that is missing, malformed, or does not match the files beside it."""


class ModelError(IQAError):
    """A model file that is missing, altered, unreadable, or does not give its probe's numbers."""


class NotPulledError(ModelError):
    """A model of the catalogue that is not on this machine yet; the text holds the command that fetches it."""


class UnknownNameError(IQAError, LookupError):
    """A name that no table holds; the nearest match and the whole list are in the text, nothing is substituted."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"Unknown {what} {name!r}.{hint} Known: {', '.join(names) or 'none'}.")
