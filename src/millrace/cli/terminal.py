"""A run on a terminal: which nodes are at work, and questions to whoever sits there."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from millrace.model import Json

if TYPE_CHECKING:
    from rich.live import Live

    from millrace.local.local_run import LocalRun
    from millrace.local.people import Ask, Question
    from millrace.observation import NodeReport, RunReport

_SHOWN_AFTER_SECONDS: Final = 0.3
_REFRESH_SECONDS: Final = 0.1
_LONGEST_LIST: Final = 12


def run_on_terminal(make: "Callable[[Ask | None], LocalRun]", inputs: Mapping[str, Json]) -> "RunReport":
    """Run to the end; show progress and ask people where standard error and input are terminals.

    Args:
        make: Makes the run, given a way to ask people.
        inputs: The run's inputs, checked.
    """
    display = _Display()
    ask = display.ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    return asyncio.run(display.follow(make(ask), inputs))


class _Display:
    """Shows the nodes that are at work while a run goes on."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._is_asking = False

    async def follow(self, run: "LocalRun", inputs: Mapping[str, Json]) -> "RunReport":
        """Run, with the display where there is a terminal for it."""
        if not sys.stderr.isatty():
            return await run.run(inputs)
        refreshing = asyncio.create_task(self._refresh(run))
        try:
            return await run.run(inputs)
        finally:
            refreshing.cancel()
            if self._live is not None:
                self._live.stop()

    def ask(self, question: "Question") -> Json:
        """Ask a person; the display makes room meanwhile."""
        from millrace.cli.asking import ask

        self._is_asking = True
        if self._live is not None:
            self._live.stop()
        try:
            return ask(question)
        finally:
            self._is_asking = False
            if self._live is not None:
                self._live.start()

    async def _refresh(self, run: "LocalRun") -> None:
        await asyncio.sleep(_SHOWN_AFTER_SECONDS)
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), transient=True, auto_refresh=False)
        if not self._is_asking:
            self._live.start()
        while True:
            if not self._is_asking:
                self._live.update(_lines(run.observer.report()), refresh=True)
            await asyncio.sleep(_REFRESH_SECONDS)


def _lines(report: "RunReport") -> str:
    from rich.markup import escape

    from millrace.observation import NodeStatus

    ended = sum(node.status in (NodeStatus.COMPLETED, NodeStatus.SKIPPED) for node in report.nodes.values())
    running = [(name, node) for name, node in report.nodes.items() if node.status is NodeStatus.RUNNING]
    lines = [f"[dim]{ended} of {len(report.nodes)} nodes done[/dim]"]
    lines += [f"[cyan]…[/cyan] {escape(name)}{_iteration(node)}" for name, node in running[:_LONGEST_LIST]]
    if len(running) > _LONGEST_LIST:
        lines.append(f"[dim]and {len(running) - _LONGEST_LIST} more[/dim]")
    return "\n".join(lines)


def _iteration(node: "NodeReport") -> str:
    return f" [dim]({node.iterations} iterations)[/dim]" if node.iterations else ""
