"""The Hub's client: opened when it is needed, its errors turned into sentences."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import __version__
from ..catalogue import CACHE_VARIABLE
from ..errors import IQAError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

Progress = Callable[[str], None]
TIMEOUT_S = 20.0
"""Seconds to wait for the first answer of a repository; HF_HUB_DOWNLOAD_TIMEOUT holds for its files."""
_LOG_IN = "log in by `hf auth login`, or set HF_TOKEN"
_TRUE = {"1", "ON", "YES", "TRUE"}


class HubError(IQAError):
    """A model that could not be fetched from the Hub or published there; what was on this machine is as it was."""


def silent(text: str) -> None:
    """Nothing: the progress of a caller who wants none."""


def connect(asked: str) -> "HfApi":
    """The client for $HF_ENDPOINT, by default https://huggingface.co; nothing is sent yet.

    Args:
        asked: what it is for, e.g. ``fetch a model``: the beginning of the error's sentence.

    Raises:
        HubError: HF_HUB_OFFLINE is set, or HF_ENDPOINT is no address.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE:
        raise HubError(f"Could not {asked}: HF_HUB_OFFLINE is set. Unset it to use the network.")
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        accepted = "accepted: an address such as https://huggingface.co"
        raise HubError(f"Could not {asked}: HF_ENDPOINT is {endpoint!r}, {accepted}. Mend or unset it.")
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint or None, library_name="iqa", library_version=__version__)


def require_token(asked: str) -> None:
    """Nothing, when a token is stored or set.

    Raises:
        HubError: there is none.
    """
    from huggingface_hub import get_token

    if get_token() is None:
        raise HubError(f"Could not {asked}: found no token of the Hub. Accepted: one that may write; {_LOG_IN}.")


@contextmanager
def explained(asked: str, endpoint: str) -> Iterator[None]:
    """A block in which the client is used: whatever it raises comes out as one HubError that says what to do.

    Args:
        asked: what was wanted, e.g. ``fetch model.onnx of owner/name at 0123``.
        endpoint: that the client talks to.
    """
    from huggingface_hub import errors

    # ValueError, KeyError and TypeError are what the client raises over an answer that is not the Hub's.
    known = (errors.HTTPError, errors.XetDownloadError, OSError, RuntimeError, ValueError, KeyError, TypeError)  # type: ignore[attr-defined]
    try:
        yield
    except IQAError:
        raise
    except known as error:
        raise HubError(f"Could not {asked}: {_reason(error, endpoint)}") from error


def _reason(error: Exception, endpoint: str) -> str:
    """What was found and what to do, of an error of the client."""
    from huggingface_hub import errors

    no_hub = "does not answer as the Hub does. Check HF_ENDPOINT, proxy and firewall"
    table: list[tuple[type[Exception], str]] = [  # the first that fits
        (errors.OfflineModeIsEnabled, "HF_HUB_OFFLINE is set. Unset it to use the network."),
        (errors.GatedRepoError, f"the repository is gated. Ask for access on {endpoint}, then {_LOG_IN}."),
        (
            errors.RepositoryNotFoundError,
            f"{endpoint} has no such repository, or shows it to its members only. Check the name; {_LOG_IN}.",
        ),
        (errors.RevisionNotFoundError, "the repository has no such revision. Check the commit, or ask the owner."),
        (errors.RemoteEntryNotFoundError, "no such file at that commit. Check the commit, or ask the owner."),
        (errors.FileMetadataError, f"{endpoint} {no_hub}."),
    ]
    for kind, text in table:
        if isinstance(error, kind):
            return text
    if isinstance(error, errors.HfHubHTTPError):
        return _status(error, endpoint)
    if isinstance(error, errors.HTTPError | errors.LocalEntryNotFoundError):  # type: ignore[attr-defined]
        cause = error.__cause__ or error
        return f"the connection to {endpoint} failed ({cause}). Check the network, proxy and HF_ENDPOINT; try again."
    if isinstance(error, OSError):
        return _local(error)
    if str(error).startswith("Invalid metadata"):
        return f"the Hub refused the model card: {' '.join(str(error).split())} Correct the manifest."
    return f"{endpoint} {no_hub} ({_first_line(error)})."


def _local(error: OSError) -> str:
    if error.errno is None:  # the client's own, over a file of another size than was stated
        return f"the transfer broke off: {_first_line(error)} Run the command again."
    return f"this machine could not write: {error.strerror}. Free some space, or set {CACHE_VARIABLE}."


def _status(error: "HfHubHTTPError", endpoint: str) -> str:
    status, said = error.response.status_code, error.server_message or _first_line(error)
    if status in (401, 403):
        return f"{endpoint} refused it ({status}: {said}). Accepted: a token with the permission for it; {_LOG_IN}."
    if status >= 500 or status == 429:
        return f"{endpoint} answered {status} ({said}). Nothing is wrong here: try again later."
    return f"{endpoint} answered {status} ({said}). Check the name and HF_ENDPOINT."


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
