"""Checking the structure of a document: types, configs, edges, containers."""

from millrace.compiler.check.report import suggestion
from millrace.compiler.check.structure import check

__all__ = ["check", "suggestion"]
