"""Vectors of quality samples: roots, draws, and revealed rows right and with a single fault."""

import hashlib
import json

from tests.vectors.exchange import ORIGIN, Exchange, small_exchange
from tests.vectors.primitives import b64, canonical, hash_leaf, inclusion_path, tree_hash

MOST = {"FILE": 400, "CALLS": 60}
ROWS: list[dict[str, str | None]] = [
    {"icao": "ZSPD", "name": "上海浦东", "runways": "5"},
    {"icao": "EGLL", "name": "Heathrow", "runways": None},
    {"icao": "CTU\u2028", "name": '"Shuangliu"', "runways": "2"},
]


def root_of(rows):
    return tree_hash([hash_leaf(canonical(row)) for row in rows]).hex()


def drawn(commitment, most):
    """docs/evidence.md, section 14, word for word."""
    total = commitment["row_total"]
    if total <= most:
        return list(range(total))
    named = {name: commitment[name] for name in ("rows_root", "row_total")}
    seed = canonical({"format": "counterfoil-draw/1", **named, **commitment["drawn_from"]})
    found, counter = set(), 0
    while len(found) < most:
        digest = hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
        number = int.from_bytes(digest[:8], "big")
        if number < 2**64 - 2**64 % total:
            found.add(number % total)
        counter += 1
    return sorted(found)


class QualityDesk:
    """A commitment, a draw and a report in a little log, and every file that shows them."""

    def __init__(self, rows=ROWS, kind="FILE", *, drawn_late=False, exchange=None):
        self.exchange = exchange = exchange or small_exchange()
        self.rows, self.kind = rows, kind
        if drawn_late:
            self.head = self._head()
        declaration = hashlib.sha256(canonical({})).hexdigest()
        self.promised = {
            "rows_root": root_of(rows), "row_total": len(rows),
            "declaration_hash": declaration, "attempt": 1,
        }  # fmt: skip
        self.committed_at = exchange.append(
            "quality_sample_committed", sample="qsa_1", version="ver_1", **self.promised
        )
        exchange.append("listed", listing="tides")
        if not drawn_late:
            self.head = self._head()
        self.commitment = {
            "sample_id": "qsa_1", "kind": kind, "drawn_from": self.head, **self.promised
        }  # fmt: skip
        exchange.append("listed", listing="buoys")
        self.document = {
            "report_id": "qrp_1", "version_id": "ver_1", "listing_code": "airports",
            "grade": None, "policy": "2026-1", "scanner_version": 3,
            "sampled_count": len(self.indexes), "row_total": len(rows),
            "indicators": [
                {"code": "0302", "state": "ASSESSED", "value": "1.000000", "bound": "0.990489"},
                {"code": "0401", "state": "NOT_ASSESSABLE"},
            ],
            "commitment": self.commitment,
        }  # fmt: skip
        self.document_hash = hashlib.sha256(canonical(self.document)).hexdigest()
        self.reported_at = exchange.append("quality", **self.entry())
        exchange.append("listed", listing="ports")

    def _head(self):
        size, root = len(self.exchange.entries), tree_hash(self.exchange.hashes).hex()
        return {"origin": ORIGIN, "tree_size": size, "root_hash": root}

    @property
    def indexes(self):
        return drawn(self.commitment, MOST[self.kind])

    def entry(self, **changes):
        return {
            "report": "qrp_1", "sample": "qsa_1", "version": "ver_1",
            "rows_root": self.promised["rows_root"], "sampled_count": len(self.indexes),
            "drawn_root_hash": self.head["root_hash"], "grade": "NONE",
            "values": {"0302": "1.000000/0.990489"}, "policy": "2026-1", "scanner_version": 3,
            "report_hash": self.document_hash, **changes,
        }  # fmt: skip

    def sample(self):
        return {"id": "qsa_1", "version_id": "ver_1", "state": "DRAWN",
                "drawn_indexes": self.indexes, **self.commitment}  # fmt: skip

    def report(self, **changes):
        return {
            "id": "qrp_1", "sample_id": "qsa_1", "version_id": "ver_1", "grade": None,
            "document": self.document, "document_hash": self.document_hash, **changes,
        }  # fmt: skip

    def revealed(self):
        hashes = [hash_leaf(canonical(row)) for row in self.rows]
        return [
            {"index": at, "row": self.rows[at],
             "path": [node.hex() for node in inclusion_path(at, hashes)]}
            for at in self.indexes
        ]  # fmt: skip

    def case(self, **changes):
        """Each file as text, and the log's public tiles."""
        files = {
            "rows": {"rows": self.revealed()},
            "report": self.report(),
            "entry": self.exchange.entries[self.reported_at],
            "proof": self.exchange.proof(self.reported_at),
            "committed": self.exchange.entries[self.committed_at],
            "committed-proof": self.exchange.proof(self.committed_at),
            **changes,
        }
        texts = {
            name: (data if isinstance(data, bytes) else canonical(data)).decode()
            for name, data in files.items()
        }
        return {**texts, "log": self.tiles()}

    def tiles(self):
        """The hash tiles that prove consistency; the entries themselves are an auditor's."""
        return {
            name: b64(data)
            for name, data in self.exchange.export().items()
            if not name.startswith("tile/entries/")
        }


def _row(rows, at, **changes):
    return {"rows": [{**row, **changes} if row["index"] == at else row for row in rows]}


def _restated(desk, **changes):
    """An entry of the log that says something else of the report, with its own proof."""
    at = desk.exchange.append("quality", **desk.entry(**changes))
    return {"entry": desk.exchange.entries[at], "proof": desk.exchange.proof(at)}


def _recommitted(desk, kind="quality_sample_committed", **changes):
    members = {"sample": "qsa_1", "version": "ver_1", **desk.promised, **changes}
    at = desk.exchange.append(kind, **members)
    entry = desk.exchange.entries[at]
    return {"committed": entry, "committed-proof": desk.exchange.proof(at)}


def _faulty_rows():
    desk = QualityDesk()
    rows = desk.revealed()
    better = {"icao": "EGLL", "name": "Heathrow", "runways": "2"}
    yield "a row less", "draw", desk.case(rows={"rows": rows[1:]})
    yield "a row twice", "draw", desk.case(rows={"rows": [*rows, rows[0]]})
    yield "a row that is not there", "draw", desk.case(rows=_row(rows, 2, index=3))
    yield "a better row", "rows", desk.case(rows=_row(rows, 1, row=better))
    yield "null as text", "rows", desk.case(rows=_row(rows, 1, row={**better, "runways": ""}))
    yield "another row's path", "rows", desk.case(rows=_row(rows, 1, path=rows[2]["path"]))
    yield "a path too long", "rows", desk.case(rows=_row(rows, 2, path=rows[0]["path"]))
    yield "a number in a row", "format", desk.case(rows=_row(rows, 0, row={"icao": True}))
    yield "a member more", "format", desk.case(rows={"rows": rows, "more": []})


def _faulty_reports():
    desk = QualityDesk()
    graded = {**desk.document, "grade": "A"}
    yield "a better grade", "report", desk.case(report=desk.report(document=graded))
    yield "another version", "format", desk.case(report=desk.report(version_id="ver_2"))
    hashed = hashlib.sha256(canonical(graded)).hexdigest()
    rehashed = desk.report(document=graded, document_hash=hashed)
    yield "a better report than logged", "entry", desk.case(report=rehashed)
    yield "another kind of entry", "entry", desk.case(entry=desk.exchange.entries[0])
    yield "a grade in the log", "entry", desk.case(**_restated(desk, grade="A"))
    yield "a value in the log", "entry", desk.case(**_restated(desk, values={"0302": "1/1"}))
    yield "another entry's proof", "inclusion", desk.case(proof=desk.exchange.proof(1))


def _faulty_commitments():
    desk = QualityDesk()
    yield "no commitment", "commitment", desk.case(**_recommitted(desk, "listed"))
    yield "another attempt", "commitment", desk.case(**_recommitted(desk, attempt=2))
    yield "committed anew afterwards", "seed", desk.case(**_recommitted(desk))
    seeded = {**desk.commitment, "drawn_from": {**desk.head, "root_hash": "00" * 32}}
    invented = {**desk.document, "commitment": seeded}
    hashed = hashlib.sha256(canonical(invented)).hexdigest()
    told = _restated(desk, report_hash=hashed, drawn_root_hash="00" * 32)
    report = desk.report(document=invented, document_hash=hashed)
    yield "a head that never was", "seed", desk.case(report=report, **told)
    late = QualityDesk(drawn_late=True)
    yield "drawn before it was committed to", "seed", late.case()


def quality_vectors():
    keys = [{"icao": f"K{number:03d}"} for number in range(70)]
    calls = QualityDesk(keys, "CALLS")
    long = {
        "rows_root": "ab" * 32, "row_total": 1_000_003,
        "drawn_from": {"origin": ORIGIN, "tree_size": 4711, "root_hash": "cd" * 32},
    }  # fmt: skip
    exchange = Exchange()
    return {
        "keys": json.loads(exchange.keys),
        "roots": [{"rows": rows, "root": root_of(rows)} for rows in (ROWS[:1], ROWS, keys)],
        "draws": [
            {"kind": kind, "commitment": long, "drawn": drawn(long, most)}
            for kind, most in MOST.items()
        ],
        "accepted": [QualityDesk().case(), calls.case()],
        "rejected": [
            {"name": name, "step": step, "files": files}
            for name, step, files in [*_faulty_rows(), *_faulty_reports(), *_faulty_commitments()]
        ],
    }
