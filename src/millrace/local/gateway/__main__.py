"""The gateway's process, as the runtime starts it: `python -m millrace.local.gateway --port 8700 --prepare`."""

import argparse
import logging
from functools import partial

from millrace.local.gateway.process import HOST, GatewayOptions, run_gateway


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="millrace.local.gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--prepare", action="store_true", help="create the table, the bucket and the samples")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    address = f"http://{HOST}:{options.port}"
    run_gateway(GatewayOptions(options.port, options.stage, partial(_prepare, address) if options.prepare else None))


def _prepare(address: str) -> None:
    from millrace.local.gateway.settings import GatewaySettings
    from millrace.local.runtime.preparation import prepare

    settings = GatewaySettings()
    prepare(settings.table, settings.bucket, settings.user, address)


if __name__ == "__main__":
    main()
