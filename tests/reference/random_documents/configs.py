"""Random configs, by node type."""

from collections.abc import Callable
from typing import Any, Final

from .places import Site
from .values import Draw


def config(kind: str, draw: Draw, site: Site) -> dict[str, Any]:
    """Give a config for a node of a kind, and note on the node what it will be like."""
    return _CONFIGS[kind](draw, site)


def _set(draw: Draw, site: Site) -> dict[str, Any]:
    failing = draw.failing(site)
    fields = {"v": draw.value(site) if failing is None else failing}
    if draw.chance(0.3):
        fields["w"] = draw.value(site)
    data: dict[str, Any] = {"fields": fields}
    if draw.chance(0.15):
        data["include"] = "input"
        site.node.size += 30
    return data


def _echo(draw: Draw, site: Site) -> dict[str, Any]:
    failing = draw.failing(site)
    return {"value": {"v": draw.value(site)} if failing is None else failing}


def _transform(draw: Draw, site: Site) -> dict[str, Any]:
    failing = draw.failing(site)
    if failing is not None and draw.chance(0.5):
        return {"expression": "$error('boom')"}
    expression = draw.pick(("input.v", "input", "[input.v]", "{'v': input.v, 'n': inputs.n}", "$string(inputs.n)"))
    data: dict[str, Any] = {"expression": expression}
    if failing is not None or draw.chance(0.4):
        data["input"] = failing or {"v": f"${{{draw.operand(site)}}}"}
    else:
        site.node.size += 30
    return data


def _jmespath(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.type = "transform"
    data: dict[str, Any] = {"language": "jmespath", "expression": draw.pick(("echo", "list"))}
    if draw.chance(0.5):
        return data | {"input": draw.value(site)}
    site.node.size += 35
    return data


def _note(draw: Draw, site: Site) -> dict[str, Any]:
    return {"text": "Later."}


def _condition(draw: Draw, site: Site) -> Any:
    operand = draw.operand(site)
    if draw.chance(0.15):
        return draw.pick((True, False))
    if draw.chance(0.25):
        rule = {"left": f"${{{operand}}}", "operator": draw.pick(("equals", "greater", "less")), "right": 1}
        return rule if draw.chance(0.6) else {draw.pick(("all", "any")): [rule, "${inputs.flag}"]}
    if draw.chance(0.4):
        return draw.pick(("${inputs.flag}", "${inputs.n > 1}", "${inputs.s = 'a'}", "${inputs.n}"))
    return f"${{$type({operand}) = 'number' ? {operand} > 1 : {operand} = 'a'}}"


def _conditional(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    if draw.chance(draw.mix.failing * 0.5):
        site.node.caught = True
        return {"condition": "${inputs.n > 1 ? $error('undecided') : true}"}
    return {"condition": _condition(draw, site)}


def _switch(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    values = draw.random.sample((0, 1, 2, "a", "b", ""), draw.random.randrange(1, 4))
    return {
        "value": draw.pick(("${inputs.n}", "${inputs.s}", f"${{{draw.untyped(site)}}}")),
        "cases": [{"equals": value, "handle": f"case {index}"} for index, value in enumerate(values)],
    }


def _merge(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30 * max(1, len(site.node.before))
    return {"mode": draw.pick(("object", "array", "first"))} if draw.chance(0.8) else {}


def _variable(draw: Draw, site: Site) -> dict[str, Any]:
    name = draw.variable_name(site)
    if not site.may_write(name):
        site.node.type = "set"
        return _set(draw, site)
    site.node.size = 30
    failing = draw.failing(site)
    value = draw.value(site) if failing is None else failing
    # Noted after the value: the value may read the variable as it was.
    site.note_write(name)
    match draw.pick(("set", "set", "append", "increment")):
        case "increment" if failing is None:
            return {"operation": "increment", "name": name} | ({"value": 2} if draw.chance(0.5) else {})
        case "append":
            return {"operation": "append", "name": name, "value": value}
        case _:
            return {"name": name, "value": value}


def _wait(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    site.node.caught = True
    if draw.chance(draw.mix.failing):
        return {"seconds": "${inputs.n > 1 ? $error('late') : 1}"}
    site.node.caught = False
    return {"seconds": draw.pick((0, 1, 30, "${inputs.n + 1}"))}


def _source(draw: Draw, site: Site) -> str:
    if draw.chance(draw.mix.failing * 2):
        site.node.caught = True
        return draw.pick(("fail", "plain", "odd", "odd"))
    return draw.pick(("echo", "echo", "echo", "list", "none"))


def _code(draw: Draw, site: Site) -> dict[str, Any]:
    failing = draw.failing(site)
    data = {"source": _source(draw, site), "inputs": {"v": draw.value(site) if failing is None else failing}}
    site.node.size += 5
    if site.place.owner is None and not site.node.caught and draw.chance(0.15):
        data["source"] = "flaky"
        data["retry"] = {"maxAttempts": draw.pick((2, 3, 4))}
        site.node.caught = True
    return data


def _http(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size += 35
    return {"url": f"https://example.com/{_source(draw, site)}", "method": "POST", "body": draw.value(site)}


def _filter(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size += 35
    items = draw.pick(("${inputs.rows}", "${inputs.list}", [{"v": 1}, {"v": 3}, 5], draw.list(site)))
    if draw.chance(0.5):
        right = draw.pick(("${inputs.n}", f"${{{draw.untyped(site)}}}"))
        return {"items": items, "condition": {"left": "v", "operator": "greater", "right": right}}
    expression = draw.pick(("v = 1 or k > inputs.n", f"v = {draw.untyped(site)}"))
    return {"items": "${inputs.rows}", "expression": expression}


def _sort(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size += 35
    by = draw.pick((["v"], [{"field": "v", "order": "desc"}, "k"]))
    return {"items": draw.pick(("${inputs.rows}", [{"v": 2}, {"v": 1}, {"k": 0}])), "by": by}


def _limit(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size += 35
    items = draw.pick(("${inputs.list}", [1, 2, 3], [[1], [2]], draw.list(site)))
    data: dict[str, Any] = {"items": items, "count": draw.pick((0, 1, 2, "${inputs.n}"))}
    if draw.chance(0.4):
        data |= {"from": "end", "offset": draw.pick((0, 1))}
    return data


def _approval(draw: Draw, site: Site) -> dict[str, Any]:
    answers = ["approved", "rejected", "timeout"] + (["gone"] if draw.chance(draw.mix.failing * 2) else [])
    answer = draw.pick(answers)
    site.node.caught = answer == "gone"
    return {"message": draw.pick((answer, f"{answer} ${{inputs.s}}"))}


def _user_input(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size += 35
    return {"message": draw.pick(("submitted", "timeout")), "schema": {"v": {"type": "number"}}}


def _subworkflow(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.caught = draw.chance(draw.mix.failing * 2)
    return {"workflowId": "fail" if site.node.caught else "other", "inputs": {"v": draw.value(site)}}


def _output(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    if draw.chance(0.3):
        return {}
    failing = draw.failing(site)
    return {"name": f"result of {site.node.id}", "value": draw.value(site) if failing is None else failing}


def _respond(draw: Draw, site: Site) -> dict[str, Any]:
    return {"body": draw.value(site)}


def _input(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    return {}


def _stop(draw: Draw, site: Site) -> dict[str, Any]:
    site.node.size = 30
    return {"error": "Test.Stopped", "cause": draw.pick(("Enough.", f"at ${{{draw.scalar(site)}}}", ""))}


_CONFIGS: Final[dict[str, Callable[[Draw, Site], dict[str, Any]]]] = {
    "approval": _approval,
    "code": _code,
    "conditional": _conditional,
    "echo": _echo,
    "filter": _filter,
    "http": _http,
    "input": _input,
    "jmespath": _jmespath,
    "limit": _limit,
    "merge": _merge,
    "note": _note,
    "output": _output,
    "respond": _respond,
    "set": _set,
    "sort": _sort,
    "stop": _stop,
    "subworkflow": _subworkflow,
    "switch": _switch,
    "transform": _transform,
    "user-input": _user_input,
    "variable": _variable,
    "wait": _wait,
}
