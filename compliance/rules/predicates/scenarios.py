"""No trade without a scenario: the listing says for which purposes one may be approved."""

from compliance.rules.verdicts import Inputs, Verdict, failed, passed_unless
from compliance.terms.purposes import CODES


def purposes_are_offered(inputs: Inputs) -> Verdict:
    """At least one purpose of the tree is allowed, and every allowed one is in the tree."""
    offered = inputs["product.purposes"] or []
    if not offered:
        return failed(reason="no purpose is allowed, so no scenario could ever be approved")
    return passed_unless(sorted(set(offered) - CODES), purposes=sorted(offered))
