"""The exchange that the guides are run against: both planes in process, its staff, an upstream."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyotp
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse

from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.services import bootstrap_exchange
from app.cli import EXCHANGE_NAME, EXCHANGE_USCC
from app.core.reach import Reach
from app.factory import build_application
from app.notices.services import number_notices
from app.parts import Parts
from app.wiring.calls import upstream_probe
from app.wiring.log import log_keys
from app.worker.effects import probe_case
from app.worker.quality import quality_steps
from app.worker.steps import drain_outbox
from demo.upstream import Upstream
from ledger.log.sequencing.sequencer import Sequencer
from tests.documentation.blocks import ROOT, Block, read_request
from tests.documentation.described import JSON, Described

ADDRESS = "http://127.0.0.1:8000"
"""Where the guides say that the exchange is."""
STAFF = {
    "operator_2": "operator",
    "intake_officer": "intake_officer",
    "reviewer_1": "reviewer",
    "reviewer_2": "reviewer",
    "listing_officer": "listing_officer",
    "risk_officer": "risk_officer",
    "auditor": "auditor",
}
ENROLS_IN_ITS_GUIDE = "reviewer_1"
UPSTREAM_KEY = "the supplier's own secret"
_PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class GuideWrong(AssertionError):
    """The exchange answers otherwise than a guide says."""


class AirportsUpstream(Upstream):
    """The supplier's system of the guides."""

    key = UPSTREAM_KEY


class GuidedExchange:
    """Runs blocks; what earlier answers gave is in `values`, by the name that a block kept."""

    def __init__(self, parts: Parts, clock: Any, folder: Path, document: Any) -> None:
        self._parts, self._clock, self._folder = parts, clock, folder
        self.values: dict[str, str] = {}
        self._fresh_count = 0
        self._application = build_application(parts)
        self._client = Client(self._application)
        self._described = Described(document)
        self.undescribed: list[str] = []
        self._server = make_server("127.0.0.1", 0, self._application, threaded=True)
        self._upstream = ThreadingHTTPServer(("127.0.0.1", 0), AirportsUpstream)
        self._upstream.daemon_threads = True
        for server in (self._server, self._upstream):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self._sequencer = Sequencer(parts.units, log_keys(parts))
        self._write_verifier()
        self._hire_staff()
        self.values["upstream"] = f"http://127.0.0.1:{self._upstream.server_port}"
        self.values["upstream_key"] = UPSTREAM_KEY

    def close(self) -> None:
        """Stop everything."""
        for server in (self._server, self._upstream):
            server.shutdown()
            server.server_close()
        self._application.close()

    def run(self, block: Block) -> None:
        """Run one block and hold it to its mark; raises `GuideWrong`."""
        self._clock.advance(seconds=block.after_seconds)
        runners: dict[str, Callable[[Block], None]] = {"http": self._request, "sh": self._command}
        runners[block.language](block)
        self._work()

    def _request(self, block: Block) -> None:
        asked = read_request(self._filled(block.text, block.place))
        headers = dict(asked.headers)
        if asked.body:
            headers.setdefault("Content-Type", JSON)
            if headers["Content-Type"] == JSON:
                json.loads(asked.body)
        answer = self._client.open(
            asked.path,
            method=asked.method,
            headers=headers,
            data=asked.body,
            environ_overrides={"REMOTE_ADDR": "127.0.0.1"},
        )
        _compare(block, answer)
        self.undescribed += [
            f"{block.place} {asked.method} {asked.path}: {fault}"
            for fault in self._described.faults(
                asked.method, asked.path, asked.headers, asked.body, answer
            )
        ]
        for name, path in block.keep.items():
            self.values[name] = str(_at(answer.json, path, block.place))
        for file, part in block.save.items():
            data = answer.data if part == "body" else answer.headers[part].encode()
            (self._folder / file).write_bytes(data)

    def _command(self, block: Block) -> None:
        text = self._filled(block.text, block.place)
        text = text.replace(ADDRESS, f"http://127.0.0.1:{self._server.server_port}")
        environment = {
            **os.environ,
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "verifier"),
        }
        done = subprocess.run(
            ["sh", "-e", "-c", text],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode != block.expect:
            message = f"{block.place}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            raise GuideWrong(message)

    def _filled(self, text: str, place: str) -> str:
        def value(match: re.Match[str]) -> str:
            name, _, argument = match[1].partition(":")
            if name == "fresh":
                self._fresh_count += 1
                return f"guide-{self._fresh_count}"
            if name == "in":
                return self._instant(argument)
            if name == "code":
                return pyotp.TOTP(self.values[argument]).at(self._clock.now())
            if name not in self.values:
                message = f"{place}: nothing was kept as {name}"
                raise GuideWrong(message)
            return self.values[name]

        return _PLACEHOLDER.sub(value, text)

    def _instant(self, distance: str) -> str:
        delta = timedelta(**{_UNITS[distance[-1]]: int(distance[:-1])})
        instant: str = (self._clock.now() + delta).isoformat().replace("+00:00", "Z")
        return instant

    def _work(self) -> None:
        """What the worker does all the time: effects, then the log."""
        probe = upstream_probe(self._parts)
        handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "upstream.probe": lambda payload: probe_case(self._parts, probe, payload),
            "chain.announce_key": _no_chain,
            "chain.grant_licence": _no_chain,
            "chain.revoke_licence": _no_chain,
            "log.request_anchor": _no_chain,
        }
        drain_outbox(self._parts.units, handlers)
        with self._parts.units.begin(Reach.EXCHANGE) as uow:
            number_notices(uow)
            uow.commit()
        self._sequencer.step()
        for step in quality_steps(self._parts, upstream_probe(self._parts)):
            step.run()

    def _write_verifier(self) -> None:
        (self._folder / "bin").mkdir()
        script = self._folder / "bin" / "counterfoil-verify"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m counterfoil_verify "$@"\n')
        script.chmod(0o755)

    def _hire_staff(self) -> None:
        """The operator by command, the others by the operator; with second factors but for one."""
        password = "five words that nobody guesses"
        with self._parts.units.begin(Reach.EXCHANGE) as uow:
            bootstrap_exchange(
                uow,
                Argon2Passwords(),
                name=EXCHANGE_NAME,
                uscc=EXCHANGE_USCC,
                email="operator_1@exchange.example",
                password=password,
            )
            uow.commit()
        self.values["staff_password"] = password
        self._enrol("operator_1")
        self._clock.advance(seconds=30)
        self._sign_in_with_code("operator_1")
        for name, role in STAFF.items():
            email = f"{name}@exchange.example"
            person = {"email": email, "name": name, "password": password, "roles": [role]}
            self._post("/v1/staff", person, 201, token="operator_1")
        factored = sorted(set(STAFF) - {ENROLS_IN_ITS_GUIDE})
        for name in factored:
            self._enrol(name)
        self._clock.advance(seconds=30)
        for name in factored:
            self._sign_in_with_code(name)
        self._clock.advance(seconds=30)

    def _enrol(self, name: str) -> None:
        self._sign_in(name)
        self.values[f"{name}_secret"] = self._post("/v1/second-factor", {}, 201, token=name)[
            "secret"
        ]
        confirmation = {"one_time_code": self._code(name)}
        self._post("/v1/second-factor/confirmation", confirmation, 204, token=name)

    def _sign_in_with_code(self, name: str) -> None:
        self._sign_in(name, one_time_code=self._code(name))

    def _code(self, name: str) -> str:
        return pyotp.TOTP(self.values[f"{name}_secret"]).at(self._clock.now())

    def _sign_in(self, name: str, **more: str) -> None:
        password = self.values["staff_password"]
        credentials = {"email": f"{name}@exchange.example", "password": password, **more}
        self.values[name] = self._post("/v1/sessions", credentials, 201)["access_token"]

    def _post(self, path: str, body: dict[str, Any], status: int, *, token: str = "") -> Any:
        self._fresh_count += 1
        headers = {"Idempotency-Key": f"staff-{self._fresh_count}"}
        if token:
            headers["Authorization"] = f"Bearer {self.values[token]}"
        answer = self._client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json if answer.data else None


def _no_chain(_payload: dict[str, Any]) -> None:
    """The guides need no chain node; `make demo` has one."""


def _compare(block: Block, answer: TestResponse) -> None:
    is_problem = answer.mimetype == "application/problem+json"
    slug = json.loads(answer.data)["type"].partition("#")[2] if is_problem else ""
    wanted = block.slug or slug
    if (answer.status_code, slug) != (block.expect, wanted):
        told = f"{block.place}: expected {block.expect} {block.slug}, got {answer.status}"
        message = f"{told}: {answer.data[:3000]!r}"
        raise GuideWrong(message)


def _at(document: Any, path: str, place: str) -> Any:
    """The value at a dotted path, numbers being indices."""
    for part in path.split("."):
        try:
            document = document[int(part)] if part.isdecimal() else document[part]
        except (KeyError, IndexError, TypeError):
            message = f"{place}: the answer has nothing at {path}"
            raise GuideWrong(message) from None
    return document
