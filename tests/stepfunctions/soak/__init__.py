"""Executions under repeated SIGKILL: `python -m tests.stepfunctions.soak`."""
