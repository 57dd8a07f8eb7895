"""A little exchange that issues every kind of evidence, written from docs/evidence.md alone.

It shares no code with the product or the verifier: hashlib, hmac, json, zipfile, `cryptography`.
Everything is derived from fixed seeds, so the same calls give the same bytes.
"""

import datetime as dt
import hashlib
import hmac
import io
import json
import zipfile
from dataclasses import dataclass, field

from tests.vectors.primitives import (
    Key,
    b64,
    canonical,
    consistency_path,
    hash_leaf,
    inclusion_path,
    instant,
    seeded,
    tree_hash,
)

ORIGIN = "exchange.example/log/2026"
START = dt.datetime(2026, 11, 20, 8, 0, 0, tzinfo=dt.UTC)
PRICE = 40_123_456
PLAN = hashlib.sha256(b"plan").hexdigest()


def tile_place(index):
    text = f"{index:03d}"
    text = text.zfill(-(-len(text) // 3) * 3)
    parts = [text[at : at + 3] for at in range(0, len(text), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])


@dataclass
class Lane:
    licence: str
    number: int
    opened: int
    plan: str = PLAN
    calls: list = field(default_factory=list)
    units: int = 0
    amount: int = 0

    @property
    def indices(self):
        return [self.opened, *(call["index"] for call in self.calls)]


class Exchange:
    """One log with its three keys; every method leaves evidence."""

    def __init__(self, seed="counterfoil", origin=ORIGIN):
        self.seed = seed
        self.origin = origin
        self.checkpoints = Key(origin, seeded(seed, "checkpoint"))
        self.receipts = Key(f"{origin}/receipts", seeded(seed, "receipts"))
        self.statements = Key(f"{origin}/statements", seeded(seed, "statements"))
        self.entries = []
        self.lanes = {}
        self.now = START

    # keys and log

    @property
    def keys(self):
        return canonical(
            {
                "checkpoint": self.checkpoints.vkey,
                "receipts": self.receipts.vkey,
                "statements": self.statements.vkey,
            }
        )

    @property
    def hashes(self):
        return [hash_leaf(entry) for entry in self.entries]

    def tick(self, seconds=1):
        self.now += dt.timedelta(seconds=seconds)

    def append(self, kind, /, **members):
        self.tick()
        number = len(self.entries)
        leaf = {"v": 1, "type": kind, "at": instant(self.now), **members}
        leaf["blind"] = seeded(self.seed, "blind", number, size=16).hex()
        self.entries.append(canonical(leaf))
        return number

    def open_shard(self, **more):
        """A shard's first leaf: it announces the keys, and may name a predecessor."""
        return self.append("shard_opened", origin=self.origin, keys=json.loads(self.keys), **more)

    def head_text(self, size=None):
        size = len(self.entries) if size is None else size
        return f"{self.origin}\n{size}\n{b64(tree_hash(self.hashes[:size]))}\n"

    def checkpoint(self, size=None, extra=""):
        text = self.head_text(size)
        return (text + "\n" + self.checkpoints.line(text) + extra).encode()

    def proof(self, index, size=None):
        size = len(self.entries) if size is None else size
        path = inclusion_path(index, self.hashes[:size])
        lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(b64(node) for node in path)]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint(size)

    # lanes and calls

    def open_lane(self, licence, number=None):
        lanes = self.lanes.setdefault(licence, [])
        number = len(lanes) + 1 if number is None else number
        index = self.append("lane_opened", licence=licence, lane=number, plan=PLAN)
        lane = Lane(licence, number, index)
        lanes.append(lane)
        return lane

    def next_detail_key(self, lane):
        """The key to what the lane's next call commits to."""
        return seeded(self.seed, "detail", lane.licence, lane.number, len(lane.calls) + 1)

    def call(self, lane, body=b'{"code":"CTU"}', units=1, amount=PRICE, leaf=None):
        lane.units += units
        lane.amount += amount
        previous = hash_leaf(self.entries[lane.indices[-1]]).hex()
        key = self.next_detail_key(lane)
        detail = {"listing": "airports", "method": "GET", "parameters": {"code": "成都"}, "ms": 12}
        request = {name: detail[name] for name in ("method", "listing", "parameters")}
        facts = {
            "licence": lane.licence, "version": "ver_1", "scenario": "scn_1", "lane": lane.number,
            "n": len(lane.calls) + 1, "units": units, "amount": str(amount), "currency": "CNY",
            "total_units": lane.units, "total_amount": str(lane.amount), "previous": previous,
            "plan": PLAN, "outcome": "hit",
            "request": hmac.digest(key, b"request\0" + canonical(request), "sha256").hex(),
            "response": hmac.digest(key, b"response\0" + body, "sha256").hex(),
            "detail": hmac.digest(key, b"detail\0" + canonical(detail), "sha256").hex(),
        }  # fmt: skip
        index = self.append("call", **{**facts, **(leaf or {})})
        call = {"index": index, "detail": detail, "key": key, "body": body, "at": self.now}
        lane.calls.append(call)
        return call

    def erased_receipt(self, call):
        """The receipt after the detail record and its key were erased."""
        receipt = json.loads(self.receipt(call))
        return canonical({**receipt, "detail": None, "detail_key": None})

    def receipt(self, call, entry=None, signer=None):
        entry = self.entries[call["index"]] if entry is None else entry
        promise = {
            "origin": self.origin, "issued_at": instant(call["at"]), "merge_delay_seconds": 60,
        }  # fmt: skip
        message = b"counterfoil/usage-receipt/v1\0" + hash_leaf(entry) + canonical(promise)
        signer = signer or self.receipts
        return canonical(
            {
                "format": "counterfoil-usage-receipt/1",
                "entry": b64(entry),
                "detail": call["detail"],
                "detail_key": call["key"].hex(),
                "promise": promise,
                "key": signer.name,
                "signature": b64(signer.sign(message)),
            }
        )

    # invoices

    def proven(self, index, size):
        path = [b64(node) for node in inclusion_path(index, self.hashes[:size])]
        return {"entry": b64(self.entries[index]), "index": index, "path": path}

    def invoice(self, licence, invoice_id="inv_1", starts_at=None, ends_at=None, change=None):
        starts_at = starts_at or START
        ends_at = ends_at or self.now + dt.timedelta(seconds=1)
        size = len(self.entries)
        lines, shown = [], []
        for lane in self.lanes[licence]:
            opening, closing = self._bounds(lane, starts_at, ends_at)
            first, last = json.loads(self.entries[opening]), json.loads(self.entries[closing])
            units = last.get("total_units", 0) - first.get("total_units", 0)
            amount = int(last.get("total_amount", 0)) - int(first.get("total_amount", 0))
            lines.append({
                "lane": lane.number, "opening_n": first.get("n", 0), "closing_n": last.get("n", 0),
                "units": units, "amount": str(amount),
            })  # fmt: skip
            shown.append(
                {
                    "lane": lane.number,
                    "opening": self.proven(opening, size),
                    "closing": self.proven(closing, size),
                }
            )
        invoice = self._totals(invoice_id, licence, (starts_at, ends_at), lines)
        evidence = {"lanes": shown, "lane_count": len(shown)}
        if change is not None:
            change(invoice, evidence)
        return self.sign_invoice(invoice, evidence, size)

    def _bounds(self, lane, starts_at, ends_at):
        before = [call["index"] for call in lane.calls if call["at"] < starts_at]
        within = [call["index"] for call in lane.calls if call["at"] < ends_at]
        return ([lane.opened, *before][-1], [lane.opened, *within][-1])

    def _totals(self, invoice_id, licence, period, lines):
        usage = sum(int(line["amount"]) for line in lines)
        charged = (usage + 500_000) // 1_000_000 * 1_000_000
        return {
            "invoice_id": invoice_id, "licence": licence, "currency": "CNY",
            "period": {"from": instant(period[0]), "until": instant(period[1])},
            "lanes": lines, "units": sum(line["units"] for line in lines),
            "usage_amount": str(usage), "charged_amount": str(charged),
            "rounding_amount": str(charged - usage), "lines": [], "total_amount": str(charged),
            "issued_at": instant(period[1] + dt.timedelta(minutes=2)),
        }  # fmt: skip

    def sign_invoice(self, invoice, evidence, size=None):
        signature = self.statements.sign(b"counterfoil/invoice/v1\0" + canonical(invoice))
        return canonical(
            {
                "format": "counterfoil-invoice-evidence/1",
                "invoice": invoice,
                "signature": b64(signature),
                "key": self.statements.name,
                "checkpoint": self.checkpoint(size).decode(),
                **evidence,
            }
        )

    # exports and bundles

    def export(self, size=None):
        """The log's static files by path, as C2SP tlog-tiles serves them."""
        size = len(self.entries) if size is None else size
        files = {"checkpoint": self.checkpoint(size)}
        for start in range(0, size, 256):
            entries = self.entries[start : min(start + 256, size)]
            data = b"".join(len(entry).to_bytes(2) + entry for entry in entries)
            files[_tile_name("tile/entries", start // 256, len(entries))] = data
        level, hashes = 0, self.hashes[:size]
        while hashes:
            for start in range(0, len(hashes), 256):
                part = hashes[start : start + 256]
                files[_tile_name(f"tile/{level}", start // 256, len(part))] = b"".join(part)
            full = [hashes[at : at + 256] for at in range(0, len(hashes) - 255, 256)]
            level, hashes = level + 1, [tree_hash(part) for part in full]
        return files

    def bundle_files(self, licence, *, has_log=True):
        """The members of an evidence bundle, manifest and signature left out."""
        files = {"keys.json": self.keys, "checkpoint.txt": self.checkpoint()}
        for lane in self.lanes[licence]:
            for n, call in enumerate(lane.calls, 1):
                leaf = hash_leaf(self.entries[call["index"]]).hex()
                files[f"receipts/{licence}-{lane.number}-{n}.json"] = self.receipt(call)
                files[f"proofs/{leaf}.txt"] = self.proof(call["index"])
        files["invoices/inv_1.json"] = self.invoice(licence)
        files["anchors.json"] = canonical([self.anchor(len(self.entries) // 2)])
        files["consistency.json"] = canonical(self.consistency(len(self.entries) // 2))
        if has_log:
            files |= {
                name: data for name, data in self.export().items() if name.startswith("tile/")
            }
        return files

    def anchor(self, size):
        return {
            "chain_id": 26_113, "contract": "0x" + "ab" * 20, "tree_size": size,
            "root_hash": tree_hash(self.hashes[:size]).hex(), "transaction_hash": "0x" + "cd" * 32,
            "block_number": 7, "block_hash": "0x" + "ef" * 32, "raw_transaction": "0x02f8",
            "status": "final",
        }  # fmt: skip

    def consistency(self, size):
        path = consistency_path(size, self.hashes)
        return {"from": size, "to": len(self.entries), "hashes": [b64(node) for node in path]}

    def bundle(self, files):
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        manifest = canonical({
            "format": "counterfoil-bundle/1", "files": digests, "origin": self.origin,
            "created_at": instant(self.now + dt.timedelta(minutes=5)),
        })  # fmt: skip
        signature = self.statements.sign(b"counterfoil/bundle/v1\0" + manifest)
        signed = {"manifest.json": manifest, "manifest.sig": b64(signature).encode()}
        return pack({**files, **signed})


def _tile_name(folder, index, width):
    suffix = "" if width == 256 else f".p/{width}"
    return f"{folder}/{tile_place(index)}{suffix}"


def pack(files):
    """The canonical zip file of a bundle, by the standard library's writer."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return target.getvalue()


def small_exchange():
    """A log of 14 leaves: one licence with two lanes, another with one, one revocation."""
    exchange = Exchange()
    exchange.open_shard()
    first = exchange.open_lane("lic_a")
    exchange.call(first)
    other = exchange.open_lane("lic_b")
    exchange.call(first, units=3, amount=3 * PRICE)
    exchange.call(other)
    second = exchange.open_lane("lic_a")
    exchange.call(second)
    exchange.call(first)
    exchange.call(second, units=0, amount=0, leaf={"outcome": "miss"})
    exchange.call(other)
    exchange.append("licence_revoked", licence="lic_b")
    exchange.call(first)
    exchange.append("listed", listing="weather")
    return exchange
