"""Vectors of settlement statements: whole and row by row, and every way to bend a sum tree."""

import copy
import hashlib
import json

from tests.vectors.exchange import Exchange
from tests.vectors.primitives import b64, canonical, seeded

STATEMENT_DOMAIN = b"counterfoil/supplier-statement/v1\0"
ROW_DOMAIN = b"counterfoil/statement-row/v1\0"
PERIOD = {"from": "2026-10-01T00:00:00.000000Z", "until": "2026-11-01T00:00:00.000000Z"}
LICENCES = {"lic_a": (60_000_000, 0), "lic_b": (90_000_000, 20_000_000), "lic_c": (1, 0)}
COLUMNS = ("units", "charged", "credited")


def sums_of(node):
    return b"".join(int(node[name]).to_bytes(16, "big") for name in COLUMNS)


def row_hash(row):
    return hashlib.sha256(b"counterfoil/sum-row/v1\0" + canonical(row)).hexdigest()


def node_of(row):
    return {"hash": row_hash(row), **{name: row[name] for name in COLUMNS}}


def join(left, right):
    body = b"".join(bytes.fromhex(node["hash"]) + sums_of(node) for node in (left, right))
    sums = {name: str(int(left[name]) + int(right[name])) for name in COLUMNS}
    return {"hash": hashlib.sha256(b"counterfoil/sum-node/v1\0" + body).hexdigest(), **sums}


def root_of(top, count):
    body = count.to_bytes(8, "big") + bytes.fromhex(top["hash"]) + sums_of(top)
    return hashlib.sha256(b"counterfoil/sum-root/v1\0" + body).hexdigest()


def levels_of(rows):
    levels = [[node_of(row) for row in rows]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[at : at + 2] for at in range(0, len(below), 2)]
        levels.append([join(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    return levels


def path_of(levels, place):
    siblings = []
    for level in levels[:-1]:
        if place ^ 1 < len(level):
            siblings.append(level[place ^ 1])
        place >>= 1
    return siblings


def make_row(licence, charged, credited):
    salt = seeded("salt", licence).hex()
    return {
        "row": licence, "salt": salt, "units": "0", "charged": str(charged),
        "credited": str(credited),
    }  # fmt: skip


def line(row, listing="airports"):
    usage, credit = int(row["charged"]), -int(row["credited"])
    return {
        "subject": row["row"], "listing": listing, "usage_amount": str(usage),
        "package_amount": "0", "period_amount": "0", "credit_amount": str(credit),
        "other_amount": "0", "amount": str(usage + credit), "commission_amount": "0",
        "tax_amount": "0",
    }  # fmt: skip


class StatementDesk:
    """Settles one supplier once; ``change`` bends the statement before it is logged."""

    def __init__(self, licences=LICENCES, change=None):
        self.exchange = Exchange()
        self.exchange.append("rule_set", rule_set="rst_1")
        rows = [make_row(licence, *amounts) for licence, amounts in licences.items()]
        self.rows = sorted(rows, key=row_hash)
        self.levels = levels_of(self.rows) if rows else []
        self.statement = self.make(change)
        facts = {
            "settlement": "stl_1", "run": "run_1", "from_at": PERIOD["from"],
            "until_at": PERIOD["until"],
            "statement_hash": hashlib.sha256(canonical(self.statement)).hexdigest(),
        }  # fmt: skip
        if "tree" in self.statement:
            facts["root_hash"] = self.statement["tree"]["root_hash"]
        self.index = self.exchange.append("statement", **facts)
        self.exchange.append("rule_set", rule_set="rst_2")

    def make(self, change):
        net = sum(int(row["charged"]) - int(row["credited"]) for row in self.rows)
        settled = net // 1_000_000 * 1_000_000
        statement = {
            "format": "counterfoil-supplier-statement/1", "settlement": "stl_1", "run": "run_1",
            "supplier": "org_s", "currency": "CNY", "n": 1, "period": PERIOD,
            "postings": {"after": 0, "through": 9}, "opening_amount": "0",
            "rows": [line(row) for row in sorted(self.rows, key=lambda row: row["row"])],
            "returned_amount": "0", "period_amount": str(net), "minimum_amount": "0",
            "settled_amount": str(settled), "carried_amount": str(net - settled),
            "settled_at": "2026-11-01T00:05:00.000000Z",
        }  # fmt: skip
        if self.rows:
            statement["tree"] = self.tree()
        if change is not None:
            change(statement)
        return statement

    def tree(self):
        (top,), count = self.levels[-1], len(self.rows)
        return {
            "root_hash": root_of(top, count), "row_count": count, "units": top["units"],
            "charged_amount": top["charged"], "credited_amount": top["credited"],
        }  # fmt: skip

    def _sign(self, kind, document, domain, change):
        evidence = {
            "format": kind,
            "statement": document,
            "signature": b64(self.exchange.statements.sign(domain + canonical(document))),
            "key": self.exchange.statements.name,
            "leaf": self.exchange.proven(self.index, len(self.exchange.entries)),
            "checkpoint": self.exchange.checkpoint().decode(),
        }
        if change is not None:
            change(evidence)
        return evidence

    def whole(self, *, statement=None, rows=None, change=None):
        statement = statement or self.statement
        kind = "counterfoil-statement-evidence/1"
        evidence = self._sign(kind, statement, STATEMENT_DOMAIN, change)
        evidence["rows"] = self.rows if rows is None else rows
        return canonical(evidence).decode()

    def row(self, licence, *, bend=None, change=None):
        """One row's evidence; ``bend`` changes the document before it is signed."""
        place = next(at for at, row in enumerate(self.rows) if row["row"] == licence)
        document = {
            "format": "counterfoil-statement-row/1", "settlement": "stl_1", "currency": "CNY",
            "period": PERIOD, "row": self.rows[place], "index": place,
            "siblings": path_of(self.levels, place), "tree": self.statement.get("tree"),
        }  # fmt: skip
        document = copy.deepcopy(document)
        if bend is not None:
            bend(document)
        kind = "counterfoil-statement-row-evidence/1"
        return canonical(self._sign(kind, document, ROW_DOMAIN, change)).decode()


def _split_otherwise(document):
    """The break of trees that hash totals alone: the same total, told to each client its way."""
    sibling, moved = document["siblings"][0], 5
    sibling["charged"] = str(int(sibling["charged"]) + moved)
    document["row"]["charged"] = str(int(document["row"]["charged"]) - moved)


def _hide_negative_sibling(document):
    document["siblings"][0]["charged"] = "-60"


def _hide_negative_row(document):
    document["row"]["credited"] = "-60"


def _plus_sign(document):
    document["row"]["charged"] = "+" + document["row"]["charged"]


def _count_less(document):
    document["tree"]["row_count"] -= 1


def _count_more(document):
    document["tree"]["row_count"] += 1


def _other_total(document):
    document["tree"]["charged_amount"] = str(int(document["tree"]["charged_amount"]) - 1)


def _other_root(document):
    document["tree"]["root_hash"] = "00" * 32


def _other_settlement(document):
    document["settlement"] = "stl_2"


def _other_period(document):
    document["period"] = {**document["period"], "until": "2026-11-02T00:00:00.000000Z"}


def _other_place(document):
    document["index"] ^= 1


def _short_path(document):
    document["siblings"].pop()


def _long_path(document):
    document["siblings"].append(document["siblings"][0])


def _other_salt(document):
    document["row"]["salt"] = "00" * 32


def _unsigned(evidence):
    evidence["signature"] = b64(bytes(64))


def _moved(evidence):
    evidence["leaf"]["index"] -= 1


def _unknown(evidence):
    evidence["z"] = 1


def _swell_line(statement):
    statement["rows"][0]["usage_amount"] = statement["rows"][0]["amount"] = "70000000"
    statement["period_amount"] = "140000001"
    statement["settled_amount"] = "140000000"


def _miscount_line(statement):
    statement["rows"][0]["usage_amount"] = "1"


def _shrink_period(statement):
    statement["period_amount"] = "130000000"
    statement["carried_amount"] = "0"


def _keep_back(statement):
    statement["settled_amount"] = "120000000"


def _settle_fraction(statement):
    statement["settled_amount"], statement["carried_amount"] = "130000001", "0"


def _count_wrongly(statement):
    statement["tree"]["row_count"] = 4


def _total_wrongly(statement):
    statement["tree"]["credited_amount"] = "0"


def _tree_left_out(statement):
    del statement["tree"]


BENT_ROWS = [
    ("the split shown otherwise to one client", "path", {"bend": _split_otherwise}),
    ("a hidden negative beside the path", "format", {"bend": _hide_negative_sibling}),
    ("a hidden negative in the row", "format", {"bend": _hide_negative_row}),
    ("an amount with a sign", "format", {"bend": _plus_sign}),
    ("a count one less", "path", {"bend": _count_less}),
    ("a count one more", "path", {"bend": _count_more}),
    ("another total", "sums", {"bend": _other_total}),
    ("another root than the leaf's", "statement", {"bend": _other_root}),
    ("another settlement", "statement", {"bend": _other_settlement}),
    ("another period", "statement", {"bend": _other_period}),
    ("another place", "path", {"bend": _other_place}),
    ("a path too short", "path", {"bend": _short_path}),
    ("a path too long", "path", {"bend": _long_path}),
    ("another salt", "path", {"bend": _other_salt}),
    ("not signed", "signature", {"change": _unsigned}),
    ("a leaf at another index", "inclusion", {"change": _moved}),
    ("an unknown member", "format", {"change": _unknown}),
]
BENT_STATEMENTS = [
    ("a line that its row does not have", "sums", _swell_line),
    ("a line that is not its columns", "sums", _miscount_line),
    ("a period less than its lines", "sums", _shrink_period),
    ("money that is neither settled nor carried", "sums", _keep_back),
    ("a settled amount below the minor unit", "sums", _settle_fraction),
    ("a count that the rows do not have", "rows", _count_wrongly),
    ("a total that the rows do not have", "sums", _total_wrongly),
    ("rows under no tree", "rows", _tree_left_out),
]


def statement_vectors():
    plain = StatementDesk()
    twice = [plain.rows[0], *plain.rows[:2]]
    otherwise = {**plain.statement, "n": 2}
    cases = [(name, step, plain.row("lic_a", **how)) for name, step, how in BENT_ROWS]
    cases += [
        (f"{name}, whole", step, StatementDesk(change=change).whole())
        for name, step, change in BENT_STATEMENTS
    ]
    cases += [
        ("a row left out", "rows", plain.whole(rows=plain.rows[:2])),
        ("a row twice", "rows", plain.whole(rows=twice)),
        ("rows in another order", "rows", plain.whole(rows=plain.rows[::-1])),
        ("another row", "rows",
         plain.whole(rows=[{**plain.rows[0], "charged": "2"}, *plain.rows[1:]])),
        ("another statement than the leaf's", "statement", plain.whole(statement=otherwise)),
        ("a whole statement that nobody signed", "signature", plain.whole(change=_unsigned)),
    ]  # fmt: skip
    empty = StatementDesk({})
    single = StatementDesk({"lic_a": (7, 2)})
    accepted = [
        (plain.whole(), [0, 150_000_001, 20_000_000]),
        *((plain.row(each), [0, 150_000_001, 20_000_000]) for each in LICENCES),
        (single.whole(), [0, 7, 2]),
        (single.row("lic_a"), [0, 7, 2]),
        (empty.whole(), [0, 0, 0]),
    ]
    return {
        "keys": json.loads(plain.exchange.keys),
        "accepted": [{"statement": text, "totals": totals} for text, totals in accepted],
        "rejected": [{"name": name, "step": step, "statement": text} for name, step, text in cases],
    }
