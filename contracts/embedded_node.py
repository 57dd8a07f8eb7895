"""Runs the embedded development chain as a process of its own.

``python -m contracts.embedded_node --path var/chain --port 0 --portfile var/chain.port
--fund 0x…`` opens the chain (or begins it) and serves JSON-RPC on the loopback address. A second
process on the same path is refused with exit code 3. Killed at any instant, it has every
transaction that it ever acknowledged.
"""

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.core.clock import SystemClock
from contracts.embedded_chain import ChainInUse, EmbeddedChain, ForeignChain
from contracts.rpc_methods import CLIENT_VERSION, RpcMethods
from contracts.rpc_server import RpcServer

EXIT_FOREIGN = 2
EXIT_IN_USE = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; 0 when asked to stop, 2 for another chain's files, 3 when in use."""
    options = _parse(arguments)
    try:
        chain = EmbeddedChain(options.path, SystemClock(), options.fund)
    except ForeignChain as refusal:
        sys.stderr.write(f"embedded chain: {refusal}\n")
        return EXIT_FOREIGN
    except ChainInUse as refusal:
        sys.stderr.write(f"embedded chain: {refusal}\n")
        return EXIT_IN_USE
    with contextlib.closing(chain):
        _serve(chain, options.port, options.portfile)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The embedded development chain.")
    parser.add_argument("--path", type=Path, required=True, help="directory of the chain's files")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--portfile", type=Path, help="written once the port is open")
    parser.add_argument("--fund", action="append", default=[], help="address, may be repeated")
    return parser.parse_args(arguments)


def _serve(chain: EmbeddedChain, port: int, portfile: Path | None) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with RpcServer(port, RpcMethods(chain)) as server, _announced(portfile, server.server_port):
        address = f"http://127.0.0.1:{server.server_port}"
        said = {"event": "serves", "level": "info", "client": CLIENT_VERSION, "address": address}
        sys.stdout.write(f"{json.dumps(said)}\n")  # as every line of the installation's log
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


@contextlib.contextmanager
def _announced(portfile: Path | None, port: int) -> Iterator[None]:
    if portfile is None:
        yield
        return
    # Renamed into place: a reader sees no half-written number.
    waiting = portfile.with_suffix(".waiting")
    waiting.write_text(f"{port}\n", encoding="ascii")
    waiting.replace(portfile)
    try:
        yield
    finally:
        portfile.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
