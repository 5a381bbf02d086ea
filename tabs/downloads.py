"""Files made for the visitor: each in a folder of its own below gradio's, which removes them after a while."""

import secrets
from pathlib import Path

from gradio.utils import get_upload_folder


def new_file(name: str) -> Path:
    """Path for a new file that keeps its name; the folder around it cannot be guessed.

    Args:
        name: a bare file name.
    """
    folder = Path(get_upload_folder()) / secrets.token_hex(16)
    folder.mkdir(parents=True, mode=0o700)
    return folder / Path(name).name
