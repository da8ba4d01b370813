"""Millrace: draw a workflow, compile it to AWS Step Functions, run it anywhere."""
