from millrace.catalogue import Function, Task, node_types

from .nodes import lower


def test_the_decision_chooses_the_way_on() -> None:
    task = lower("approval", message="Publish?").as_a(Task)
    assert task.waits_for_token
    assert (task.function, task.port_member, task.timeout_port) == (Function.PEOPLE, "decision", "timeout")
    assert task.ports == {"approved": "approved", "rejected": "rejected"}


def test_ways_on() -> None:
    assert node_types()["approval"].ports == ("approved", "rejected", "timeout")
