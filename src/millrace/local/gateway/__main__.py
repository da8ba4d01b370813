"""The gateway's process, as the runtime starts it: `python -m millrace.local.gateway --port 8700`."""

import argparse
import logging

from millrace.local.gateway.process import GatewayOptions, run_gateway


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="millrace.local.gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stage", default="dev")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    run_gateway(GatewayOptions(options.port, options.stage))


if __name__ == "__main__":
    main()
