"""Who made a number: the name, version and weights' hash that stand beside every answer."""

from dataclasses import asdict, dataclass

from .errors import UnknownNameError


@dataclass(frozen=True)
class Estimator:
    """The maker of an answer.

    Attributes:
        name: e.g. ``classical-quality``.
        version: semantic version; a change of any answer changes it.
        sha256: hash of the ONNX file, 64 hex digits; None for a closed-form estimator.
    """

    name: str
    version: str
    sha256: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def as_dict(self) -> dict[str, str | None]:
        """The three fields, as they appear in JSON."""
        return asdict(self)


def require(name: str, known: tuple[str, ...]) -> None:
    """Nothing, or UnknownNameError when no estimator goes by that name."""
    if name not in known:
        raise UnknownNameError("estimator", name, known)
