"""Random workflow documents, all of them sound, in which everything that the language knows comes up."""

from .maker import random_document
from .mix import Mix
from .ports import observed

__all__ = ["Mix", "observed", "random_document"]
