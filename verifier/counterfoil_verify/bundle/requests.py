"""What buyers signed, in a bundle: shown for each call that claims it, and no signature twice."""

from counterfoil_verify.container import Container
from counterfoil_verify.errors import require
from counterfoil_verify.keys import Keyring
from counterfoil_verify.leaves import SIGNED
from counterfoil_verify.receipts import UsageReceipt
from counterfoil_verify.signed_parameters import check_parameters
from counterfoil_verify.signed_requests import (
    BYTES_MAX,
    check_commitment,
    check_request,
    check_signature,
    parse_signed_request,
)

FOLDER = "signed-requests/"
STEP = "receipts"


class SignedCalls:
    """Counts the calls of a bundle that their buyers signed, and those that only claim it."""

    def __init__(self) -> None:
        self.signed_count = 0
        self.disputed_count = 0
        """Calls whose leaf claims a signature that is neither shown nor erased."""
        self.untrusted: set[str] = set()
        """Fingerprints of keys that made signatures and are not among the trusted ones."""
        self._nonces: dict[tuple[str, str], str] = {}

    def check(self, container: Container, receipt: UsageReceipt, keyring: Keyring) -> None:
        """What the buyer signed for the call; a key that nobody named is told, not refused."""
        point = receipt.call.point
        name = f"{FOLDER}{point.licence}-{point.lane}-{point.n}.json"
        if name not in container:
            claims = SIGNED in receipt.call.leaf.record.members and not receipt.is_erased
            self.disputed_count += claims
            return
        request = parse_signed_request(container.read(name, BYTES_MAX))
        key = check_signature(request, [*keyring.buyers, request.key])
        check_request(request, receipt)
        check_parameters(request, receipt)
        check_commitment(request, receipt)
        if key not in keyring.buyers:
            self.untrusted.add(key.fingerprint)
        nonce = point.licence, request.parameter("nonce")
        before = self._nonces.setdefault(nonce, name)
        require(before == name, STEP, f"{name}: the request stands behind {before} already")
        self.signed_count += 1

    def finish(self, container: Container) -> str:
        """A line about them; Rejected where something signed belongs to no receipt."""
        shown = sum(1 for _ in container.below(FOLDER))
        require(shown == self.signed_count, STEP, "a signed request without its receipt")
        told = []
        if self.signed_count:
            told.append(f"{self.signed_count:,} signed by their buyer")
        if self.untrusted:
            told.append(f"by keys that you did not name: {', '.join(sorted(self.untrusted)[:5])}")
        if self.disputed_count:
            told.append(f"{self.disputed_count:,} in dispute: a signature is claimed, not shown")
        return "".join(f", {each}" for each in told)
