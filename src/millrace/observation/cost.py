"""What a run has cost so far, by the price table that its map carries.

Free tiers, requests to other services and the wait for a function's start are left out.
"""

import math
from typing import Final

from millrace.observation.activation import Attempt
from millrace.observation.run_map import MappedNode, RunMap
from millrace.observation.run_state import RunState

_EXPRESS_MEMORY_GB: Final = 0.0625
_EXPRESS_STEP_SECONDS: Final = 0.1
"""Express executions are billed in steps of 100 ms and of 64 MB (AWS Step Functions pricing)."""


def transitions_cost(transitions: int, machine: RunMap) -> float:
    """Give the US$ of state transitions; Express executions pay for their duration instead."""
    return 0.0 if machine.express else transitions * machine.prices.transition


def attempt_cost(attempt: Attempt, node: MappedNode, machine: RunMap) -> float:
    """Give the US$ of an attempt: its transitions and its function."""
    cost = transitions_cost(attempt.transitions, machine)
    if node.memory_gb:
        prices = machine.prices
        cost += attempt.calls * prices.lambda_request
        cost += attempt.busy / 1000 * node.memory_gb * prices.lambda_gb_second
    return cost


def run_cost(run: RunState, machine: RunMap) -> float:
    """Give the US$ of a run: its transitions, or its duration, and its functions."""
    cost = transitions_cost(run.transitions, machine)
    if machine.express and run.started is not None:
        seconds = ((run.ended or run.started) - run.started) / 1000
        billed = max(1, math.ceil(seconds / _EXPRESS_STEP_SECONDS)) * _EXPRESS_STEP_SECONDS
        cost += machine.prices.express_request
        cost += billed * _EXPRESS_MEMORY_GB * machine.prices.express_gb_second
    for node, (calls, milliseconds) in run.billed.items():
        prices = machine.prices
        cost += calls * prices.lambda_request
        cost += milliseconds / 1000 * machine.nodes[node].memory_gb * prices.lambda_gb_second
    return round(cost, 12)
