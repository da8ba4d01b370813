"""The code node: a function that its author writes."""

import keyword
import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import GRACE_SECONDS, LAMBDA_INVOKE, Lowering, Task
from millrace.catalogue.node import Category, Function, LowerScope, NodeFailure, NodeType, RunContext
from millrace.model import Json

_DEFAULT_SECONDS: Final = 10.0
_MARGIN_SECONDS: Final = 1.0
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# ECMA-262, 12.7.2 "Keywords and Reserved Words", with those of strict mode and of async functions.
_JAVASCRIPT_WORDS: Final = re.compile(
    r"(?:arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends"
    r"|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected"
    r"|public|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|with|yield)\Z"
)


def _variable(name: str) -> str:
    if not _NAME.match(name) or name.startswith("__"):
        raise ValueError(f"expected the name of a variable such as order_total, found {name!r}")
    if name == "inputs" or keyword.iskeyword(name) or _JAVASCRIPT_WORDS.match(name):
        raise ValueError(f"the name {name!r} has a meaning of its own in code; choose another one")
    return name


VariableName = Annotated[str, AfterValidator(_variable)]


class CodeConfig(NodeConfig):
    """The code node's data."""

    language: Annotated[Literal["javascript", "python"], Field(description="The language of the source.")] = (
        "javascript"
    )
    source: Annotated[
        str,
        Field(
            min_length=1,
            description="Body of an async function: `return` gives the output. Each input is a variable, and a member "
            "of `inputs`. The whole text is code; `${…}` in it is the language's own.",
            json_schema_extra={"format": "code"},
            examples=["return order.items.map((item) => item.price * item.count)"],
        ),
    ]
    inputs: Annotated[
        dict[VariableName, Value],
        Field(description="Variables of the source by name.", examples=[{"order": "${fetch.output}"}]),
    ] = Field(default_factory=dict[str, Any])
    memoryMegabytes: Annotated[int, Field(ge=8, le=256, description="Memory that the code may use, in megabytes.")] = 64


class Code(NodeType[CodeConfig]):
    """Runs JavaScript or Python without files, network, environment or credentials."""

    name = "code"
    title = "Code"
    summary = "Runs JavaScript or Python on the values it is given."
    category = Category.CODE
    icon = "code"
    Config = CodeConfig
    function = Function.CODE
    expected_seconds = 0.1
    output: ClassVar = {"description": "What the code returns; null when it returns nothing."}
    examples = (
        {"source": "return order.total > 100 ? 'large' : 'small';", "inputs": {"order": "${fetch.output}"}},
        {"language": "python", "source": "return sorted(names, key=len)", "inputs": {"names": "${input.names}"}},
    )

    def settings(self, config: CodeConfig) -> dict[str, Any]:
        """Add the time limit, which the sandbox itself keeps."""
        own = super().settings(config)
        return own if config.timeoutSeconds is None else own | {"timeoutSeconds": config.timeoutSeconds}

    def lower(self, config: CodeConfig, scope: LowerScope) -> Lowering:
        """Call the function with the source as it is: `${…}` in it is JavaScript's own.

        The node's input is not sent, because code sees its `inputs` only and a state's payload is small.
        """
        settings = self.settings(config)
        source = settings.pop("source")
        arguments = {at: scope.template(value, at) for at, value in settings.items()}
        return Task(
            resource=LAMBDA_INVOKE,
            arguments={
                "type": self.name,
                "node": scope.node,
                "config": {**arguments, "source": source},
            },
            result=".Payload.output",
            function=self.function,
            expected_seconds=self.expected_seconds,
            grace_seconds=GRACE_SECONDS,
        )

    def run(self, config: CodeConfig, context: RunContext) -> Json:
        """Run the code in its sandbox."""
        from millrace.sandbox import Limits, SandboxError, run_javascript, run_python

        seconds = _DEFAULT_SECONDS if config.timeoutSeconds is None else float(config.timeoutSeconds)
        limits = Limits(
            seconds=max(0.1, min(seconds, context.remaining_seconds() - _MARGIN_SECONDS)),
            memory_bytes=config.memoryMegabytes * 1024 * 1024,
        )
        run = run_python if config.language == "python" else run_javascript
        try:
            return run(config.source, config.inputs, limits, context.console)
        except SandboxError as error:
            position = error.position
            details: dict[str, Json] = {} if position is None else {"line": position.line, "column": position.column}
            raise NodeFailure(error.name, str(error), details=details) from None
