"""Canonical JSON, the tree of RFC 6962, keys and notes, written from their specifications.

Slow and plain on purpose: what the product and the verifier do fast is compared with this.
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data):
    return base64.b64encode(data).decode()


def seeded(*parts, size=32):
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()[:size]


def instant(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# The tree, word for word from RFC 6962 section 2.1 and RFC 9162 sections 2.1.3.1 and 2.1.4.1.


def hash_leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def tree_hash(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return hash_node(tree_hash(hashes[:k]), tree_hash(hashes[k:]))


def inclusion_path(index, hashes):
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return [*inclusion_path(index, hashes[:k]), tree_hash(hashes[k:])]
    return [*inclusion_path(index - k, hashes[k:]), tree_hash(hashes[:k])]


def consistency_path(size, hashes):
    def walk(size, hashes, is_whole):
        if size == len(hashes):
            return [] if is_whole else [tree_hash(hashes)]
        k = split(len(hashes))
        if size <= k:
            return [*walk(size, hashes[:k], is_whole), tree_hash(hashes[k:])]
        return [*walk(size - k, hashes[k:], is_whole=False), tree_hash(hashes[:k])]

    return walk(size, hashes, is_whole=True)


# Keys and notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature).


class Key:
    def __init__(self, name, seed, algorithm=1):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.data = bytes([algorithm]) + public
        self.key_id = hashlib.sha256(name.encode() + b"\n" + self.data).digest()[:4]

    @property
    def vkey(self):
        return f"{self.name}+{self.key_id.hex()}+{b64(self.data)}"

    def sign(self, message):
        return self.private.sign(message)

    def line(self, text):
        return f"— {self.name} {b64(self.key_id + self.sign(text.encode()))}\n"

    def cosign(self, text, time):
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        proof = self.key_id + time.to_bytes(8) + self.sign(message)
        return f"— {self.name} {b64(proof)}\n"
