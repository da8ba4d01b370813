"""The compiler: a workflow document in, a Step Functions state machine and its diagnostics out."""

from millrace.compiler.compilation import Compilation
from millrace.compiler.context import CompileContext
from millrace.compiler.estimate import Estimate
from millrace.compiler.pipeline import compile_document, compile_workflow

__all__ = ["Compilation", "CompileContext", "Estimate", "compile_document", "compile_workflow"]
