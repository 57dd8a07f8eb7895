"""The lines written out for the hot path are those of the posting template."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.books.call_books import lines_of
from ledger.journal.books.postings import accrue_calls
from metering.ports import CallRun

amounts = st.integers(min_value=1, max_value=10**12)


@st.composite
def splits(draw):
    """Basis points of supplier, up to three further suppliers, commission and tax, in any order."""
    names = ["supplier", "commission", "tax"]
    names += [f"supplier:org_{number}" for number in range(draw(st.integers(0, 3)))]
    cuts = sorted(draw(st.integers(0, 10_000)) for _ in names[1:])
    ends = zip([0, *cuts], [*cuts, 10_000], strict=True)
    parts = [end - start for start, end in ends]
    return dict(draw(st.permutations(list(zip(names, parts, strict=True)))))


@given(amounts, st.integers(0, 10**12), splits())
def test_lines_are_those_of_the_template(amount, before, split):
    run = CallRun(
        lane_id="lan_1",
        licence_id="lic_1",
        buyer_id="org_buyer",
        supplier_id="org_supplier",
        currency="CNY",
        lease_id="lse_1",
        first_n=1,
        last_n=3,
        amount=amount,
        total_amount_before=before,
        split=split,
    )
    draft = accrue_calls(
        reference="lan_1:1-3",
        buyer_id="org_buyer",
        supplier_id="org_supplier",
        amount=amount,
        total_amount_before=before,
        currency="CNY",
        split=split,
    )
    assert lines_of(run) == [(line.account_id, line.amount) for line in draft.postings]
