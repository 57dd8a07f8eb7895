"""From a card to a supplier's bank: one buyer, one supplier, and books that close to 10⁻⁸.

Every figure is a literal: what is asserted was worked out by hand from prices, split and fee, and
`docs/guides/money.md` shows the same tables.
"""

import base64
import hashlib
import re
from collections import Counter

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import canonical_bytes
from app.core.money import SCALE, parse_amount
from demo.proving import insist, keep_keys, verify
from ledger.journal.settlement.statements import SIGNATURE_DOMAIN
from tests.documentation.blocks import ROOT, read_request
from tests.factories.money_story import MoneyStory
from tests.factories.whole_exchange import WholeExchange
from tests.fakes.clock import GoingClock
from tests.fakes.stripe_server import API_KEY, SECRET, StripeServer

GUIDE = ROOT / "docs" / "guides" / "money.md"
FEN = SCALE // 100

BOOKED = {
    1: {
        ("top_up", "stripe"): -20_000_000_000,
        ("top_up", "wallet"): 20_000_000_000,
        ("provider_fee", "stripe"): 610_000_000,
        ("provider_fee", "fees"): -610_000_000,
    },
    2: {
        ("charge_order", "wallet"): -3_999_000_000,
        ("charge_order", "payable"): 3_359_160_000,
        ("charge_order", "commission"): 399_900_000,
        ("charge_order", "tax"): 239_940_000,
    },
    3: {
        ("accrue_calls", "wallet"): -86_419_753,
        ("accrue_calls", "payable"): 72_592_593,
        ("accrue_calls", "commission"): 8_641_975,
        ("accrue_calls", "tax"): 5_185_185,
    },
    4: {
        ("invoice_rounding", "receivable"): 419_753,
        ("invoice_rounding", "rounding"): -419_753,
    },
    5: {
        ("credit", "wallet"): 29_691_358,
        ("credit", "payable"): -24_940_741,
        ("credit", "commission"): -2_969_136,
        ("credit", "tax"): -1_781_481,
    },
    6: {
        ("settle", "payable"): -3_406_000_000,
        ("settle", "settled"): 3_406_000_000,
        ("pay_out", "settled"): -3_406_000_000,
        ("pay_out", "transit"): 3_406_000_000,
        ("payout_paid", "transit"): -3_406_000_000,
        ("payout_paid", "stripe"): 3_406_000_000,
    },
    7: {
        ("provider_payout", "stripe"): 10_000_000_000,
        ("provider_payout", "bank"): -10_000_000_000,
    },
    8: {
        ("charge_order", "wallet"): -3_999_000_000,
        ("charge_order", "payable"): 3_359_160_000,
        ("charge_order", "commission"): 399_900_000,
        ("charge_order", "tax"): 239_940_000,
        ("settle", "payable"): -3_359_000_000,
        ("settle", "settled"): 3_359_000_000,
        ("pay_out", "settled"): -3_359_000_000,
        ("pay_out", "transit"): 3_359_000_000,
        ("payout_paid", "transit"): -3_359_000_000,
        ("payout_paid", "bank"): 3_359_000_000,
    },
}
"""What each chapter adds, by template and account, in 10⁻⁸ yuan."""

CLOSING = {
    "wallet": 11_945_271_605,
    "payable": 971_852,
    "settled": 0,
    "commission": 805_472_839,
    "tax": 483_283_704,
    "stripe": -5_984_000_000,
    "bank": -6_641_000_000,
    "transit": 0,
    "fees": -610_000_000,
    "receivable": 419_753,
    "rounding": -419_753,
}
"""What each account holds at the end. Both are compared with what was worked out by hand."""


def held_after(chapter):
    """What each account holds after a chapter, by what was booked until then."""
    held = dict.fromkeys(CLOSING, 0)
    for number in range(1, chapter + 1):
        for (_, account), units in BOOKED[number].items():
            held[account] += units
    return held


@pytest.fixture
def story(database_url, tmp_path):
    clock = GoingClock()
    server = StripeServer(clock)
    exchange = WholeExchange(
        database_url,
        tmp_path / "var",
        clock=clock,
        COUNTERFOIL_LEASE_SECONDS="1",
        COUNTERFOIL_STRIPE_API_KEY=API_KEY,
        COUNTERFOIL_STRIPE_WEBHOOK_SECRET=SECRET,
        COUNTERFOIL_STRIPE_API_BASE=server.url,
    )
    try:
        yield MoneyStory(exchange, server, clock)
    finally:
        exchange.close()
        server.stop()


class Reader:
    """Holds the books to the tables, chapter by chapter."""

    def __init__(self, story):
        self._story = story
        self._seen = 0

    def close(self, chapter):
        """What this chapter added, what every account holds now, and nothing that differs."""
        story = self._story
        postings = story.postings()
        added, held = Counter(), Counter(dict.fromkeys(CLOSING, 0))
        for template, account, units in postings[self._seen :]:
            added[template, account] += units
        for _, account, units in postings:
            held[account] += units
        self._seen = len(postings)
        assert dict(added) == BOOKED[chapter]
        assert held == held_after(chapter)
        assert sum(held.values()) == 0
        (wallet,) = story.buyer.get("/v1/wallets")["items"]
        assert parse_amount(wallet["balance"]) == held["wallet"]
        assert parse_amount(wallet["available"]) == held["wallet"]
        (owed,) = story.supplier.get("/v1/payables")["items"]
        places = {"accrued": "payable", "settled": "settled", "under_way": "transit"}
        for name, account in places.items():
            assert parse_amount(owed[name]) == held[account], name
        assert parse_amount(owed["owed"]) == sum(held[account] for account in places.values())
        assert story.server.state.held("cny") * FEN == -held["stripe"]
        assert story.problems() == []


def verified(story, folder, kind, evidence):
    """What the independent verifier says of evidence that the buyer has; a changed one fails."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{hashlib.sha256(evidence).hexdigest()}.json"
    file.write_bytes(evidence)
    trust = keep_keys(story.world, folder)
    insist(folder, kind, str(file), *trust)
    changed = folder / "changed.json"
    changed.write_bytes(re.sub(rb'"amount":"\d', b'"amount":"9', evidence))
    assert changed.read_bytes() != evidence
    assert verify(folder, kind, str(changed), *trust)[0] != 0


def statement_holds(story, settlement):
    """The supplier's statement is signed, made again alike, and its bytes have the hash."""
    path = f"/v1/settlements/{settlement['id']}"
    shown = story.supplier.get(path)
    check = story.supplier.get(f"{path}/check")
    assert (check["is_same"], check["rebuilt_hash"]) == (True, settlement["statement_hash"])
    document = story.supplier.expect("GET", f"{path}/statement", 200).body
    assert hashlib.sha256(document).hexdigest() == settlement["statement_hash"]
    key = Ed25519PublicKey.from_public_bytes(story.exchange.parts.keyring.statements.public_key)
    signature = base64.b64decode(shown["signature"])
    key.verify(signature, SIGNATURE_DOMAIN + canonical_bytes(shown["statement"]))
    return tuple(
        parse_amount(settlement[name])
        for name in ("opening_amount", "period_amount", "settled_amount", "carried_amount")
    )


def paid(payout):
    """By whom and how a payout went; two people stand behind it."""
    assert payout["requested_by"] != payout["approved_by"]
    return payout["state"], payout["gateway"], parse_amount(payout["amount"])


def sums_by_currency(story):
    """The sum of all postings of the database, whoever wrote them, by currency."""
    with psycopg.connect(story.exchange.parts.database_url) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
        return dict(
            connection.execute(
                "SELECT a.currency, sum(p.amount)::bigint FROM postings p"
                " JOIN journal_accounts a USING (account_id) GROUP BY 1"
            ).fetchall()
        )


def test_from_the_card_to_the_supplier_s_bank_the_books_close(story, tmp_path):
    books = Reader(story)
    for chapter, what_happens in enumerate((story.top_up, story.order, story.call), start=1):
        what_happens()
        books.close(chapter)
    assert story.imbalances() == []
    for evidence in story.invoice():
        verified(story, tmp_path / "invoice", "invoice", evidence)
    books.close(4)
    verified(story, tmp_path / "credit-note", "credit-note", story.dispute())
    books.close(5)
    assert story.imbalances() == []

    first = settled_and_paid(story)
    books.close(6)
    assert story.imbalances() == []
    # Bank details count after three days: whoever steals an account cannot redirect its money.
    story.let_days_pass(4)
    story.bring_home()
    books.close(7)
    settled_and_paid_again(story)
    books.close(8)
    assert held_after(8) == CLOSING
    assert story.imbalances() == []
    assert sums_by_currency(story) == {"CNY": 0}
    # The first statement is still what it was.
    statement_holds(story, first)
    assert unheard_requests(story.exchange.requests) == []


def settled_and_paid(story):
    """By a transfer of the provider, to the account that the supplier has there."""
    story.register_supplier()
    settlement = story.settle()
    assert statement_holds(story, settlement) == (0, 3_406_811_852, 3_406_000_000, 811_852)
    assert paid(story.pay_by_stripe(settlement)) == ("paid", "stripe", 3_406_000_000)
    return settlement


def settled_and_paid_again(story):
    """By bank transfer; what the first settlement carried is its opening."""
    story.order_again()
    settlement = story.settle()
    assert statement_holds(story, settlement) == (811_852, 3_359_160_000, 3_359_000_000, 971_852)
    assert paid(story.pay_by_bank(settlement)) == ("paid", "bank_transfer", 3_359_000_000)


# The guide


def unheard_requests(heard):
    """Requests of the guide that the story did not make; placeholders stand for anything."""
    texts = re.findall(r"^```http\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    asked = [read_request(text) for text in texts]
    assert len(asked) > 15
    lines = {f"{method} {path}" for method, path in heard}
    return [
        request
        for request in asked
        if not any(re.fullmatch(_pattern(request), line) for line in lines)
    ]


def _pattern(request):
    path = request.path.partition("?")[0]
    pieces = [re.escape(piece) for piece in re.split(r"\{\{\w+\}\}", path)]
    return f"{request.method} " + "[^/]+".join(pieces)


def rows_of_guide(first_heading):
    """The cells of the guide's table whose first row begins so; amounts as units."""
    lines = GUIDE.read_text("utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_the_guide_shows_the_postings_of_every_chapter():
    shown = {chapter: {} for chapter in BOOKED}
    for chapter, template, account, amount in rows_of_guide("chapter"):
        shown[int(chapter)][template, account] = parse_amount(amount)
    assert shown == BOOKED


def test_the_guide_shows_what_every_account_holds_after_each_chapter():
    shown = {account: [*map(parse_amount, held)] for account, *held in rows_of_guide("account")}
    assert shown == {
        account: [held_after(chapter)[account] for chapter in BOOKED] for account in CLOSING
    }
