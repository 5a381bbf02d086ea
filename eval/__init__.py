"""Measurements: agreement with people, and speed; ``python -m eval.run`` lists them."""
