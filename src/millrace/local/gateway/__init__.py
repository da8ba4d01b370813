"""API Gateway and Lambda on one machine: HTTP and WebSocket requests become events for the functions' handlers."""

from millrace.local.gateway.process import GatewayOptions, gateway, run_gateway

__all__ = ["GatewayOptions", "gateway", "run_gateway"]
