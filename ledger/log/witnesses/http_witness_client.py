"""Asks witnesses over HTTP/1.1: bounded in time as a whole and in size, no redirects."""

import http.client
from urllib.parse import urlsplit

from app.core.socket_bounds import SocketBound
from ledger.log.witnesses.ports import WitnessAnswer, WitnessUnreachable

TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 16 * 1024


class HttpWitnessClient:
    """Satisfies `WitnessClient`; one connection a request, for there is one in seconds."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds

    def add_checkpoint(self, url: str, body: bytes) -> WitnessAnswer:
        """The witness's answer; raises `WitnessUnreachable`."""
        parts = urlsplit(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(str(parts.hostname), parts.port, timeout=self._timeout_seconds)
        try:
            with SocketBound(self._timeout_seconds) as bound:
                connection.connect()
                bound.watch(connection.sock)
                return _ask(connection, f"{parts.path}/add-checkpoint", body)
        except TimeoutError as error:
            raise WitnessUnreachable("timed_out") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise WitnessUnreachable(type(error).__name__) from error
        finally:
            connection.close()


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes) -> WitnessAnswer:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    received = answer.read(ANSWER_BYTES_MAX + 1)
    if len(received) > ANSWER_BYTES_MAX:
        raise WitnessUnreachable("answered_too_much")
    return WitnessAnswer(answer.status, received)
