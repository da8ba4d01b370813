"""All node types, found by looking through the package's modules."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Any, Final, cast

import millrace.catalogue as package
from millrace.catalogue.node import Category, NodeType

_CATEGORIES: Final = tuple(Category)


@cache
def node_types() -> Mapping[str, NodeType[Any]]:
    """Give every node type by its name, in the order of the palette: by category, then by title.

    Raises:
        ValueError: Two types have the same name.
    """
    found: dict[str, NodeType[Any]] = {}
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        for kind in _defined_in(import_module(module.name)):
            if kind.name in found:
                other = type(found[kind.name]).__module__
                raise ValueError(f"expected one node type {kind.name!r}, found it in {other} and in {module.name}")
            found[kind.name] = kind()
    ordered = sorted(found.values(), key=lambda kind: (_CATEGORIES.index(kind.category), kind.title, kind.name))
    return MappingProxyType({kind.name: kind for kind in ordered})


def _defined_in(module: ModuleType) -> Iterator[type[NodeType[Any]]]:
    for value in vars(module).values():
        # The contract itself, and bases that types share, have no name.
        if isinstance(value, type) and issubclass(value, NodeType) and "name" in value.__dict__:
            kind = cast("type[NodeType[Any]]", value)
            if kind.__module__ == module.__name__:
                yield kind
