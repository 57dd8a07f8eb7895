"""One metered call from reservation to durable record, and the rule for every way it can end."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from time import perf_counter_ns
from typing import Any, NamedTuple

from app.core.canonical import canonical_bytes
from app.core.clock import Clock
from metering.answers.outcomes import classify_body
from metering.calls.caller_cache import CallerCache
from metering.calls.consent_desk import ConsentClaim, ConsentDesk
from metering.calls.decisions import CallFacts, Refused, decide
from metering.calls.requests import CallRequest
from metering.delivery.answer_times import AnswerTimes
from metering.delivery.bulkheads import Bulkheads
from metering.delivery.deliveries import Delivered, Fetched, fetch, shape
from metering.delivery.errors import AnswerBreaksSchema
from metering.errors import CallKeyUnknown, CallOutcomeUnknown, MeterUnavailable
from metering.leases.keeper import LeaseKeeper
from metering.leases.meters import Headroom, Meter, Reservation
from metering.leaves import Commitments, detail_record
from metering.packages.addresses import Addressee, FileAddresses
from metering.packages.files import PackageFile, choose
from metering.recording.group_commit import GroupCommitter
from metering.recording.pending_calls import PendingCall, Verdict
from metering.recording.receipts import ReceiptParts
from metering.recording.stored_answers import StoredAnswer, StoredAnswers
from metering.signing.errors import CallSignatureReplayed
from metering.signing.requests import SignedRequest, check_still_signed
from metering.signing.stored import SignedRequests
from metering.views import ConsentView, KeyView
from metering.waiting import Waiting

RECORD_TRIES = 4
WAIT_SECONDS_MAX = 40.0
"""Longer than the committer tries to reach a restarted database."""


class Answered(NamedTuple):
    """An answer whose record is durable."""

    status: int
    outcome: str
    body: bytes
    units: int
    amount: int
    parts: ReceiptParts | None
    is_replay: bool
    headroom: Headroom | None = None
    """None for a stored answer: what was left then says nothing of now."""


class Call(NamedTuple):
    """A decided call with typed parameters."""

    request: CallRequest
    key: KeyView
    facts: CallFacts
    parameters: dict[str, Any]
    request_id: str
    consent: ConsentView | None = None
    """What the call rests on where the data is about a person."""
    signed: SignedRequest | None = None
    """The buyer's signature, where the licence asks for it; it holds."""

    @property
    def consent_claim(self) -> ConsentClaim:
        """What the call brings for its consent."""
        return ConsentClaim(self.request.consent_token, self.facts.purpose, self.parameters)

    @property
    def fingerprint(self) -> bytes:
        """What a retry must repeat: listing, parameters, fields and the purpose that it says."""
        named: dict[str, Any] = {
            "listing": self.request.listing_code,
            "parameters": self.parameters,
            "fields": sorted(self.facts.fields) if self.facts.fields is not None else None,
        }
        if self.request.purpose is not None:
            named["purpose"] = self.request.purpose
        return hashlib.sha256(canonical_bytes(named)).digest()


class CallService:
    """Delivers and records calls."""

    def __init__(
        self,
        *,
        clock: Clock,
        callers: CallerCache,
        consents: ConsentDesk,
        keeper: LeaseKeeper,
        committer: GroupCommitter,
        answers: StoredAnswers,
        signatures: SignedRequests,
        waiting: Waiting,
        bulkheads: Bulkheads,
        times: AnswerTimes,
        entropy: Callable[[int], bytes],
        addresses: FileAddresses,
    ) -> None:
        self._clock = clock
        self._callers = callers
        self._consents = consents
        self._keeper = keeper
        self._committer = committer
        self._answers = answers
        self._signatures = signatures
        self._waiting = waiting
        self._bulkheads = bulkheads
        self._times = times
        self._entropy = entropy
        self._addresses = addresses

    async def answer(self, call: Call) -> Answered:
        """The stored answer of a retry, or a delivered and recorded one.

        Raises `CounterfoilError`; then nothing was charged, unless it is `CallOutcomeUnknown`.
        """
        if call.request.idempotency_key is not None:
            stored = await self._find(call)
            if stored is not None:
                return stored
        if call.signed is not None:
            await self._refuse_replay(call.key.licence.licence_id, call.signed.nonce)
        meter, reservation = await self._reserve(call.key)
        try:
            fetched = await self._fetch(call)
        except BaseException:
            meter.settle(reservation, None)
            raise
        for _ in range(RECORD_TRIES):
            pending, delivered = await self._record(call, meter, reservation, fetched)
            if pending.verdict is Verdict.RECORDED:
                self._callers.confirm(call.key, pending.since)
                return _answered(pending, delivered, meter)
            again = await self._after(pending.verdict, call)
            if isinstance(again, Answered):
                return again
            call = again
            meter, reservation = await self._reserve(call.key)
        meter.settle(reservation, None)
        raise MeterUnavailable

    async def _refuse_replay(self, licence_id: str, nonce: str) -> None:
        """Before anybody is asked; two at once are told apart at their commit."""
        if await self._waiting.aside(lambda: self._signatures.is_used(licence_id, nonce)):
            raise CallSignatureReplayed

    async def _reserve(self, key: KeyView) -> tuple[Meter, Reservation]:
        held = self._keeper.reserve_held(key)
        if held is not None:
            return held
        return await self._waiting.in_turn(
            (key.licence.licence_id, key.capped_id),
            partial(self._keeper.reserve_held, key),
            partial(self._keeper.reserve, key),
        )

    async def _fetch(self, call: Call) -> Fetched:
        route = call.key.licence.route
        if route.files is not None:
            return self._packed(call, route.files)
        await self._bulkheads.enter(route.upstream)
        since = perf_counter_ns()
        try:
            fetched = await fetch(self._waiting.ask, route, call.parameters)
        finally:
            self._bulkheads.leave(route.upstream)
        licence = call.key.licence
        self._times.count(
            licence.listing_code,
            licence.supplier_id,
            perf_counter_ns() - since,
            fetched.event_at,
        )
        return fetched

    def _packed(self, call: Call, files: Sequence[PackageFile]) -> Fetched:
        """The manifest of what is asked for; nobody is asked, as its version says all of it."""
        licence = call.key.licence
        to = Addressee(licence.licence_id, licence.listing_code, licence.version_id)
        chosen = choose(files, call.parameters)
        delivery_id = f"dlv_{self._entropy(16).hex()}"
        document = self._addresses.manifest(
            to, delivery_id, chosen, self._clock.now(), purpose=call.facts.purpose
        )
        outcome = classify_body(licence.route.rule, document)
        if not outcome.is_answer:
            raise AnswerBreaksSchema(outcome.reason)
        return Fetched(HTTPStatus.OK, outcome, document)

    async def _record(
        self, call: Call, meter: Meter, reservation: Reservation, fetched: Fetched
    ) -> tuple[PendingCall, Delivered]:
        """Hand the call to the committer and wait for its verdict, which settles what is held."""
        try:
            delivered = shape(fetched, call.key.licence, call.facts.fields, reservation)
            pending = self._pending(call, meter, reservation, delivered)
            self._committer.submit(pending)
        except BaseException:
            meter.settle(reservation, None)
            raise
        if not await pending.decided.wait(WAIT_SECONDS_MAX):
            raise CallOutcomeUnknown  # it stays in line, and may be recorded yet
        return pending, delivered

    async def _after(self, verdict: Verdict, call: Call) -> Call | Answered:
        """What to do after a call was not recorded: replay, try once more, or refuse."""
        if verdict is Verdict.ANSWERED_BEFORE:
            return await self._find(call) or call
        if verdict is Verdict.CHANGED:
            return await self._decide_again(call)
        if verdict is Verdict.LANE_LOST:
            return call
        if verdict is Verdict.SIGNED_BEFORE:
            raise CallSignatureReplayed
        if verdict is Verdict.UNKNOWN:
            raise CallOutcomeUnknown
        raise MeterUnavailable

    async def _decide_again(self, call: Call) -> Call:
        """The call under what stands now; raises the refusal when it may no longer be made."""
        self._callers.forget("licence", frozenset({call.key.licence.licence_id}))
        key = await self._waiting.aside(lambda: self._callers.find(call.key.secret_hash))
        if key is None or key.is_ended(self._clock.now()):
            raise CallKeyUnknown
        decision = decide(key, call.facts)
        if isinstance(decision, Refused):
            raise decision.as_error()
        check_still_signed(key.licence, call.signed)
        if call.consent is not None:
            self._consents.forget(frozenset({call.consent.consent_id}))
        consent = await self._waiting.aside(
            lambda: self._consents.demand(key.licence, call.consent_claim, call.facts.at)
        )
        return call._replace(key=key, consent=consent)

    async def _find(self, call: Call) -> Answered | None:
        idempotency_key = call.request.idempotency_key
        assert idempotency_key is not None, "only keyed calls are stored"
        stored = await self._waiting.aside(
            lambda: self._answers.find(
                call.key.licence.licence_id, idempotency_key, call.fingerprint
            )
        )
        return None if stored is None else _replayed(stored)

    def _pending(
        self, call: Call, meter: Meter, reservation: Reservation, delivered: Delivered
    ) -> PendingCall:
        secret = self._entropy(48)
        detail_key, blind = secret[:32], secret[32:].hex()
        request, licence = call.request, call.key.licence
        commitments = Commitments(detail_key)
        detail = detail_record(
            body_bytes=len(delivered.body),
            key_id=call.key.key_id,
            listing_code=request.listing_code,
            method=request.method,
            request_id=call.request_id,
            status=delivered.status,
            consent_id=None if call.consent is None else call.consent.consent_id,
            purpose=call.facts.purpose,
        )
        signed = call.signed
        keyed = None
        if request.idempotency_key is not None:
            answer = (delivered.status, delivered.body)
            keyed = self._answers.seal(
                licence.licence_id, request.idempotency_key, call.fingerprint, answer
            )
        return PendingCall(
            key=call.key,
            meter=meter,
            reservation=reservation,
            charge=delivered.charge,
            outcome=delivered.outcome,
            request=commitments.request(request.method, request.listing_code, call.parameters),
            response=commitments.response(delivered.body),
            detail_digest=commitments.detail(detail),
            detail=detail,
            detail_key=detail_key,
            blind=blind,
            decided=self._waiting.signal("record"),
            keyed=keyed,
            consent=call.consent,
            signed=None if signed is None else self._signatures.seal(licence.licence_id, signed),
            signed_digest=None if signed is None else commitments.signed(signed.document),
        )


def _answered(pending: PendingCall, delivered: Delivered, meter: Meter) -> Answered:
    parts = ReceiptParts(
        pending.leaf, pending.leaf_hash, pending.detail, pending.detail_key, pending.at
    )
    return Answered(
        delivered.status,
        delivered.outcome,
        delivered.body,
        delivered.charge.units,
        delivered.charge.amount,
        parts,
        is_replay=False,
        headroom=meter.headroom(pending.key.capped_id),
    )


def _replayed(stored: StoredAnswer) -> Answered:
    return Answered(
        stored.status,
        stored.outcome,
        stored.body,
        stored.units,
        stored.amount,
        stored.parts,
        is_replay=True,
    )
