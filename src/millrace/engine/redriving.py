"""Redrive: an execution that failed, timed out or was aborted goes on from the states that did not succeed.

What succeeded stays: branches and iterations keep their results. Retries and timeouts are counted anew.

Source: AWS Step Functions Developer Guide, "Restarting state machine executions with redrive".
"""

from millrace.engine import distributed_states, fork_states
from millrace.engine.core import Core
from millrace.engine.frames import ROOT, Phase, Purpose
from millrace.engine.messages import Status, StopMapRun


def keep(core: Core) -> None:
    """Leave of an execution that ended what a redrive goes on with."""
    for frame in core.state.frames.values():
        if frame.map_run is not None:
            core.effects.append(StopMapRun(frame.map_run.arn))
            frame.map_run, frame.failed_run = None, frame.map_run
        frame.task, frame.timer, frame.halted = None, None, True


def redrive(core: Core, timeout: float | None) -> None:
    """Go on with every scope that was halted.

    Args:
        core: The execution, ended.
        timeout: The seconds that it may take from now; None without limit.
    """
    state = core.state
    state.status = Status.RUNNING
    event = core.emit("ExecutionRedriven", state.events, {"redriveCount": core.info.redrives})
    if timeout is not None:
        core.set_timer(ROOT, Purpose.EXECUTION, timeout)
    for frame in [*state.frames.values()]:
        frame.previous, frame.halted = event, False
        frame.retries, frame.attempts, frame.settled = 0, {}, False
        if frame.fork is not None:
            frame.phase = Phase.FORK
            fork_states.go_on(core, frame)
        elif not distributed_states.redrive(core, frame):
            if frame.phase is not Phase.ENTER:
                frame.phase = Phase.ATTEMPT
            state.ready.append(frame.id)
