"""The story in order; each step is one sentence and insists on what it says."""

from pathlib import Path
from typing import Any

from app.core.money import format_amount
from demo import listing, onboarding, proving, trading, using
from demo.calls import Call, Vault, call
from demo.http import Client, Surprise
from demo.report import Report
from demo.world import World


def tell(world: World, report: Report, folder: Path) -> None:
    """Everything, step by step; raises at the first surprise."""
    _list_and_trade(world, report)
    vault = Vault(folder / "receipts")
    _use(world, report, vault)
    _prove(world, report, vault, folder)
    _revoke_and_audit(world, report, vault, folder)


def _list_and_trade(world: World, report: Report) -> None:
    with report.step("the exchange opens: staff with second factors"):
        onboarding.open_the_exchange(world)
    with report.step("supplier and buyer register and are verified by somebody else"):
        onboarding.register_parties(world)
    with report.step("the supplier submits two products"):
        listing.submit_products(world)
    with report.step("a product that hides an identity number is sent back by the rules"):
        listing.find_undisclosed_identity_number(world)
    with report.step(
        "the upstream is probed; two reviewers register each product, a third person lists it"
    ):
        listing.review_products(world)
    with report.step("the catalogue finds them in Chinese and English"):
        listing.find_in_catalogue(world)
    with report.step("the buyer tops up; two operators confirm"):
        trading.top_up(world)
    with report.step("no order without a scenario; two scenarios are approved"):
        trading.declare_scenarios(world)
    with report.step("two orders become agreements, licences and entitlements"):
        trading.place_orders(world)
        trading.issue_keys(world)


def _use(world: World, report: Report, vault: Vault) -> None:
    with report.step(f"{using.CALLS} metered calls, the gateway killed -9 in the middle"):
        using.make_calls(world, vault)
        report.figures["calls"] = sum(vault.statuses.values())
        report.figures["retries_after_the_kill"] = vault.retries_count
    with report.step("every hit charged once, no receipt missing, failures free"):
        charged = using.check_receipts_are_gapless(vault)
    with report.step("a retry under the same key is answered the same and charged once"):
        using.retry_under_the_same_key(world, vault)
        report.figures["charged_calls"] = charged + 1
    with report.step("a package of twenty sells twenty calls"):
        using.use_up_package(world, vault)
    with report.step("the wallet lacks exactly what was used"):
        report.figures["usage_amount"] = using.check_balance(world, charged + 1)


def _prove(world: World, report: Report, vault: Vault, folder: Path) -> None:
    figures = report.figures
    with report.step("every call is under a signed checkpoint"):
        size = proving.wait_for_checkpoint(world)
    with report.step("the checkpoint's head is anchored on chain"):
        anchor = proving.wait_for_anchor(world, size)
        figures["anchor"] = {
            "chain_id": anchor["chain_id"],
            "contract": anchor["contract"],
            "tree_size": anchor["tree_size"],
            "transaction": anchor["transaction_hash"],
        }
    with report.step("one receipt is verified on its own, with the body that came with it"):
        keys = proving.keep_keys(world, folder)
        stem = vault.folder / "00001"
        body = str(stem.with_suffix(".body"))
        proving.insist(folder, "receipt", str(stem.with_suffix(".json")), "--body", body, *keys)
    with report.step("the invoice is two leaves a lane, and verifies"):
        evidence = proving.issue_invoice(world, folder)
        _check_invoice(evidence["invoice"], figures["usage_amount"])
        figures["invoice_amount"] = _yuan(evidence["invoice"]["charged_amount"])
        proving.insist(folder, "invoice", str(folder / "invoice.json"), *keys)
        figures["invoice_verified"] = True


def _check_invoice(invoice: dict[str, Any], usage_amount: str) -> None:
    if _yuan(invoice["usage_amount"]) != usage_amount:
        message = f"the invoice says {invoice['usage_amount']}, the receipts {usage_amount}"
        raise Surprise(message)


def _yuan(units: str) -> str:
    return format_amount(int(units))


def _revoke_and_audit(world: World, report: Report, vault: Vault, folder: Path) -> None:
    figures = report.figures
    with report.step("revoked: the very next call is refused"):
        figures["revoked_call_status"] = _revoke(world)
    with report.step("the evidence bundle verifies offline"):
        size = proving.wait_for_checkpoint(world)
        proving.wait_for_anchor(world, size)
        bundle = folder / "evidence.zip"
        proving.fetch_bundle(world, world.buyer.client, bundle)
        keys = proving.keep_keys(world, folder)
        checked = proving.insist(folder, "bundle", str(bundle), *keys)
        figures["bundle"] = str(bundle)
        figures |= _counts(checked, vault, world)
    with report.step("one changed byte anywhere in the bundle is found"):
        figures["altered_bundle_refused_at"] = proving.refuse_altered_bundle(folder, bundle)
    with report.step("an auditor re-hashes the whole log over HTTP"):
        token = world.staff_client("auditor").token or ""
        environment = world.installation.environment | {"COUNTERFOIL_TOKEN": token}
        audited = proving.insist(folder, "log", world.base_url, *keys, environment=environment)
        figures["log_verified"] = audited["passed"]
    with report.step("the chain holds the log's head"):
        checkpoint = folder / "checkpoint.txt"
        checkpoint.write_bytes(world.anybody.expect("GET", "/log/checkpoint", 200).body)
        chain = ("--rpc", world.installation.chain_url, "--contract", figures["anchor"]["contract"])
        held = ("--checkpoint", str(checkpoint), "--log", world.base_url)
        proving.insist(folder, "chain", *chain, *held, *keys)


def _revoke(world: World) -> int:
    trade = world.airports
    world.staff_client("risk-officer").post(
        f"/v1/licences/{trade.licence_id}/revocation", {"reason_code": "BREACH"}
    )
    client = Client(world.base_url, trade.key)
    answer, _ = call(client, Call(f"/data/{trade.listing_code}?icao=ZSPD", "after-revocation"))
    if answer.status != 403:
        message = f"a revoked licence was answered {answer.status}"
        raise Surprise(message)
    return answer.status


def _counts(checked: dict[str, Any], vault: Vault, world: World) -> dict[str, int]:
    """The verifier's own counts, which must be the buyer's."""
    held = sum(leaf["licence"] == world.airports.licence_id for leaf in vault.leaves())
    counts = {
        "receipts_verified": checked["counts"]["receipts"],
        "inclusion_proofs_verified": checked["counts"]["inclusion_proofs"],
    }
    if counts["receipts_verified"] != held:
        message = f"the bundle has {counts}, the buyer holds {held} receipts"
        raise Surprise(message)
    return counts
