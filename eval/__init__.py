"""Measurements: agreement with people, and speed; ``python -m eval.run`` lists them."""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that the libraries of linear algebra read when they are loaded: each gets "1"."""
