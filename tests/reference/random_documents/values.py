"""Random values of fields: literals, texts and expressions that read what is before."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from .mix import Mix
from .places import Site

_SCALARS: Final = (0, 1, 2, 3, "a", "b", "", True, False, None, 1.5)


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws values for a node."""

    random: Random
    mix: Mix

    def chance(self, part: float) -> bool:
        """Whether something comes up that does so in this part of all cases."""
        return self.random.random() < part

    def pick(self, choices: Sequence[Any]) -> Any:
        """Give one of several."""
        return self.random.choice(choices)

    def variable_name(self, site: Site) -> str:
        """Give the name of a variable; those of a loop's items are its own."""
        loop = site.place.loop()
        return self.pick(("x", "total", "in")) + (f"_{loop}" if loop else "")

    def scalars(self, count: int) -> list[Any]:
        """Give values that are no lists or objects."""
        return [self.pick(_SCALARS) for _ in range(count)]

    def operand(self, site: Site) -> str:
        """Give JSONata that reads one value of the run and cannot fail."""
        readable = site.readable()
        forms: list[str] = ["inputs.n", "inputs.s", "inputs.flag", "input.v", "inputs.missing", "run.id", "trigger.v"]
        forms += site.around()
        if readable and self.chance(0.75):
            other = self.pick(readable)
            name = f"`{other.id}`" if self.chance(0.2) else other.id
            forms = [f"{name}.output.v"] * 4 + [f"$exists({name}.output)", f"$type({name}.output)"]
            if other.caught and not other.is_container:
                forms += [f"{name}.error.type", f"$exists({name}.error.type)"]
            if other.is_container:
                forms += [f"$count({name}.output.results)", f"{name}.output.results[0].v"]
            if other.size < 40 and site.node.size < 200:
                site.node.size += other.size
                forms += [f"{name}.output"] * 2
        elif self.chance(0.2):
            name = self.variable_name(site)
            if site.is_written(name) and site.may_read(name):
                site.note_read(name)
                return f"vars.{name}"
        return self.pick(forms)

    def list(self, site: Site) -> str:
        """Give a template for a list node's items that could be a list as far as can be known before the run."""
        readable = [other for other in site.readable() if other.size < 40]
        if not readable:
            return "${inputs.list}"
        other = self.pick(readable)
        site.node.size += other.size
        return f"${{{other.id}.output{self.pick(('', '.v', '.results'))}}}"

    def untyped(self, site: Site) -> str:
        """Give JSONata whose value's type is not known before the run."""
        readable = site.readable()
        return f"{self.pick(readable).id}.output.v" if readable else "input.v"

    def scalar(self, site: Site) -> str:
        """Give JSONata whose text is the same wherever it is evaluated."""
        operand = self.operand(site)
        return f"($type({operand}) in ['number', 'string', 'boolean'] ? {operand} : '-')"

    def expression(self, site: Site) -> str:
        operand = self.operand(site)
        match self.random.randrange(14):
            case 0:
                return f"$type({operand}) = 'number' ? {operand} + 1 : {operand}"
            case 1:
                return f"($a := {operand}; $sum := 1; {{'v': $a, 'one': $sum}})"
            case 2:
                return f"[{operand}, {self.operand(site)}]"
            case 3:
                return f"$map([1, 2], function($in) {{ {{'v': $in, 'w': {operand}}} }})"
            case 4:
                return f"$count({operand})"
            case 5:
                return f"{operand}[0]"
            case 6:
                other = self.operand(site)
                return f"$type({operand}) = 'number' and $type({other}) = 'number' ? {operand} - {other} : 0"
            case 7:
                name = self.pick(("_", "list", "item", "old", "value", "cause", "result"))
                return f"(${name} := {operand}; [${name}, {self.operand(site)}])"
            case _:
                return operand

    def value(self, site: Site) -> Any:
        match self.random.randrange(10):
            case 0:
                return self.pick(_SCALARS)
            case 1:
                return self.pick(([1, 2], [], {}, {"v": 1}, [[1]], "{% 1 %}", "$${inputs.n}", "100%", [None]))
            case 2:
                return f"n={'$'}{{{self.scalar(site)}}}, ${{inputs.s}}"
            case 3:
                return {"v": f"${{{self.expression(site)}}}", "deep": [f"${{{self.operand(site)}}}", 1]}
            case 4:
                return [f"${{{self.operand(site)}}}", "${inputs.list}"]
            case _:
                return f"${{{self.expression(site)}}}"

    def failing(self, site: Site) -> Any:
        """Give a template that fails, or may; None most of the time."""
        if not self.chance(self.mix.failing):
            return None
        site.node.caught = True
        operand = self.operand(site)
        return self.pick(
            (
                "${$error('boom')}",
                "${$number('x')}",
                "text ${$error('boom')}",
                "${inputs.n > 1 ? $error('boom') : 1}",
                f"${{$type({operand}) = 'number' ? $error('a number') : {operand}}}",
                f"${{{operand} + 1}}",
            )
        )
