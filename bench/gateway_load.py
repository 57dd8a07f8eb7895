"""A small raw-socket load generator, run as its own process: closed loop and open loop.

``python -m bench.gateway_load <port> <connections> <seconds> <rate or 0>`` reads one request per
line (base64) from standard input and prints a JSON object. Rate 0 is a closed loop; otherwise
requests start at their intended times and latency counts from those.
"""

import base64
import json
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Connection:
    """One kept-alive connection and what it waits for."""

    sock: socket.socket
    request: bytes
    buffer: bytes = b""
    intended_at: float | None = None


@dataclass
class Result:
    """What came back."""

    answers: int = 0
    others: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    """From the first request to the last answer."""


def _open(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    return sock


def _whole(buffer: bytes) -> bool:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = buffer[:end].lower()
    at = head.find(b"content-length:")
    stop = head.find(b"\r\n", at)
    length = int(head[at + 15 : stop if stop > 0 else None])
    return len(buffer) >= end + 4 + length


def run(port: int, requests: list[bytes], seconds: float, rate: float) -> Result:
    """Drive every connection until the time is over; what is in flight then is waited for."""
    result, selector = Result(), selectors.DefaultSelector()
    idle: deque[Connection] = deque()
    for request in requests:
        connection = Connection(_open(port), request)
        selector.register(connection.sock, selectors.EVENT_READ, connection)
        idle.append(connection)
    started = time.perf_counter()
    deadline, due, in_flight = started + seconds, started, 0
    while True:
        now = time.perf_counter()
        while idle and now < deadline and (not rate or due <= now):
            connection = idle.popleft()
            connection.intended_at = due if rate else now
            due += 1 / rate if rate else 0
            connection.sock.send(connection.request)
            in_flight += 1
        if now >= deadline and not in_flight:
            result.seconds = now - started
            return result
        pause = 1.0 if not rate or not idle or now >= deadline else max(0.0, due - now)
        for key, _ in selector.select(pause):
            in_flight -= _receive(key.data, result, idle)


def _receive(connection: Connection, result: Result, idle: deque[Connection]) -> int:
    connection.buffer += connection.sock.recv(65536)
    if not _whole(connection.buffer):
        return 0
    is_answer = connection.buffer.startswith(b"HTTP/1.1 200")
    result.answers += is_answer
    result.others += not is_answer
    assert connection.intended_at is not None
    result.latencies.append(time.perf_counter() - connection.intended_at)
    connection.buffer = b""
    idle.append(connection)
    return 1


def main() -> None:
    """Read the requests, run, print."""
    port, connections, seconds, rate = (float(text) for text in sys.argv[1:5])
    given = [base64.b64decode(line) for line in sys.stdin.read().split()]
    requests = [given[at % len(given)] for at in range(int(connections))]
    result = run(int(port), requests, seconds, rate)
    latencies = sorted(result.latencies) or [0.0]
    figures = {
        "answers": result.answers,
        "others": result.others,
        # Not by the time asked for: a slow server would be given what it answers after it.
        "rps": result.answers / result.seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
