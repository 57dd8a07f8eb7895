"""The metered route: decided, delivered, recorded, then answered; for threads and for a loop."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from typing_extensions import override

from app.core.clock import Clock
from app.core.errors import CounterfoilError
from app.core.ids import IdSource
from app.core.money import format_amount
from app.core.signing import Signer
from metering.calls import requests as call_requests
from metering.calls.caller_cache import CallerCache
from metering.calls.consent_desk import ConsentDesk
from metering.calls.decisions import CallFacts, Refused, decide
from metering.calls.denials import DenialCounts
from metering.calls.downloads import Downloads, file_headers, read_path
from metering.calls.replies import (
    FILE_METHODS,
    METHODS,
    Header,
    Reply,
    error_reply,
    plain_reply,
)
from metering.calls.service import Answered, Call, CallService
from metering.delivery.errors import DeliveryFailed
from metering.delivery.failure_counts import FailureCounts
from metering.errors import CallKeyUnknown, CallRateExceeded, MeterBusy, MeterUnavailable
from metering.leases.meters import Headroom
from metering.packages.addresses import PREFIX as FILES
from metering.packages.errors import RangeNotSatisfiable
from metering.packages.ranges import ByteRange
from metering.rate_limits import Limits, RateLimits, Taken
from metering.recording.receipts import receipt_header, signed_receipt
from metering.serving import Calls
from metering.signing.requests import demand_signature
from metering.views import KeyView, LicenceView
from metering.waiting import Waiting

_log = structlog.get_logger("metering.data_plane")


@dataclass(frozen=True, kw_only=True)
class DataPlaneSettings:
    """Bounds of one process's data plane."""

    lease_seconds: float = 15.0
    resting_seconds: float = 5.0
    """After which what was spent of a lease is settled, and a share of it kept."""
    idle_seconds: float = 30.0
    """After which a lease that nobody uses is given back; by a recall at once."""
    slab_calls_max: int = 4096
    batch_max: int = 48
    """Calls in one commit. With all of them in one, the loop has none left to work on."""
    queue_max: int = 1024
    connections_max: int = 6
    body_bytes_max: int = 64 * 1024
    answer_keep_seconds: float = 86_400.0
    cache_seconds: float = 1.0
    drain_seconds: float = 20.0
    places: int = 64
    """Calls that may wait for upstreams at once, which share them: request threads, or in a loop
    as many as are wanted."""
    calls_max: int = 2048
    """Calls in flight, be it that they wait for a place, a lease or their commit; one more is
    refused."""
    upstream_calls_per_second: int | None = None
    """The limit of upstreams whose delivery names none."""
    is_time_of_store: bool = True
    """Whether the database says which second it is; False where a test's clock stands."""


class DataPlane(Calls):
    """Decides, delivers, records, and answers then."""

    def __init__(
        self,
        settings: DataPlaneSettings,
        *,
        clock: Clock,
        ids: IdSource,
        signer_at: Callable[[str], Signer],
        callers: CallerCache,
        consents: ConsentDesk,
        rates: RateLimits,
        denials: DenialCounts,
        failures: FailureCounts,
        calls: CallService,
        downloads: Downloads,
        waiting: Waiting,
        closers: tuple[Callable[[], None], ...],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._signer_at = signer_at
        self._callers = callers
        self._consents = consents
        self._rates = rates
        self._denials = denials
        self._failures = failures
        self._calls = calls
        self._downloads = downloads
        self._waiting = waiting
        self._closers = closers
        self._in_flight = 0
        self._is_closing = False
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)

    @override
    async def reply(self, environment: Mapping[str, Any]) -> tuple[str, Reply]:
        request_id = call_requests.read_request_id(environment, lambda: self._ids.new("req"))
        return request_id, await self._reply(environment, request_id)

    async def _reply(self, environment: Mapping[str, Any], request_id: str) -> Reply:
        try:
            self._enter()
        except MeterBusy as error:
            return error_reply(error, request_id)
        is_file = environment["PATH_INFO"].startswith(FILES)
        try:
            serve = self._serve_file if is_file else self._serve
            return await serve(environment, request_id)
        except _OF_HTTP as refused:
            return _refused_by_http(refused, request_id, FILE_METHODS if is_file else METHODS)
        except psycopg.DataError:
            # A value that the database cannot hold now is one that it cannot hold later.
            return _unexpected(request_id)
        except psycopg.Error:
            _log.warning("database unavailable", request_id=request_id, exc_info=True)
            return error_reply(MeterUnavailable(), request_id)
        except Exception:  # noqa: BLE001 -- the one place that turns the unforeseen into a 500
            return _unexpected(request_id)
        finally:
            self._leave()

    async def _serve(self, environment: Mapping[str, Any], request_id: str) -> Reply:
        key: KeyView | None = None
        try:
            call_requests.read_listing_code(environment)
            call_requests.check_method(environment)
            key = await self._identify(environment)
            return await self._metered(environment, key, request_id)
        except CounterfoilError as error:
            self._count(error, key.licence if key is not None else None)
            reply = error_reply(error, request_id)
            if isinstance(error, CallRateExceeded) and key is not None:
                reply.headers.extend(_rate_headers(key, error.standing))
            return reply

    async def _serve_file(self, environment: Mapping[str, Any], request_id: str) -> Reply:
        key: KeyView | None = None
        try:
            read_path(environment)
            key = await self._identify(environment)
            asked = self._downloads.permit(environment, key)
            if environment["REQUEST_METHOD"] == "HEAD":
                length = asked.file.size_bytes
                whole = asked._replace(wanted=ByteRange(0, length - 1, is_partial=False))
                return Reply(HTTPStatus.OK, file_headers(whole), b"", length=length)
            await self._demand_rate(key)
            return await self._downloads.open(asked)
        except CounterfoilError as error:
            self._count(error, key.licence if key is not None else None)
            reply = error_reply(error, request_id)
            if isinstance(error, RangeNotSatisfiable):
                reply.headers.append(("Content-Range", f"bytes */{error.size_bytes}"))
            return reply

    async def _demand_rate(self, key: KeyView) -> Taken:
        taken = self._rates.take_held(key.limits) or await self._take(key.limits)
        if not taken.is_granted:
            nearest = taken.nearest
            raise CallRateExceeded(nearest.name, nearest.calls_per_second, taken.standing)
        return taken

    def _count(self, error: CounterfoilError, licence: LicenceView | None) -> None:
        """Free, but seen: by the buyer as a refusal, by the supplier as a failure of its own."""
        if licence is None:
            self._denials.count("", error.slug, "")
            return
        self._denials.count(licence.licence_id, error.slug, licence.buyer_id)
        if isinstance(error, DeliveryFailed):
            self._failures.count(licence.listing_code, licence.supplier_id, error)

    async def _identify(self, environment: Mapping[str, Any]) -> KeyView:
        secret_hash = hashlib.sha256(call_requests.read_key(environment).encode()).hexdigest()
        remembered = partial(self._callers.remembered, secret_hash, self._waiting.later)
        key = remembered() or await self._waiting.in_turn(
            secret_hash, remembered, partial(self._callers.find, secret_hash)
        )
        if key is None or not hmac.compare_digest(key.secret_hash, secret_hash):
            raise CallKeyUnknown
        if key.is_ended(self._clock.now()):
            raise CallKeyUnknown
        return key

    async def _metered(
        self, environment: Mapping[str, Any], key: KeyView, request_id: str
    ) -> Reply:
        request = call_requests.read_call(environment, body_bytes_max=self._settings.body_bytes_max)
        facts = CallFacts(
            self._clock.now(),
            request.listing_code,
            request.client_address,
            request.purpose or key.licence.only_purpose,
            request.fields,
        )
        decision = decide(key, facts)
        if isinstance(decision, Refused):
            raise decision.as_error()
        licence = key.licence
        signed = None
        if licence.signers is not None:
            signed = demand_signature(environment, request.body, licence=licence, at=facts.at)
        taken = await self._demand_rate(key)
        parameters = licence.route.request_schema.read(request.parameters)
        call = Call(request, key, facts, parameters, request_id, signed=signed)
        if licence.consent_model is not None:
            consent = await self._waiting.aside(
                lambda: self._consents.demand(licence, call.consent_claim, facts.at)
            )
            call = call._replace(consent=consent)
        answered = await self._calls.answer(call)
        headers = self._headers(answered) + _rate_headers(key, taken.standing)
        if request.idempotency_key is not None:
            headers.append(("Idempotency-Key", request.idempotency_key))
        return Reply(answered.status, headers, answered.body)

    async def _take(self, limits: Limits) -> Taken:
        take_held, take = partial(self._rates.take_held, limits), partial(self._rates.take, limits)
        # One turn for all limits: whoever asks the store asks for what the others miss, too.
        return await self._waiting.in_turn(self._rates, take_held, take)

    def _headers(self, answered: Answered) -> list[Header]:
        headers = [
            ("Content-Type", "application/json"),
            ("Outcome", answered.outcome),
            ("Usage-Units", str(answered.units)),
        ]
        if answered.parts is not None:
            receipt = signed_receipt(answered.parts, self._signer_at)
            headers.append(("Usage-Receipt", receipt_header(receipt)))
        if answered.headroom is not None:
            headers += _headroom_headers(answered.headroom)
        if answered.is_replay:
            headers.append(("Idempotency-Replayed", "true"))
        return headers

    def _enter(self) -> None:
        with self._lock:  # a condition's own way in is written in Python
            if self._is_closing or self._in_flight >= self._settings.calls_max:
                raise MeterBusy
            self._in_flight += 1

    def _leave(self) -> None:
        with self._lock:
            self._in_flight -= 1
            if self._is_closing and not self._in_flight:
                self._idle.notify_all()

    @override
    def close(self) -> None:
        with self._idle:
            if self._is_closing:
                return
            self._is_closing = True
            self._idle.wait_for(lambda: not self._in_flight, self._settings.drain_seconds)
        for close in self._closers:
            close()


_OF_HTTP = (
    call_requests.NoSuchAddress,
    call_requests.UnknownMethod,
    call_requests.UnknownMediaType,
)


def _refused_by_http(refused: Exception, request_id: str, methods: str) -> Reply:
    if isinstance(refused, call_requests.NoSuchAddress):
        return plain_reply(HTTPStatus.NOT_FOUND, "Nothing is at this address.", request_id)
    if isinstance(refused, call_requests.UnknownMethod):
        detail = "This address knows other methods."
        return plain_reply(HTTPStatus.METHOD_NOT_ALLOWED, detail, request_id, methods=methods)
    detail = "Send parameters as application/json."
    return plain_reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, request_id)


def _unexpected(request_id: str) -> Reply:
    _log.exception("unexpected error", request_id=request_id)
    detail = "The call was not carried out. Quote the instance when you report it."
    return plain_reply(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request_id)


def _headroom_headers(left: Headroom) -> list[Header]:
    """What is left of what is bounded; other workers may have used some of it since."""
    headers = []
    if left.calls is not None:
        headers.append(("Calls-Remaining", str(left.calls)))
    if left.units is not None:
        headers.append(("Quota-Remaining", str(left.units)))
    if left.cap_amount is not None:
        headers.append(("Cap-Remaining", format_amount(left.cap_amount)))
    if left.balance_amount is not None:
        headers.append(("Balance-Remaining", format_amount(left.balance_amount)))
    return headers


def _rate_headers(key: KeyView, standing: str) -> list[Header]:
    """Every limit that the call stood under, and what is left of the nearest."""
    return [("RateLimit-Policy", key.limits.policy), ("RateLimit", standing)]
