"""Measures the engine as a service, beside MiniStack on the same machine: `python -m bench service`."""
