"""Invoice evidence checked from checkpoint to sums, where no step is told by itself."""

from counterfoil_verify.keys import Keyring
from counterfoil_verify.log.succession import Opener, check_links
from counterfoil_verify.money import invoices


def check_invoice(evidence: invoices.InvoiceEvidence, keyring: Keyring, open_note: Opener) -> None:
    """Every check of invoice evidence at once; Rejected where one fails."""
    checkpoint = open_note(evidence.checkpoint)
    earlier = check_links(checkpoint, evidence.predecessors, open_note)
    invoices.check_signature(evidence, keyring, checkpoint.origin, earlier)
    invoices.check_inclusions(evidence, checkpoint.head, earlier)
    invoices.check_lanes(evidence)
    invoices.check_sums(evidence)
