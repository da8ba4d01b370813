"""A direct evaluator of workflow documents: what a run must give, found without compiling anything."""

from .evaluator import Evaluation, evaluate
from .failure import ANY, Failure
from .world import World

__all__ = ["ANY", "Evaluation", "Failure", "World", "evaluate"]
