"""One recipe per file: how one model is made, and what came of it."""
