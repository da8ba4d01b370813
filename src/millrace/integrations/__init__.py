"""What Task states do outside of the engine: functions, AWS's services, HTTP APIs, processes, other executions."""

from millrace.integrations.clients import Clients
from millrace.integrations.endpoint import AwsEndpoint
from millrace.integrations.errors import ApiError
from millrace.integrations.optimised_tasks import Polling
from millrace.integrations.router import Integrations, recognised
from millrace.integrations.states_api import StatesApi

__all__ = [
    "ApiError",
    "AwsEndpoint",
    "Clients",
    "Integrations",
    "Polling",
    "StatesApi",
    "recognised",
]
