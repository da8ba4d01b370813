import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

import jsonatapy
import pytest

from millrace.expressions import Expression, Reference
from millrace.model import Json

NOTHING = "no value at all"
Evaluate: TypeAlias = Callable[[Expression, Mapping[Reference, Json]], Json]


def evaluate_expression(expression: Expression, values: Mapping[Reference, Json]) -> Json:
    names = {reference: f"r{index}" for index, reference in enumerate(expression.references)}
    text = expression.render(lambda reference: f"${names[reference]}")
    bindings = {name: values[reference] for reference, name in names.items() if reference in values}
    result = jsonatapy.compile(text).evaluate_json_or_none(None, bindings)
    return NOTHING if result is None else json.loads(result)


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """Evaluate with a variable for each reference; "no value at all" stands for JSONata's undefined."""
    return evaluate_expression
