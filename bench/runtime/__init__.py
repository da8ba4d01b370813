"""Measures the whole service, as `millrace up` starts it: `python -m bench runtime`."""
