"""The command line: arguments.py says what can be typed, run.py does it, the others say what is answered."""
