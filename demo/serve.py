"""`make run`: an exchange with demonstration accounts under `var/run`, served until stopped."""

import fcntl
import os
import shutil
import signal
import socket
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from demo import listing, onboarding, trading
from demo.accounts import FILE, FOLDER, Accounts, accounts_of, read_accounts
from demo.http import Surprise
from demo.installation import ROOT, Installation
from demo.report import Report
from demo.world import World

BIND_DEFAULT = "127.0.0.1:8000"
UNFINISHED = FOLDER / "unfinished"
"""There while the first start is filling the exchange; left behind by one that was broken off."""
NOTED = FOLDER / "processes"
"""Left behind by a supervisor that was killed: the next one ends what is noted there."""
LOCK = FOLDER / "supervisor.lock"


class CannotServe(Exception):
    """Something is in the way; the message says what to do about it."""


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    installation: Installation | None = None
    try:
        kept = _find_kept()
        installation = _installation(kept)
        _serve(installation, kept)
    except (CannotServe, Surprise) as obstacle:
        print(f"\n{obstacle}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        if installation is not None:
            _stop(installation)
    return 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(installation: Installation) -> None:
    # Asked twice is still asked: everything is given the time to stop in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print("\nStopping …", flush=True)
    installation.stop()


def _find_kept() -> Accounts | None:
    """The accounts of an earlier start, if there was one that came to its end."""
    _demand_ended()
    if UNFINISHED.exists():
        print("An earlier first start was broken off; beginning afresh.")
        _clear_away()
    if FILE.exists():
        return read_accounts()
    if (FOLDER / "postgres").exists():
        message = f"{_shown(FOLDER)} holds an exchange, but not its accounts.json: move it away."
        raise CannotServe(message)
    return None


def _demand_ended() -> None:
    """A supervisor outlives a `make run` that was killed, and then serves on."""
    try:
        with LOCK.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError:
        message = (
            f"{_shown(FOLDER)} is served already, by process {LOCK.read_text()}."
            "\nIf its `make run` is gone, end that process with `kill` and start again."
        )
        raise CannotServe(message) from None


def _clear_away() -> None:
    for path in FOLDER.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != NOTED:
            path.unlink()


def _installation(kept: Accounts | None) -> Installation:
    """The same upstream as before, because the listings name its address and credential."""
    settings = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 -- handed on to the exchange
        if name.startswith("COUNTERFOIL_") and name != "COUNTERFOIL_VAR"
    }
    port = _port(settings.setdefault("COUNTERFOIL_BIND", BIND_DEFAULT))
    if not kept:
        installation = Installation(FOLDER, settings, port)
    else:
        installation = Installation(
            FOLDER, settings, port, kept.chain_port, kept.upstream_port, kept.upstream_key
        )
    _demand_free(installation.upstream_port)
    if not NOTED.exists():
        _demand_free(installation.port)
        _demand_free(installation.chain_port)
    return installation


def _port(bind: str) -> int:
    number = bind.rpartition(":")[2]
    if not number.isdecimal():
        message = f"COUNTERFOIL_BIND is host:port, such as {BIND_DEFAULT}, not {bind!r}."
        raise CannotServe(message)
    return int(number)


def _demand_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = (
                f"Port {port} cannot be had ({error.strerror}). Is another `make run` running?"
                "\nServe on another one: COUNTERFOIL_BIND=127.0.0.1:8001 make run"
            )
            raise CannotServe(message) from None


def _serve(installation: Installation, kept: Accounts | None) -> None:
    report = Report()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not kept:
        UNFINISHED.touch()
    with report.step("PostgreSQL, chain, worker, gateway and a supplier's upstream start"):
        installation.start()
    accounts = _again(installation, kept) if kept else _fill(installation, report)
    _show(accounts)
    installation.wait_until_ended()


def _again(installation: Installation, kept: Accounts) -> Accounts:
    accounts = Accounts(**{**vars(kept), "base_url": installation.base_url})
    accounts.write()
    return accounts


def _fill(installation: Installation, report: Report) -> Accounts:
    """The story up to the first call: accounts, two listings, two licences, money."""
    world = World(installation)
    with report.step("the exchange opens: staff with second factors"):
        onboarding.open_the_exchange(world)
    with report.step("a supplier and a buyer register and are verified"):
        onboarding.register_parties(world)
    with report.step("two products are submitted, reviewed twice, and listed"):
        listing.submit_products(world)
        listing.review_products(world)
        listing.find_in_catalogue(world)
    with report.step("the buyer has money, scenarios, licences and keys"):
        trading.top_up(world)
        trading.declare_scenarios(world)
        trading.place_orders(world)
        trading.issue_keys(world)
    accounts = accounts_of(world)
    accounts.write()
    UNFINISHED.unlink()
    return accounts


def _show(accounts: Accounts) -> None:
    print(f"\nCounterfoil serves at {accounts.base_url}, with its API reference at /docs/\n")
    people = [(one.email, one.role, one.password, one.secret) for one in accounts.people]
    _print_table(("e-mail", "roles", "password", "secret of the one-time codes"), people)
    print()
    offers = [(one.listing_code, one.name, one.price, one.key) for one in accounts.offers]
    _print_table(("listing", "product", "price", "the buyer's API key"), offers)
    first = accounts.offers[0]
    address = f"{accounts.base_url}/data/{first.listing_code}?{first.input}"
    print("\nA metered call:")
    print(f"  curl -i -H 'Authorization: Bearer {first.key}' '{address}'")
    print("An access token for /v1, second factor included:")
    print(f"  .venv/bin/python -m demo.accounts {accounts.people[-1].email}")
    print(f"\nKept in {_shown(FILE)}; `rm -r {_shown(FOLDER)}` forgets everything. Ctrl-C stops.")
    sys.stdout.flush()


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        print("  " + "  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


if __name__ == "__main__":
    sys.exit(main())
