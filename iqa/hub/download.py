"""One commit of one repository: its files, each fetched with a limit and compared with its hash."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .client import TIMEOUT_S, HubError, Progress, connect, explained

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_RESTARTS = 2
"""How often, in sizes of the file, a transfer that breaks off may begin again before it is given up."""


class Source:
    """A repository at a commit, and the client to fetch from it.

    Attributes:
        name: of the model, for messages.
        place: repository, commit and address, for messages.
        progress: called with a line of text.
    """

    def __init__(self, name: str, repository: str, commit: str, progress: Progress) -> None:
        """Hold the address; nothing is sent yet.

        Raises:
            HubError: HF_HUB_OFFLINE is set, or HF_ENDPOINT is no address.
        """
        self.name, self.progress = name, progress
        self._repository, self._commit = repository, commit
        self._api: HfApi = connect(f"fetch {name} from {repository}")
        self.place = f"{repository} at {commit[:12]} ({self._api.endpoint})"

    @cached_property
    def sizes(self) -> dict[str, int | None]:
        """File name -> bytes, as the Hub states them, of every file at the commit.

        Raises:
            HubError: it cannot be asked, or answers with another commit.
        """
        asked = f"fetch {self.name} from {self.place}"
        with explained(asked, self._api.endpoint):
            info = self._api.model_info(self._repository, revision=self._commit, files_metadata=True, timeout=TIMEOUT_S)
            sizes = {file.rfilename: file.size for file in info.siblings or []}
        if info.sha != self._commit:
            raise HubError(f"Could not {asked}: found commit {info.sha}. Check HF_ENDPOINT, or ask the owner.")
        return sizes

    def get(self, file: str, sha256: str, limit: int, folder: Path, declared: str) -> None:
        """Nothing; the folder then holds that file, with that hash.

        Args:
            file: a plain name, or one inside folders that the caller knows; those come into being.
            sha256: that its bytes must have.
            limit: bytes at most; the transfer stops there, whatever the Hub has stated.
            folder: where it goes; beside it temporary folders come into being.
            declared: who says so, for the message.

        Raises:
            HubError: no such file, too large, broken off, or with another hash; nothing of it is left in ``folder``.
        """
        asked = f"fetch {file} of {self.name} from {self.place}"
        if file not in self.sizes:
            raise HubError(f"Could not {asked}: no such file among {sorted(self.sizes)[:20]}. Ask its owner.")
        stated = self.sizes[file]
        if stated is not None and stated > limit:
            raise HubError(f"Could not {asked}: stated with {stated:,} bytes; accepted: at most {limit:,}.")
        downloads = folder.parent / "downloads"
        with explained(asked, self._api.endpoint):
            path = self._api.hf_hub_download(
                self._repository,
                file,
                revision=self._commit,
                local_dir=downloads,
                cache_dir=folder.parent / "nothing",  # never a copy that somebody else has fetched
                tqdm_class=_counter(asked, limit, lambda done: self._tell(file, done, limit)),
            )
            with Path(path).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != sha256:
            action = "Nothing was kept. Try again; if that does not help, ask its owner"
            raise HubError(f"Could not {asked}: found sha256 {found}; {declared} {sha256}. {action}.")
        with explained(asked, self._api.endpoint):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            Path(path).rename(folder / file)

    def _tell(self, file: str, done: int, limit: int) -> None:
        self.progress(f"{self.name}: {file}, {done / 1e6:.1f} of at most {limit / 1e6:.1f} MB")


def _counter(asked: str, limit: int, tell: Callable[[int], None]) -> type[Any]:
    """The class of a progress bar that draws nothing, tells the bytes so far, and stops what goes too far."""
    from huggingface_hub.utils.tqdm import tqdm

    class Counter(tqdm):
        def __init__(self, *args: Any, **settings: Any) -> None:
            self.present = self.received = 0
            super().__init__(*args, **{**settings, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            step = int(n or 0)
            self.present += step
            self.received += max(step, 0)
            if self.present > limit:
                raise HubError(f"Could not {asked}: found more than {limit:,} bytes; accepted: at most that.")
            if self.received > _RESTARTS * limit:
                raise HubError(f"Could not {asked}: the transfer broke off again and again. Try again later.")
            tell(self.present)
            return None

    return Counter
