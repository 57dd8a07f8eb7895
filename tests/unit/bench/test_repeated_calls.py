"""A call without a key is sent once, or the exchange would rightly charge for each sending."""

import http.client
import socket
import threading

import pytest

from demo.http import Client

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class OneReplyAConnection:
    """Answers the first request of a connection, and hangs up on the second when it has it."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._take(connection)
                connection.sendall(REPLY)
                self._take(connection)

    def _take(self, connection):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (part := connection.recv(4096)):
                return
            head += part
        self.requests += 1


@pytest.fixture
def server():
    made = OneReplyAConnection()
    yield made
    made.close()


def test_a_call_without_a_key_is_sent_once(server):
    client = Client(server.url)
    client.send("GET", "/data/S0001-A")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.send("GET", "/data/S0001-A")
    assert server.requests == 2


def test_a_call_with_a_key_and_a_reading_are_sent_again(server):
    client = Client(server.url)
    client.send("GET", "/data/S0001-A")
    keyed = {"Idempotency-Key": "a" * 32}
    assert client.send("GET", "/data/S0001-A", headers=keyed).status == 200
    assert server.requests == 3
    assert client.send("GET", "/v1/listings").status == 200
    assert server.requests == 5
