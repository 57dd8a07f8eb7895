"""Meter lanes replayed leaf by leaf: gapless numbers, chained hashes, right running totals."""

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.leaves import CallFields

STEP = "lanes"
REVOCATIONS = "revocations"


class LaneState:
    """Where one lane stands; mutable because an audit moves it once per leaf."""

    __slots__ = (
        "currency", "is_revoked", "is_signed", "leaf", "n", "opened_at", "opened_index",
        "total_amount", "total_units",
    )  # fmt: skip

    def __init__(self, leaf: bytes, *, opened_index: int, opened_at: int) -> None:
        self.opened_index = opened_index
        self.opened_at = opened_at
        self.is_revoked = False
        self.is_signed = False
        self.n = 0
        self.total_units = 0
        self.total_amount = 0
        self.currency = b""
        self.leaf = leaf


def place_of(licence: str, lane: int) -> bytes:
    """A lane's name: the canonical text of its two members, as a call leaf holds them."""
    return b'%d,"licence":%s' % (lane, canonical.encode(licence))


class LaneBook:
    """Every lane of a log. Memory grows with lanes and revocations, never with calls.

    One that ``carries_on`` knows that lanes were opened before its log begins: it takes each where
    it comes in, and what went before is not its to judge.
    """

    def __init__(self, *, carries_on: bool = False) -> None:
        self._carries_on = carries_on
        self.carried_count = 0
        """Lanes whose beginning was not seen."""
        self._lanes: dict[bytes, LaneState] = {}
        self._counts: dict[str, int] = {}
        self._revoked: set[str] = set()
        self._signed: set[str] = set()

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def revoked_count(self) -> int:
        """How many licences were revoked."""
        return len(self._revoked)

    def lanes_of(self, licence: str) -> list[LaneState]:
        """The lanes of a licence in the order of their numbers."""
        count = self._counts.get(licence, 0)
        places = (place_of(licence, lane) for lane in range(1, count + 1))
        return [self._lanes[place] for place in places if place in self._lanes]

    def lanes_due(self, licence: str, *, tree_size: int, ends_at: int) -> int:
        """How many lanes the licence had opened under a tree size and before an instant."""
        return sum(
            lane.opened_index < tree_size and lane.opened_at < ends_at
            for lane in self.lanes_of(licence)
        )

    def open(self, licence: str, lane: int, state: LaneState) -> None:
        """Open the licence's next lane; numbers start at 1 and leave no gap."""
        due = self._counts.get(licence, 0) + 1
        if self._carries_on and lane > due:
            due = lane
        require(lane == due, STEP, f"lane {lane} of {licence[:80]} opened where {due} is due")
        state.is_revoked = licence in self._revoked
        state.is_signed = licence in self._signed
        self._counts[licence] = due
        self._lanes[place_of(licence, lane)] = state

    def revoke(self, licence: str) -> None:
        """Take no further call of the licence.

        The revocation's leaf draws its place while it holds the locks that calls need, so the
        order of the log alone decides; no clock is believed.
        """
        self._revoked.add(licence)
        for lane in self.lanes_of(licence):
            lane.is_revoked = True

    def demand_signatures(self, licence: str, *, is_signed: bool) -> None:
        """From here on each call of the licence names its buyer's signature, or need not any more.

        The leaf's place decides, as with a revocation, and for the same reason.
        """
        (self._signed.add if is_signed else self._signed.discard)(licence)
        for lane in self.lanes_of(licence):
            lane.is_signed = is_signed

    def call(self, fields: CallFields, leaf: bytes) -> None:
        """Move a lane by one call leaf; `leaf` is the leaf hash in hexadecimal."""
        amount, _, currency, place, n, previous, signed, total_amount, total_units, units = fields
        state = self._lanes.get(place) or self._carried(fields)
        if state is None:
            raise Rejected(STEP, f"a call in lane {_shown(place)}, which was never opened")
        state.n += 1
        state.total_units += int(units)
        state.total_amount += int(amount)
        if (
            int(n) != state.n
            or previous != state.leaf
            or int(total_units) != state.total_units
            or int(total_amount) != state.total_amount
        ):
            raise Rejected(STEP, f"lane {_shown(place)}: {_fault(fields, state)}")
        state.leaf = leaf
        if currency != state.currency:
            _begin(fields, state)
        if state.is_signed and not signed:
            raise Rejected(STEP, f"a call in lane {_shown(place)} without its buyer's signature")
        if state.is_revoked:
            raise Rejected(REVOCATIONS, f"a call in lane {_shown(place)} after the revocation")

    def _carried(self, fields: CallFields) -> LaneState | None:
        """A lane that comes in with this call, as it stood just before it."""
        amount, _, currency, place, n, previous, _, total_amount, total_units, units = fields
        if not self._carries_on:
            return None
        number, _, licence = place.partition(b',"licence":')
        state = LaneState(previous, opened_index=0, opened_at=0)
        state.n, state.currency = int(n) - 1, currency
        state.total_units = int(total_units) - int(units)
        state.total_amount = int(total_amount) - int(amount)
        fits = min(state.n, state.total_units, state.total_amount) >= 0
        require(fits, STEP, f"lane {_shown(place)}: totals below the call's own")
        name = str(canonical.parse(licence, bytes_max=1_024))
        state.is_revoked = name in self._revoked
        state.is_signed = name in self._signed
        self._counts[name] = max(self._counts.get(name, 0), int(number))
        self._lanes[place] = state
        self.carried_count += 1
        return state


def _begin(fields: CallFields, state: LaneState) -> None:
    """The first call fixes the lane's currency."""
    is_first = state.n == 1
    require(is_first, STEP, f"lane {_shown(fields[3])}: {state.n} changes the currency")
    state.currency = fields[2]


def _fault(fields: CallFields, state: LaneState) -> str:
    n = int(fields[4])
    if n != state.n:
        return f"{state.n - 1} is followed by {n}"
    if fields[5] != state.leaf:
        return f"{n} does not name its predecessor"
    return f"the totals of {n} do not add up"


def _shown(place: bytes) -> str:
    return place.decode(errors="replace").replace(',"licence":', " of ").replace('"', "")[:100]
