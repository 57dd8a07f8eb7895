"""A witness's dialogue with a log, request by request (C2SP tlog-witness, tlog-cosignature)."""

from tests.vectors.exchange import Exchange, small_exchange
from tests.vectors.primitives import Key, b64, consistency_path, seeded, tree_hash

TIME = 1_795_161_600


def request(exchange, old, size, *, proof=None, note=None):
    """The bytes of an add-checkpoint request."""
    path = consistency_path(old, exchange.hashes[:size]) if 0 < old < size else []
    lines = [f"old {old}", *(b64(each) for each in (path if proof is None else proof)), "", ""]
    return "\n".join(lines).encode() + (exchange.checkpoint(size) if note is None else note)


def forked(size):
    """Another history of the same log, signed by its own key."""
    made = Exchange()
    for number in range(size):
        made.append("listed", listing_code=f"LST-OTHER-{number}")
    return made


def witness_vectors():
    exchange, other = small_exchange(), forked(14)
    stranger = Exchange(origin="another.example/log/2026")
    stranger.append("listed", listing_code="LST-1")
    impostor = Key(exchange.origin, seeded("impostor"))
    witness = Key("witness.example/w1", seeded("witness"), algorithm=4)
    text = exchange.head_text
    forged = (text(9) + "\n" + impostor.line(text(9))).encode()
    doubled = exchange.checkpoint(9, extra=impostor.line(text(9)))
    extended = f"{text(12)}an extension line\n"
    longer = (extended + "\n" + exchange.checkpoints.line(extended)).encode()
    zeroes = [bytes(32)] * 64

    def cosigned(size, note_text=None):
        return 200, witness.cosign(text(size) if note_text is None else note_text, TIME)

    def other_size(size):
        return 409, f"{size}\n"

    dialogue = [
        ("no form", b"hello", (400, None)),
        ("no old size", request(exchange, 0, 5)[4:], (400, None)),
        ("an old size with a leading zero", b"old 00" + request(exchange, 0, 5)[5:], (400, None)),
        ("a proof line that is no hash", request(exchange, 0, 5, proof=[b"x"]), (400, None)),
        ("too many proof lines", request(exchange, 0, 5, proof=zeroes), (400, None)),
        ("an unknown log", request(stranger, 0, 1), (404, None)),
        ("a key that only bears the log's name", request(exchange, 0, 9, note=forged), (403, None)),
        ("the old size is beyond the new one", request(exchange, 6, 5), (400, None)),
        ("an old size that was never cosigned", request(exchange, 3, 5), other_size(0)),
        ("a proof where none is needed", request(exchange, 0, 5, proof=zeroes[:1]), (422, None)),
        ("the first checkpoint", request(exchange, 0, 5), cosigned(5)),
        ("the same again", request(exchange, 5, 5), cosigned(5)),
        ("an old size that was passed", request(exchange, 0, 9), other_size(5)),
        ("a wrong proof", request(exchange, 5, 9, proof=zeroes[:3]), (422, None)),
        ("no proof", request(exchange, 5, 9, proof=[]), (422, None)),
        ("beside a stranger's signature", request(exchange, 5, 9, note=doubled), cosigned(9)),
        ("an extension line", request(exchange, 9, 12, note=longer), cosigned(12, extended)),
        ("a rollback", request(exchange, 5, 5), other_size(12)),
        ("another root for the same size", request(other, 12, 12), other_size(12)),
        ("a fork that is longer", request(other, 12, 14), (422, None)),
        ("the log goes on", request(exchange, 12, 14), cosigned(14)),
    ]  # fmt: skip
    return {
        "log_key": exchange.checkpoints.vkey,
        "witness_key": witness.vkey,
        "witness_seed": b64(seeded("witness")),
        "time": TIME,
        "root_of_other_history": b64(tree_hash(other.hashes[:12])),
        "dialogue": [
            {"name": name, "request": b64(body), "status": status, "body": answer}
            for name, body, (status, answer) in dialogue
        ],
    }
