"""Test calls to a submitted version's upstream, by the code that later delivers its calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sqlalchemy import select

from app.core.cipher import Cipher
from app.core.delivery import CALLED, FILES
from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance.ports import ProbeResult
from compliance.quality.access import CallCounts
from compliance.sampling.calling import Called
from listings.models import UpstreamCredential
from listings.versions.delivery import delivery_of, enforced_fields_in, enforced_fields_out
from metering.delivery.deliveries import fetch
from metering.delivery.errors import AnswerBreaksSchema, FailureKind
from metering.packages.files import PackageFile
from metering.ports import SupplierFiles, Target, Upstream, UpstreamFailed
from metering.views import RouteView, route_view
from metering.waiting import ThreadWaiting, finish

CALLS_MAX = 5
PROBE_SECONDS = 30.0
SAMPLE_SECONDS = 120.0
"""Longer than these no further call is made; those that were made are what is reported."""
_P95 = 95
_MISFITS = frozenset({FailureKind.LENGTH_DIFFERS, FailureKind.RANGE_NOT_SERVED})


class ListedUpstreamProbe:
    """Calls an upstream with the examples and the sample of its own dossier."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        cipher: Cipher,
        upstream: Upstream,
        files: SupplierFiles,
    ) -> None:
        self._units = units
        self._cipher = cipher
        self._upstream = upstream
        self._files = files

    def probe(self, *, version_id: str, dossier: dict[str, Any]) -> ProbeResult:
        """At most five calls, none begun after `PROBE_SECONDS`; a dead upstream is no error.

        Of a package each file is asked for its last byte. What the exchange does not deliver is
        not called: whether it is as described a person says.
        """
        mode = dossier.get("delivery_mode")
        if mode not in CALLED and not (mode in FILES and dossier.get("files")):
            return ProbeResult(0, 0, 0, "not delivered by the exchange")
        try:
            route = self._route(version_id, dossier)
        except (ValueError, KeyError) as fault:
            return ProbeResult(1, 0, 0, f"the definition cannot be enforced: {fault}")
        if route.files is not None:
            return _probe_files(self._files, route.target, route.files)
        until = perf_counter() + PROBE_SECONDS
        findings = [
            _call(self._upstream, route, parameters)
            for number, parameters in enumerate(probe_requests(dossier))
            if not number or perf_counter() < until
        ]
        return _result(findings)

    def sample(
        self, *, version_id: str, dossier: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]
    ) -> Called:
        """Two calls with each key, one pull after the other, within `SAMPLE_SECONDS`."""
        try:
            route = self._route(version_id, dossier)
        except (ValueError, KeyError):
            return Called((), (), CallCounts(calls_count=len(keys)))
        until = perf_counter() + SAMPLE_SECONDS
        pulls = [
            [_timed_call(self._upstream, route, key) for key in keys if perf_counter() < until]
            for _ in range(2)
        ]
        calls = [call for pull in pulls for call in pull]
        rows, again = ([row for call in pull for row in call.rows] for pull in pulls)
        return Called(rows, again, _counts(calls, _latency_promised(dossier)))

    def _route(self, version_id: str, dossier: Mapping[str, Any]) -> RouteView:
        with self._units.begin(Reach.EXCHANGE) as uow:
            kept = uow.session.scalars(
                select(UpstreamCredential).where(UpstreamCredential.version_id == version_id)
            ).one_or_none()
        ciphertext, context = (kept.ciphertext, kept.context) if kept else (None, "")
        row = {
            "delivery": delivery_of(dossier, ciphertext=ciphertext, context=context),
            "fields_in": enforced_fields_in(dossier) or [],
            "fields_out": enforced_fields_out(dossier),
            "route_state": "open",
            "route_revision": 0,
        }
        return route_view(row, self._cipher)


def _result(findings: Sequence[tuple[bool, bool, str]]) -> ProbeResult:
    details = sorted({detail for _, _, detail in findings if detail})
    return ProbeResult(
        calls_count=len(findings),
        answered_count=sum(answered for answered, _, _ in findings),
        fitting_count=sum(fits for _, fits, _ in findings),
        detail="; ".join(details)[:500],
    )


def _probe_files(
    files: SupplierFiles, target: Target, declared: Sequence[PackageFile]
) -> ProbeResult:
    """Every file counts; one for which no time was left was not answered."""
    until = perf_counter() + PROBE_SECONDS
    return _result(
        [
            _last_byte(files, target, file)
            if perf_counter() < until
            else (False, False, "no time left")
            for file in declared
        ]
    )


def _last_byte(files: SupplierFiles, target: Target, file: PackageFile) -> tuple[bool, bool, str]:
    last = file.size_bytes - 1
    try:
        reader = files.open(
            target, name=file.name, size_bytes=file.size_bytes, first=last, last=last
        )
        try:
            reader.read()
        finally:
            reader.close()
    except UpstreamFailed as failed:
        is_answered = failed.reason in _MISFITS
        return is_answered, False, f"{file.name}: {failed.reason}"
    return True, True, ""


def probe_requests(dossier: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parameters of the test calls: the fields' examples, then rows of the sample that have them.

    A product without input fields is called once, without parameters.
    """
    fields = dossier.get("fields_in") or []
    names = [field["name"] for field in fields]
    examples = {field["name"]: field["example"] for field in fields if "example" in field}
    candidates = [examples, *(dossier.get("sample") or [])]
    needed = {field["name"] for field in fields if field.get("required", True)}
    requests: list[dict[str, Any]] = []
    for candidate in candidates:
        request = {name: candidate[name] for name in names if candidate.get(name) is not None}
        if needed <= set(request) and request not in requests:
            requests.append(request)
    return requests[:CALLS_MAX] or [examples]


@dataclass(frozen=True)
class _Call:
    """One sampled call: what came of it, how long it took, and the rows of a fitting answer."""

    is_answered: bool
    fits: bool
    milliseconds: int
    rows: list[Mapping[str, Any]] = field(default_factory=list)


def _timed_call(upstream: Upstream, route: RouteView, key: Mapping[str, Any]) -> _Call:
    started = perf_counter()
    rows: list[Mapping[str, Any]] = []
    try:
        given = {name: value for name, value in key.items() if value is not None}
        parameters = route.request_schema.read(given)
        found = finish(fetch(ThreadWaiting(upstream).ask, route, parameters))
        is_answered = fits = True
        rows = _rows(found.document)
    except AnswerBreaksSchema:
        is_answered, fits = True, False
    except CounterfoilError:
        is_answered = fits = False
    return _Call(is_answered, fits, round((perf_counter() - started) * 1000), rows)


def _rows(document: Any) -> list[Mapping[str, Any]]:
    """An answer as rows: a list is many, an object one, and nothing found none."""
    found = document if isinstance(document, list) else [document]
    return [row for row in found if isinstance(row, dict) and row]


def _latency_promised(dossier: Mapping[str, Any]) -> int | None:
    promised: int | None = (dossier.get("service_level") or {}).get("latency_p95_ms")
    return promised


def _counts(calls: Sequence[_Call], latency_ms: int | None) -> CallCounts:
    answered = [call for call in calls if call.is_answered]
    times = sorted(call.milliseconds for call in answered)
    return CallCounts(
        calls_count=len(calls),
        answered_count=len(answered),
        fitting_count=sum(call.fits for call in answered),
        usable_count=sum(
            call.fits and (latency_ms is None or call.milliseconds <= latency_ms)
            for call in answered
        ),
        latency_p95_ms=times[-(-len(times) * _P95 // 100) - 1] if times else None,
    )


def _call(
    upstream: Upstream, route: RouteView, parameters: Mapping[str, Any]
) -> tuple[bool, bool, str]:
    """Whether there was an answer, whether it fits the output fields, and what was wrong."""
    try:
        finish(fetch(ThreadWaiting(upstream).ask, route, route.request_schema.read(parameters)))
    except AnswerBreaksSchema as mismatch:
        return True, False, mismatch.detail
    except CounterfoilError as failure:
        return False, False, failure.slug
    return True, True, ""
