"""Evidence: checkpoint, anchor, invoice, bundle, whole log; all checked by `counterfoil-verify`."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo.http import Client, Surprise
from demo.installation import ROOT
from demo.patience import wait_for
from demo.world import World

ANCHORED = ("mined", "final")


def verify(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Run the independent verifier; its exit code and report."""
    report = folder / "verifier-report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "counterfoil_verify", *arguments, "--json", str(report)]
    finished = subprocess.run(
        command, cwd=ROOT / "verifier", env=environment, capture_output=True, text=True, check=False
    )
    if not report.exists():
        message = f"{' '.join(arguments)}: {finished.stdout}{finished.stderr}"
        raise Surprise(message)
    return finished.returncode, json.loads(report.read_text(encoding="utf-8"))


def insist(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """The report of a verification that must pass."""
    code, report = verify(folder, *arguments, environment=environment)
    if code != 0 or not report["passed"]:
        message = f"counterfoil-verify {arguments[0]} rejected: {report}"
        raise Surprise(message)
    return report


def keep_keys(world: World, folder: Path) -> tuple[str, str]:
    """Keep the log's public keys, as a buyer does once; the option that trusts them."""
    path = folder / "keys.json"
    path.write_bytes(world.anybody.expect("GET", "/log/keys", 200).body)
    return "--keys", str(path)


def wait_for_checkpoint(world: World) -> int:
    """Wait until every entry is under a signed checkpoint; the tree size."""

    def everything_published() -> int:
        status = world.anybody.get("/v1/log-status")
        is_done = (
            status["unsequenced_count"] == 0 and status["published_size"] == status["tree_size"]
        )
        return status["tree_size"] if is_done else 0

    size: int = wait_for("publication of every entry", everything_published)
    return size


def wait_for_anchor(world: World, size: int) -> dict[str, Any]:
    """Wait until a head of at least that size is on chain; the anchor."""

    def newest() -> dict[str, Any] | None:
        for anchor in world.anybody.get("/v1/anchors")["items"]:
            if anchor["state"] in ANCHORED and anchor["tree_size"] >= size:
                found: dict[str, Any] = anchor
                return found
        return None

    anchor: dict[str, Any] = wait_for("an anchor on chain", newest)
    return anchor


def issue_invoice(world: World, folder: Path) -> dict[str, Any]:
    """The invoice of the airports licence, with its evidence on disk."""
    now = datetime.now(UTC)  # noqa: TID251 -- the buyer's own clock
    period = {"from": (now - timedelta(days=1)).isoformat(), "until": now.isoformat()}
    invoice = world.buyer.client.post(
        "/v1/invoices", {"licence_id": world.airports.licence_id, **period}
    )
    wait_for_checkpoint(world)
    evidence: dict[str, Any] = world.buyer.client.get(f"/v1/invoices/{invoice['id']}/evidence")
    (folder / "invoice.json").write_text(json.dumps(evidence), encoding="utf-8")
    return evidence


def fetch_bundle(world: World, client: Client, path: Path) -> None:
    """The evidence bundle of the airports licence."""
    body = {"licence_id": world.airports.licence_id}
    answer = client.expect("POST", "/v1/evidence-bundles", 200, body=body)
    path.write_bytes(answer.body)


def refuse_altered_bundle(folder: Path, bundle: Path) -> str:
    """One changed byte in the middle is found; the step that found it."""
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    altered = folder / "altered-bundle.zip"
    altered.write_bytes(data)
    code, report = verify(folder, "bundle", str(altered))
    altered.unlink()
    failed = [step["name"] for step in report["steps"] if not step["ok"]]
    if code == 0 or not failed:
        message = "an altered bundle was accepted"
        raise Surprise(message)
    return str(failed[0])
