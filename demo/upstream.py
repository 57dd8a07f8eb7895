"""A supplier's HTTP upstream over open data: 28,000 real airports and China's working days.

It stands for a supplier's own system in the demonstration; the data are those of the packages
`airportsdata` and `chinesecalendar`. It also misbehaves on request (`FAULTS`), as real ones do.
"""

import argparse
import hmac
import json
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import airportsdata
import chinese_calendar
from typing_extensions import override

CREDENTIAL_HEADER = "X-Supplier-Key"
FAULT_CODE = "ZZZZ"
"""Asking for this airport makes the upstream fail with 500, to show that a failure is free."""

_AIRPORTS = airportsdata.load("ICAO")
_SHOWN = ("icao", "iata", "name", "city", "country", "elevation", "lat", "lon", "tz")


def find_airport(code: str) -> dict[str, Any] | None:
    """The airport of an ICAO code, with coordinates as decimal strings."""
    found = _AIRPORTS.get(code.upper())
    if found is None:
        return None
    shown = {name: found[name] for name in _SHOWN}  # type: ignore[literal-required]
    return {
        **shown,
        "elevation": int(shown["elevation"]),
        "lat": f"{shown['lat']:.5f}",
        "lon": f"{shown['lon']:.5f}",
    }


def find_day(text: str) -> dict[str, Any] | None:
    """Whether a day is worked in mainland China, and the holiday's name."""
    try:
        day = date.fromisoformat(text)
        is_holiday, name = chinese_calendar.get_holiday_detail(day)
    except (ValueError, NotImplementedError):
        return None
    return {"day": day.isoformat(), "is_workday": not is_holiday, "holiday": name or ""}


class Upstream(BaseHTTPRequestHandler):
    """Answers `/airports?icao=` and `/days?day=` to whoever shows the supplier's key."""

    protocol_version = "HTTP/1.1"
    key = ""

    def do_GET(self) -> None:
        """Find and answer."""
        offered = self.headers.get(CREDENTIAL_HEADER, "")
        if not hmac.compare_digest(offered.encode(), self.key.encode()):
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "unknown key"})
            return
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._find(parts.path, query)

    def _find(self, path: str, query: dict[str, str]) -> None:
        if query.get("icao") == FAULT_CODE:
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "the supplier's own fault"})
            return
        finders = {
            "/airports": lambda: find_airport(query.get("icao", "")),
            "/days": lambda: find_day(query.get("day", "")),
        }
        finder = finders.get(path)
        found = finder() if finder else None
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "nothing found"})
        else:
            self._answer(HTTPStatus.OK, found)

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the story prints what matters."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main() -> None:
    """Serve on loopback; write the port where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--portfile", type=Path)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
    Upstream.key = arguments.key
    server = _Server(("127.0.0.1", arguments.port), Upstream)
    if arguments.portfile:
        arguments.portfile.write_text(str(server.server_address[1]), encoding="ascii")
    server.serve_forever()


if __name__ == "__main__":
    main()
