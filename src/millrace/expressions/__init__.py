"""The expression language: JSONata 2.0.6 in which the values of a run have names.

Any string of a node's config may hold `${...}`; see `parse_template`. At the head of a path these names are known:
`<node>.output`, `<node>.error`, `<loop>.item`, `<loop>.index`, `input`, `inputs`, `inputs.<name>`, `trigger`,
`vars.<name>`, `run.id`, `run.startedAt`, `workflow.id` and `workflow.version`. Node ids are written as they are, with
hyphens, or in backquotes; an exact id wins over a subtraction, and `<node>.output` over every other reading.

Inside a predicate, behind a dot, and in the brackets of groupings, orders and transforms, other names are fields of the
value at hand. The names above keep their meaning there too, with the member that they need: `input` and `trigger`
always, `inputs`, `vars`, `run`, `workflow` and node ids before their members. A field that is called like one of them
is written `$.input`, or in backquotes.
"""

from millrace.expressions.building import (
    as_expression,
    bracketed,
    call,
    interpolate,
    jsonata,
    literal,
    operand,
    or_null,
    reference,
)
from millrace.expressions.comparison import UNARY, Comparison, compare
from millrace.expressions.conversion import ComparedAs, Misfit
from millrace.expressions.expression import Expression, Reference, ReferenceKind, Template
from millrace.expressions.functions import FUNCTIONS
from millrace.expressions.names import NameScope
from millrace.expressions.parsing import is_template, parse_expression, parse_template
from millrace.expressions.problem import Problem
from millrace.expressions.tree import is_literal, parse_tree, walk_template

__all__ = [
    "FUNCTIONS",
    "UNARY",
    "ComparedAs",
    "Comparison",
    "Expression",
    "Misfit",
    "NameScope",
    "Problem",
    "Reference",
    "ReferenceKind",
    "Template",
    "as_expression",
    "bracketed",
    "call",
    "compare",
    "interpolate",
    "is_literal",
    "is_template",
    "jsonata",
    "literal",
    "operand",
    "or_null",
    "parse_expression",
    "parse_template",
    "parse_tree",
    "reference",
    "walk_template",
]
