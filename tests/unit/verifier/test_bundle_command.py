"""`bundle`: ten steps over one archive, and what only shows when the parts are compared."""

import datetime as dt
import io
import json
import zipfile

import pytest
from counterfoil_verify.container import Container

from tests.vectors.exchange import START, Exchange
from tests.vectors.primitives import canonical

STEPS = [
    "container", "manifest", "files", "checkpoint", "receipts",
    "inclusion", "lanes", "invoices", "anchors", "log",
]  # fmt: skip


def run(desk, data, keys=True):
    return desk.run("bundle", desk.put("bundle.zip", data), keys=keys)


def test_a_bundle_passes_ten_numbered_steps(desk, exchange):
    outcome = run(desk, exchange.bundle(exchange.bundle_files("lic_a")))
    assert (outcome.code, outcome.passed_steps) == (0, STEPS)
    assert [step["number"] for step in outcome.report["steps"]] == list(range(1, 11))
    assert outcome.report["passed"] is True
    assert "6 inclusion: ok" in outcome.output


def test_without_keys_it_says_whose_keys_it_took(desk, exchange):
    outcome = run(desk, exchange.bundle(exchange.bundle_files("lic_a")), keys=False)
    assert outcome.code == 0
    assert "keys taken from the bundle: compare these fingerprints" in outcome.output
    assert outcome.report["keys"][0]["name"] == exchange.origin
    assert len(outcome.report["keys"]) == 3


def test_a_bundle_without_the_log_passes_too(desk, exchange):
    outcome = run(desk, exchange.bundle(exchange.bundle_files("lic_a", has_log=False)))
    assert outcome.code == 0
    assert "10 log: ok (no export)" in outcome.output


def test_a_receipt_missing_in_the_middle_is_a_gap(desk, exchange):
    files = exchange.bundle_files("lic_a")
    del files["receipts/lic_a-1-2.json"]
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "lanes")
    assert "1 is followed by 3" in outcome.output


def test_a_receipt_of_a_call_that_was_never_logged_contradicts_the_invoice(desk, exchange):
    """The buyer's own receipt, added by the buyer, above the invoice's closing number."""
    invoice = exchange.invoice("lic_a", ends_at=exchange.now + dt.timedelta(hours=1))
    lane = exchange.lanes["lic_a"][0]
    unlogged = exchange.call(lane)
    files = exchange.bundle_files("lic_a")
    files["invoices/inv_1.json"] = invoice
    outcome = run(desk, exchange.bundle(files))
    assert unlogged["index"] == len(exchange.entries) - 1
    assert (outcome.code, outcome.step) == (1, "invoices")
    assert "above the closing number" in outcome.output


def test_a_receipt_whose_leaf_was_due_needs_its_proof(desk, exchange):
    files = exchange.bundle_files("lic_a")
    for name in [name for name in files if name.startswith("proofs/")][-1:]:
        del files[name]
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "inclusion")


def test_a_receipt_whose_leaf_is_not_yet_due_may_wait(desk, exchange):
    files = exchange.bundle_files("lic_a", has_log=False)
    late = exchange.call(exchange.lanes["lic_a"][0])
    files["receipts/lic_a-1-5.json"] = exchange.receipt(late)
    exchange.now -= dt.timedelta(minutes=5)
    outcome = run(desk, exchange.bundle(files))
    assert outcome.code == 0
    assert "1 receipts not yet due" in outcome.output


def test_wrong_totals_in_the_first_receipt_are_found(desk):
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    exchange.call(lane, leaf={"total_units": 5})
    files = exchange.bundle_files("lic_a", has_log=False)
    del files["invoices/inv_1.json"]
    assert run(desk, exchange.bundle(files)).step == "lanes"


def drop_second_lane(invoice, evidence):
    invoice["lanes"].pop()
    evidence["lanes"].pop()
    evidence["lane_count"] -= 1
    invoice["units"] = invoice["lanes"][0]["units"]
    usage = int(invoice["lanes"][0]["amount"])
    charged = (usage + 500_000) // 1_000_000 * 1_000_000
    invoice["usage_amount"] = str(usage)
    invoice["charged_amount"] = invoice["total_amount"] = str(charged)
    invoice["rounding_amount"] = str(charged - usage)


def test_a_lane_dropped_from_a_well_summed_invoice_is_contradicted_by_its_receipts(desk, exchange):
    files = exchange.bundle_files("lic_a")
    files["invoices/inv_1.json"] = exchange.invoice("lic_a", change=drop_second_lane)
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "invoices")
    assert "its lane is not in the invoice" in outcome.output


def test_a_lane_dropped_where_no_receipt_tells_is_found_in_the_log(desk, exchange):
    files = {
        name: data
        for name, data in exchange.bundle_files("lic_a").items()
        if not name.startswith("receipts/lic_a-2")
    }
    files["invoices/inv_1.json"] = exchange.invoice("lic_a", change=drop_second_lane)
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "log")
    assert "shows 1 of 2 lanes" in outcome.output


def test_adjoining_invoices_follow_on(desk, exchange):
    """At the first one's end lane 2 had been opened and not yet used: billed with nothing."""
    middle = START + dt.timedelta(seconds=6)
    files = exchange.bundle_files("lic_a")
    files["invoices/inv_1.json"] = exchange.invoice("lic_a", ends_at=middle)
    files["invoices/inv_2.json"] = exchange.invoice("lic_a", "inv_2", middle)
    assert run(desk, exchange.bundle(files)).code == 0


def test_a_period_billed_twice_is_found(desk, exchange):
    files = exchange.bundle_files("lic_a")
    files["invoices/inv_2.json"] = exchange.invoice("lic_a", "inv_2")
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "invoices")
    assert "does not follow on" in outcome.output


def test_prepaid_packages_are_part_of_the_total(desk, exchange):
    def with_package(invoice, evidence):
        package = {"kind": "package", "order_id": "ord_1", "amount": "30000000000"}
        invoice["lines"] = [package]
        invoice["total_amount"] = str(int(invoice["charged_amount"]) + 30_000_000_000)

    data = exchange.invoice("lic_a", change=with_package)
    outcome = desk.run("invoice", desk.put("invoice.json", data))
    assert outcome.code == 0
    assert "302.81000000 CNY" in outcome.output


def test_two_checkpoints_of_one_size_and_two_roots_are_a_fork(desk, exchange):
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    files = exchange.bundle_files("lic_a")
    name = next(name for name in files if name.startswith("proofs/"))
    own, _, _ = files[name].partition(b"\n\n")
    files[name] = own + b"\n\n" + forked.checkpoint()
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "inclusion")
    assert "fork" in outcome.output


def test_an_anchor_ahead_of_the_checkpoint_is_a_rollback(desk, exchange):
    files = exchange.bundle_files("lic_a")
    files["anchors.json"] = canonical([{**exchange.anchor(7), "tree_size": 99}])
    outcome = run(desk, exchange.bundle(files))
    assert (outcome.code, outcome.step) == (1, "anchors")


@pytest.mark.parametrize(
    "changes",
    [{"status": "paid"}, {"contract": "0x"}, {"tree_size": -1}, {"block_hash": None},
     {"raw_transaction": "zz"}, {"chain_id": "1"}, {"root_hash": "ab"}],
)  # fmt: skip
def test_an_anchor_out_of_form_is_rejected(desk, exchange, changes):
    files = exchange.bundle_files("lic_a")
    files["anchors.json"] = canonical([{**exchange.anchor(7), **changes}])
    assert run(desk, exchange.bundle(files)).step == "anchors"


def test_an_anchor_still_planned_needs_no_place_on_chain(desk, exchange):
    files = exchange.bundle_files("lic_a")
    planned = {**exchange.anchor(7), "status": "planned", "block_hash": None}
    files["anchors.json"] = canonical([planned])
    assert run(desk, exchange.bundle(files)).code == 0


@pytest.mark.parametrize("name", ["keys.json", "checkpoint.txt"])
def test_a_bundle_lacking_a_part_that_every_bundle_has_is_rejected(desk, exchange, name):
    files = exchange.bundle_files("lic_a")
    del files[name]
    assert run(desk, exchange.bundle(files), keys=False).code == 1


def zipped(*names):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, b"x")
    return target.getvalue()


def test_plain_sorted_names_make_a_container():
    assert list(Container(zipped("a", "b/c", "b/d"))) == ["a", "b/c", "b/d"]


@pytest.mark.parametrize(
    "names",
    [["../up"], ["/root"], ["a//b"], ["ü"], ["a\\b"], [".hidden"], ["b", "a"], ["a", "a"]],
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_that_is_no_plain_sorted_path_is_rejected(desk, names):
    outcome = run(desk, zipped(*names))
    assert (outcome.code, outcome.step) == (1, "container")


def test_a_compressed_or_dated_archive_is_rejected(desk):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"x" * 100)
    assert run(desk, target.getvalue()).step == "container"


def test_a_missing_or_empty_file_is_told_apart_from_bad_evidence(desk):
    assert desk.run("bundle", desk.folder / "nowhere.zip").code == 3
    assert run(desk, b"").code == 1


def test_the_report_says_what_failed_and_why(desk, exchange):
    outcome = run(desk, exchange.bundle(exchange.bundle_files("lic_a")) + b"x")
    assert outcome.report["passed"] is False
    assert outcome.report["steps"] == [
        {
            "number": 1,
            "name": "container",
            "ok": False,
            "detail": "rejected: the file has another length when rebuilt",
        }
    ]
    assert json.dumps(outcome.report)
