"""The demonstration's accounts: kept beside its data, and signed in with one command.

`python -m demo.accounts auditor@exchange.example` prints an access token of a running `make run`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyotp

from demo.http import Answer, Client
from demo.installation import ROOT
from demo.onboarding import STAFF
from demo.people import Person
from demo.world import Trade, World

FOLDER = ROOT / "var" / "run"
FILE = FOLDER / "accounts.json"
_STEP_SECONDS = 30


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in; only the exchange's staff has a second factor."""

    email: str
    password: str
    role: str
    secret: str


@dataclass(frozen=True)
class Offer:
    """A listing that the buyer is licensed for, and the key for its calls."""

    listing_code: str
    name: str
    price: str
    input: str
    licence_id: str
    key: str


@dataclass(frozen=True)
class Accounts:
    """Everything that a second start must find again; the address is that of the present one."""

    base_url: str
    upstream_port: int
    upstream_key: str
    chain_port: int
    people: tuple[Account, ...]
    offers: tuple[Offer, ...]

    def write(self, path: Path = FILE) -> None:
        """Keep them, readable by the owner only."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode=0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)


def read_accounts(path: Path = FILE) -> Accounts:
    """What an earlier start kept; raises `FileNotFoundError` where there was none."""
    document = json.loads(path.read_text(encoding="utf-8"))
    people = tuple(Account(**person) for person in document.pop("people"))
    offers = tuple(Offer(**offer) for offer in document.pop("offers"))
    return Accounts(**document, people=people, offers=offers)


def accounts_of(world: World) -> Accounts:
    """What is to be kept of a world that has traded."""
    installation = world.installation
    return Accounts(
        base_url=installation.base_url,
        upstream_port=installation.upstream_port,
        upstream_key=installation.upstream_key,
        chain_port=installation.chain_port,
        people=tuple(_people(world)),
        offers=(
            _offer(world.airports, "0.40 CNY a hit", "icao=ZSPD"),
            _offer(world.days, "5.00 CNY for 20 calls", "day=2026-10-01"),
        ),
    )


def _people(world: World) -> Iterator[Account]:
    roles = {"operator-1": ["operator"], **STAFF}
    for name, person in world.staff.items():
        yield _account(person, ", ".join(roles[name]))
    yield _account(world.supplier, "owner, supplier")
    yield _account(world.buyer, "owner, buyer")


def _account(person: Person, role: str) -> Account:
    return Account(person.email, person.password, role, person.secret)


def _offer(trade: Trade, price: str, example: str) -> Offer:
    name = trade.product["name"]
    return Offer(trade.listing_code, name, price, example, trade.licence_id, trade.key)


def sign_in(accounts: Accounts, email: str) -> str:
    """An access token, good for ten minutes; a code that was used already makes it wait."""
    account = next(account for account in accounts.people if account.email == email)
    answer = _ask_for_session(accounts, account)
    if answer.status == 401 and account.secret:
        now = datetime.now(UTC).timestamp()  # noqa: TID251 -- a person's own clock
        time.sleep(_STEP_SECONDS - now % _STEP_SECONDS)
        answer = _ask_for_session(accounts, account)
    if answer.status != 201:
        sys.exit(answer.body.decode())
    token: str = answer.json["access_token"]
    return token


def _ask_for_session(accounts: Accounts, account: Account) -> Answer:
    credentials = {"email": account.email, "password": account.password}
    if account.secret:
        credentials["one_time_code"] = pyotp.TOTP(account.secret).now()
    return Client(accounts.base_url).send("POST", "/v1/sessions", body=credentials)


def main() -> None:
    """Print an access token of one of the accounts."""
    accounts = read_accounts()
    parser = argparse.ArgumentParser(description="Print an access token of the demonstration.")
    parser.add_argument("email", choices=[account.email for account in accounts.people])
    print(sign_in(accounts, parser.parse_args().email))


if __name__ == "__main__":
    main()
