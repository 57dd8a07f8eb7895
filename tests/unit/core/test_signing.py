"""Signatures: the vectors of RFC 8032, and what another library makes of the same key."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.core.signing import Ed25519Signer

RFC_8032 = [  # section 7.1: seed, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_standard_come_out(seed, public, message, signature):
    signer = Ed25519Signer.from_seed("key", bytes.fromhex(seed))
    assert signer.public_key.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300))
def test_another_library_makes_the_same_bytes(seed, message):
    other = Ed25519PrivateKey.from_private_bytes(seed)
    assert Ed25519Signer.from_seed("key", seed).sign(message) == other.sign(message)


def test_a_fresh_key_is_another_one_each_time():
    assert Ed25519Signer.generate("key").public_key != Ed25519Signer.generate("key").public_key
