"""HTTP calls of workflows: public addresses only, bounded in time and size."""

from millrace.http.addresses import AddressPolicy, Resolver, resolve
from millrace.http.body import Body, BodyType, encode_body, pairs_of
from millrace.http.call import LONGEST_WAIT_SECONDS, Call, Clock, perform
from millrace.http.client import Network
from millrace.http.credentials import CredentialResolver, NoCredentials
from millrace.http.errors import HttpError
from millrace.http.pagination import Pagination
from millrace.http.settings import NetworkSettings, network_settings

__all__ = [
    "LONGEST_WAIT_SECONDS",
    "AddressPolicy",
    "Body",
    "BodyType",
    "Call",
    "Clock",
    "CredentialResolver",
    "HttpError",
    "Network",
    "NetworkSettings",
    "NoCredentials",
    "Pagination",
    "Resolver",
    "encode_body",
    "network_settings",
    "pairs_of",
    "perform",
    "resolve",
]
