"""Receipts in CBOR: the encoding is the deterministic one, and another's reader gives it back."""

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.cose_receipts import encode_cbor, make_cose_receipt
from ledger.log.tree.proofs import LedgerProof
from tests.unit.log.log_factory import ORIGIN, log_keys

SIGNER = log_keys().checkpoint
WHOLE, COUNT = st.integers(-(2**64), 2**64 - 1), st.integers(0, 2**64 - 1)
"""Keys are counts: of others, the reader's order is that of RFC 7049."""
VALUES = st.recursive(
    st.none() | WHOLE | st.binary(max_size=300) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(COUNT, inner, max_size=30),
    max_leaves=40,
)


@given(VALUES)
def test_it_is_deterministic_cbor_that_another_reader_gives_back(value):
    encoded = encode_cbor(value)
    assert cbor2.loads(encoded) == value
    assert encoded == cbor2.dumps(value, canonical=True)


def test_a_receipt_has_the_members_of_rfc_9942_and_no_payload():
    head = Checkpoint(ORIGIN, 7, b"r" * 32)
    proof = LedgerProof(3, (b"a" * 32, b"b" * 32), sign_checkpoint(head, [SIGNER]))
    tag = cbor2.loads(make_cose_receipt(proof, SIGNER))
    protected, unprotected, payload, signature = tag.value
    assert tag.tag == 18
    assert cbor2.loads(protected) == {1: -8, 4: ORIGIN.encode(), 395: 1}
    (inclusion,) = unprotected[396][-1]
    assert cbor2.loads(inclusion) == [7, 3, [b"a" * 32, b"b" * 32]]
    assert payload is None
    assert signature == SIGNER.sign(encode_cbor(["Signature1", protected, b"", b"r" * 32]))
