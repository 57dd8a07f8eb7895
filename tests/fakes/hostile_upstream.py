"""A raw TCP server on 127.0.0.1 that answers as badly as a test wants."""

import contextlib
import socket
import ssl
import threading
import time

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HIT = b'{"iata":"PVG","name":"Pudong"}'


def answer(body=HIT, *, head=OK, length=None):
    """A whole answer with a length, the true one unless told otherwise."""
    return head + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


class HostileUpstream:
    """Hands each request to ``behave(connection)``; an answer that it returns is sent."""

    def __init__(self, behave, *, tls=None):
        self.behave, self._tls = behave, tls
        self.requests = []
        self.connections = 0
        self.over = threading.Event()
        """Set when the test is over: whatever hangs, ends."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self):
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            if isinstance(self._tls, ssl.SSLContext):
                connection = self._tls.wrap_socket(connection, server_side=True)
            while request := self._read(connection):
                self.requests.append(request)
                reply = self.behave(connection)
                if reply is None:
                    return
                connection.sendall(reply)

    @staticmethod
    def _read(connection):
        request = b""
        while b"\r\n\r\n" not in request:
            data = connection.recv(65536)
            if not data:
                return b""
            request += data
        return request

    # What can go wrong, by name.

    def hang(self, _connection):
        self.over.wait(30)

    def hang_after_head(self, connection):
        connection.sendall(OK + b"Content-Length: 100\r\n\r\n{")
        self.over.wait(30)

    def drip(self, connection):
        """A byte now and then, for ever."""
        connection.sendall(OK + b"Content-Length: 60000\r\n\r\n")
        while not self.over.wait(0.01):
            connection.sendall(b" ")

    def drip_head(self, connection):
        while not self.over.wait(0.01):
            connection.sendall(b"H")

    def pour_chunks(self, connection):
        """Ten gigabytes, or until nobody listens any more."""
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        self._pour(connection, b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def pour_without_length(self, connection):
        connection.sendall(OK + b"Connection: close\r\n\r\n")
        self._pour(connection, b"x" * 65536)

    def pour_headers(self, connection):
        connection.sendall(OK)
        self._pour(connection, b"X-More: " + b"x" * 1000 + b"\r\n")

    def pour_interim(self, connection):
        self._pour(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def pour_trailers(self, connection):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        self._pour(connection, b"X-More: " + b"x" * 1000 + b"\r\n")

    def pour_tiny_chunks(self, connection):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        self._pour(connection, b"1\r\nx\r\n" * 10_000)

    def _pour(self, connection, data):
        for _ in range(10 * 2**30 // len(data)):
            if self.over.is_set():
                return
            connection.sendall(data)

    def die_mid_body(self, connection):
        connection.sendall(OK + b"Content-Length: 100\r\n\r\n{")

    def reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def answer_late_twice(self, connection):
        """The answer, and a moment later another one that nobody asked for."""
        connection.sendall(answer())
        time.sleep(0.1)
        return answer(b'{"iata":"XXX","name":"of another buyer"}')
