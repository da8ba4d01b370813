"""The transform node: one expression over one value."""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import LAMBDA_INVOKE, Lowering, Task
from millrace.catalogue.node import Category, Function, LowerScope, NodeFailure, NodeType, RunContext
from millrace.expressions import Expression, Reference, ReferenceKind, as_expression, jsonata
from millrace.model import Code, Json


class TransformConfig(NodeConfig):
    """The transform node's data."""

    language: Annotated[
        Literal["jsonata", "jmespath"],
        Field(description="JSONata knows the value as `input`, beside the run's names; JMESPath applies to the value."),
    ] = "jsonata"
    input: Annotated[Value, Field(description="The value to transform; the default is the node's input.")] = None
    expression: Annotated[
        str,
        Field(
            min_length=1,
            description="The expression, without `${ … }`.",
            json_schema_extra={"format": "expression-text"},
            examples=["input.items[price > 10].name", "items[?price > `10`].name"],
        ),
    ]


class Transform(NodeType[TransformConfig]):
    """Applies an expression; JSONata becomes part of the state machine, JMESPath runs in a function."""

    name = "transform"
    title = "Transform"
    summary = "Reshapes a value with JSONata or JMESPath."
    category = Category.DATA
    icon = "shuffle"
    Config = TransformConfig
    function = Function.STEPS
    expected_seconds = 0.05
    output: ClassVar = {"description": "What the expression gives; null when it gives nothing."}
    examples = (
        {"expression": "input.orders[total > 100].id"},
        {"language": "jmespath", "expression": "orders[?total > `100`].id", "input": "${fetch.output}"},
    )

    def lower(self, config: TransformConfig, scope: LowerScope) -> Lowering:
        """Give the expression's value, or a call of the function for JMESPath."""
        given = "input" in config.model_fields_set
        if config.language == "jsonata":
            expression = scope.expression(config.expression, "expression", of="input")
            return lowering.Value(
                _with_input(expression, as_expression(scope.template(config.input, "input"))) if given else expression
            )
        problem = jmespath_problem(config.expression)
        if problem is not None:
            message, column = problem
            remedy = "Mend the JMESPath expression; https://jmespath.org has a tutorial."
            scope.report(Code.SYNTAX_ERROR, "expression", message, remedy, column=column)
        return Task(
            resource=LAMBDA_INVOKE,
            arguments={
                "type": self.name,
                "node": scope.node,
                "config": {
                    "language": config.language,
                    "expression": config.expression,
                    "input": scope.template(config.input, "input") if given else scope.input,
                },
            },
            result=".Payload.output",
            function=self.function,
            expected_seconds=self.expected_seconds,
        )

    def run(self, config: TransformConfig, context: RunContext) -> Json:
        """Apply JMESPath."""
        import jmespath
        from jmespath.exceptions import JMESPathError

        del context
        try:
            return jmespath.search(config.expression, config.input)
        except JMESPathError as error:
            raise NodeFailure("Transform.Error", f"The JMESPath expression failed: {error}") from None
        except RecursionError:
            raise NodeFailure("Transform.Error", "The JMESPath expression or its value is nested too deeply") from None


def jmespath_problem(text: str) -> tuple[str, int | None] | None:
    """Say what is wrong with the syntax of a JMESPath expression, and at which column, counted from 1."""
    import jmespath
    from jmespath.exceptions import IncompleteExpressionError, JMESPathError, LexerError, ParseError

    try:
        jmespath.compile(text)
    except IncompleteExpressionError:
        return "expected more of the JMESPath expression, found its end", len(text) + 1
    except LexerError as error:
        return f"expected JMESPath, found {error.lexer_value!r} ({error.message})", error.lexer_position + 1
    except ParseError as error:
        return f"expected JMESPath, found {error.token_value!r}", error.lex_position + 1
    except JMESPathError as error:
        return f"expected JMESPath, found something else ({str(error).splitlines()[0]})", None
    except RecursionError:
        return "the JMESPath expression is nested too deeply", None
    return None


def _with_input(body: Expression, value: Expression) -> Expression:
    """Let the name `input` of an expression mean another value, which is computed once."""
    if len(value.parts) == 1 and isinstance(value.parts[0], Reference):
        return replace(body, parts=tuple(_replaced(body, value.parts[0])))
    name = "input"
    while name in body.locals or name in value.locals:
        name += "_"
    parts = tuple(_replaced(body, f"${name}"))
    inner = replace(body, parts=parts, locals=body.locals | {name})
    return jsonata(
        f"(${name} := ",
        value,
        "; ",
        inner,
        ")",
        type=body.type,
        optional=body.optional,
        fallible=body.fallible or value.fallible,
        atomic=True,
    )


def _replaced(body: Expression, by: str | Reference) -> list[str | Reference]:
    return [by if isinstance(part, Reference) and part.kind is ReferenceKind.INPUT else part for part in body.walk()]
