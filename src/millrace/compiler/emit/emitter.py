"""Pass: write the plan as Amazon States Language.

States are written from the end of a plan to its start, so that each knows what comes next and which values are read
after it. A value is a variable of the scope in which its state stands; a branch hands on, as its output, what is read
behind it (Amazon States Language, "Assign" and "Variable scope").
"""

from millrace.catalogue import Pause, Stop, Task
from millrace.compiler.emission import Block, Emission, Exit
from millrace.compiler.emit.choices import write_choose, write_gate
from millrace.compiler.emit.delegates import write_delegate
from millrace.compiler.emit.forks import write_fork
from millrace.compiler.emit.loops import write_iterate
from millrace.compiler.emit.tasks import write_attempt, write_task
from millrace.compiler.emit.values import write_compute, write_stop, write_wait
from millrace.compiler.emit.whiles import write_cycle
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Delegate, Fork, Gate, Item, Iterate, Plan, used_by
from millrace.model import StateName


class Emitter:
    """Writes plans into blocks."""

    def __init__(self, emission: Emission) -> None:
        self.emission = emission

    def plan(self, plan: Plan, block: Block, exit_: Exit) -> StateName:
        """Write a plan and give the name of its first state."""
        for item in reversed(plan.items):
            name = self._item(item, block, exit_)
            self.emission.live |= used_by(item)
            if name is not None:
                exit_ = Exit(name)
        return exit_.state(block)

    def _item(self, item: Item, block: Block, exit_: Exit) -> StateName | None:
        match item:
            case Compute():
                return write_compute(item, block, exit_)
            case Act(operation=Stop() as operation):
                return write_stop(item, operation, block)
            case Act(operation=Task() as operation):
                return write_task(self, item, operation, block, exit_)
            case Act(operation=Pause() as operation) if not item.bound.caught:
                return write_wait(item, operation, block, exit_)
            case Act():
                return write_attempt(self, item, block, exit_)
            case Choose():
                return write_choose(self, item, block, exit_)
            case Gate():
                return write_gate(self, item, block, exit_)
            case Fork():
                return write_fork(self, item, block, exit_)
            case Iterate():
                return write_iterate(self, item, block, exit_)
            case Cycle():
                return write_cycle(self, item, block, exit_)
            case Delegate():
                return write_delegate(self, item, block, exit_)
