"""Scheduling: any DAG as nested fork-join, Step Functions' only form of concurrency."""

from millrace.compiler.schedule._graph import critical_path
from millrace.compiler.schedule._schedule import schedule
from millrace.compiler.schedule._tree import Leaf, Parallel, Series, Tree, leaves, makespan, parallel_count

__all__ = ["Leaf", "Parallel", "Series", "Tree", "critical_path", "leaves", "makespan", "parallel_count", "schedule"]
