"""Photo quality: how good, blurred or degraded a photo is, which frame of a burst to keep, and light for dark ones.

Nothing heavy is imported here; import the task you need, e.g. ``from iqa import image, quality``.
"""

__version__ = "0.1.0"
