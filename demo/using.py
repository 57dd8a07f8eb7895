"""A thousand metered calls, with everything that goes wrong in real life."""

import secrets
from collections.abc import Iterator
from itertools import cycle, islice

from app.core.money import format_amount, parse_amount
from demo.calls import Call, Vault, call, call_all
from demo.http import Client, Surprise
from demo.patience import wait_for
from demo.products import PACKAGE_PRICE
from demo.trading import TOP_UP, balance
from demo.upstream import FAULT_CODE
from demo.world import World

UNIT_PRICE = parse_amount("0.40")
HITS, MISSES, BAD_INPUTS, FAULTS = 920, 40, 30, 10
CALLS = HITS + MISSES + BAD_INPUTS + FAULTS
_CODES = ("ZSPD", "ZBAA", "ZGGG", "EGLL", "KJFK", "RJTT", "LFPG", "EDDF", "OMDB", "WSSS")
EXPECTED = {200: HITS, 404: MISSES, 422: BAD_INPUTS, 502: FAULTS}


def _path(world: World, code: str) -> str:
    return f"/data/{world.airports.listing_code}?icao={code}"


def _calls(world: World) -> Iterator[Call]:
    """Hits, misses, bad input and failures of the upstream, mixed."""
    codes = [
        *islice(cycle(_CODES), HITS),
        *["QQQQ"] * MISSES,
        *["not-a-code"] * BAD_INPUTS,
        *[FAULT_CODE] * FAULTS,
    ]
    order = sorted(range(CALLS), key=lambda at: at * 7919 % CALLS)
    for at in order:
        yield Call(_path(world, codes[at]), secrets.token_hex(16))


def make_calls(world: World, vault: Vault) -> None:
    """All of them, while the gateway is killed −9 in the middle; nothing is lost or doubled."""
    client = Client(world.base_url, world.airports.key)

    def kill_in_the_middle(answered: int) -> None:
        if answered == CALLS // 2:
            world.installation.kill("web")

    call_all(client, _calls(world), vault, after=kill_in_the_middle)
    if dict(vault.statuses) != EXPECTED:
        message = f"expected {EXPECTED}, got {dict(vault.statuses)}"
        raise Surprise(message)


def check_receipts_are_gapless(vault: Vault) -> int:
    """The receipts of each lane count 1, 2, 3 …; charged calls, whatever was killed meanwhile."""
    lanes: dict[tuple[str, int], list[int]] = {}
    charged = 0
    for leaf in vault.leaves():
        lanes.setdefault((leaf["licence"], leaf["lane"]), []).append(leaf["n"])
        charged += leaf["amount"] != "0"
    for lane, numbers in lanes.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            message = f"lane {lane} has gaps or repeats"
            raise Surprise(message)
    if charged != HITS:
        message = f"{charged} calls were charged, {HITS} were hits"
        raise Surprise(message)
    return charged


def retry_under_the_same_key(world: World, vault: Vault) -> None:
    """The same key again: the same answer, the same receipt, no second charge."""
    client = Client(world.base_url, world.airports.key)
    intended = Call(_path(world, "ZSPD"), secrets.token_hex(16))
    first, _ = call(client, intended)
    vault.keep(first, 0)
    again, _ = call(client, intended)
    same = (first.body, first.headers["usage-receipt"]) == (
        again.body,
        again.headers["usage-receipt"],
    )
    if not same:
        message = "the retry was answered differently"
        raise Surprise(message)


def use_up_package(world: World, vault: Vault) -> None:
    """Twenty calls were bought; the twenty-first is refused, and refused calls are free."""
    client = Client(world.base_url, world.days.key)
    path = f"/data/{world.days.listing_code}?day=2026-10-"
    calls = [Call(f"{path}{day:02d}", secrets.token_hex(16)) for day in range(1, 22)]
    package = Vault(vault.folder)
    package.receipts = vault.receipts
    call_all(client, calls, package)
    if dict(package.statuses) != {200: 20, 403: 1}:
        message = f"a package of 20 answered {dict(package.statuses)}"
        raise Surprise(message)


def check_balance(world: World, charged: int) -> str:
    """What is left in the wallet is exactly what was not used, once idle leases are back."""
    used = charged * UNIT_PRICE
    left = format_amount(parse_amount(TOP_UP) - parse_amount(PACKAGE_PRICE) - used)
    wait_for(f"{left} in the wallet", lambda: balance(world)["available"] == left)
    return format_amount(used)
