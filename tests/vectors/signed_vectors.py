"""Vectors of signed requests: what a buyer signs for a call, and each way to prove none by it."""

import hashlib
import hmac
import json

from tests.vectors.exchange import Exchange
from tests.vectors.primitives import Key, b64, canonical, seeded

LICENCE = "lic_a"
BUYER = Key("org_buyer/acknowledgements", seeded("counterfoil", "buyer"))
STRANGER = Key("org_other/acknowledgements", seeded("counterfoil", "stranger"))
QUERY = "?code=%E6%88%90%E9%83%BD"
NONCE = "bm9uY2Vub25jZW5vbmNl"


def base_of(created, *, key=BUYER, licence=LICENCE, path="/data/airports", body=None, query=QUERY):
    """The signature base of RFC 9421, section 2.5, written out."""
    method = "GET" if body is None else "POST"
    covered = [("@method", method), ("@path", path), ("@query", query)]
    if body is not None:
        digest = b64(hashlib.sha256(body).digest())
        covered.append(("content-digest", f"sha-256=:{digest}:"))
    names = " ".join(f'"{name}"' for name, _ in covered)
    parameters = (
        f'({names});created={created};keyid="{key.vkey}";nonce="{NONCE}"'
        f';tag="counterfoil:{licence}"'
    )
    lines = [f'"{name}": {value}' for name, value in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}'])


def signed(base, key=BUYER):
    return {
        "format": "counterfoil-signed-request/1",
        "base": base,
        "key": key.vkey,
        "signature": b64(key.sign(base.encode())),
    }


class Signing:
    """Calls of one licence, each with what its leaf commits to."""

    def __init__(self):
        self.exchange = Exchange()
        self.lane = self.exchange.open_lane(LICENCE)

    @property
    def now(self):
        return int(self.exchange.now.timestamp())

    def case(self, request, *, committed=None, has_member=True):
        key = self.exchange.next_detail_key(self.lane)
        told = committed or request
        document = {name: told.get(name, "") for name in ("base", "key", "signature")}
        commitment = hmac.digest(key, b"signed\0" + canonical(document), "sha256").hex()
        call = self.exchange.call(self.lane, leaf={"signed": commitment} if has_member else None)
        return {
            "signed_request": canonical(request).decode(),
            "receipt": self.exchange.receipt(call).decode(),
        }


def signed_vectors():
    desk = Signing()
    good = base_of(desk.now)
    others = signed(base_of(desk.now, query="?code=SHA"))
    unsigned = {**signed(good), "signature": b64(bytes(64))}
    renamed = {**signed(base_of(desk.now, key=STRANGER), STRANGER), "key": BUYER.vkey}
    lacking = {name: value for name, value in signed(good).items() if name != "signature"}
    unnamed = signed(good.replace('"@query": ', '"@query-param": '))
    faulty = [
        ("no member of a signature", "format", lacking),
        ("a base that names other components", "format", unnamed),
        ("a base without parameters", "format", signed(good.rpartition("\n")[0])),
        ("not signed", "signature", unsigned),
        ("a stranger's key", "signature", signed(base_of(desk.now, key=STRANGER), STRANGER)),
        ("another key than the base names", "signature", renamed),
        ("a base changed after signing", "signature",
         {**signed(good), "base": good.replace("%BD", "%BE")}),
        ("for another licence", "request", signed(base_of(desk.now, licence="lic_b"))),
        ("for another listing", "request", signed(base_of(desk.now, path="/data/trains"))),
        ("with another parameter", "request", others),
        ("with a parameter twice", "request", signed(base_of(desk.now, query=f"{QUERY}&code=CTU"))),
        ("with another method", "request", signed(base_of(desk.now, body=b"{}"))),
        ("signed long before", "request", signed(base_of(desk.now - 700))),
        ("signed later than the call", "request", signed(base_of(desk.now + 200))),
    ]  # fmt: skip
    cases = [{"name": name, "step": step, **desk.case(request)} for name, step, request in faulty]
    committed = [
        ("a call that commits to another request", {"committed": others}),
        ("a call that names no signature", {"has_member": False}),
    ]
    cases += [
        {"name": name, "step": "commitment", **desk.case(signed(base_of(desk.now)), **how)}
        for name, how in committed
    ]
    return {
        "keys": {**json.loads(desk.exchange.keys), "buyers": [BUYER.vkey]},
        "accepted": [desk.case(signed(base_of(desk.now)))],
        "rejected": cases,
    }
