"""Memory of the server: what a photo took goes back to the system when its result is sent."""

import ctypes
import sys
import threading

ARENAS = 2
SOON_S = 1.5
"""Until then gradio has written the pictures of a result and let go of them."""
_M_ARENA_MAX = -8
"""Number of that option in glibc's malloc.h."""


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process when it is the GNU one; others have no such options."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if library is not None and hasattr(library, "gnu_get_libc_version") else None


def limit() -> None:
    """Lets all threads share ARENAS heaps: by default each thread keeps one of its own, and what it freed in it."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, ARENAS)


def give_back_soon() -> None:
    """Returns freed memory to the system, SOON_S from now; that takes a few milliseconds."""
    library = _glibc()
    if library is not None:
        timer = threading.Timer(SOON_S, library.malloc_trim, [0])
        timer.daemon = True
        timer.start()
