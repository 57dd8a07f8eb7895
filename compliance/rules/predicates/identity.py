"""Whether the supplier is who it says it is (Data Security Law, article 33)."""

from compliance.rules.verdicts import Inputs, Verdict, failed, passed
from compliance.scanner.patterns import uscc


def supplier_code_is_valid(inputs: Inputs) -> Verdict:
    """The unified social credit code carries its check character.

    Where it was registered is not looked up: that is for the scanner, which has to guess.
    """
    code = inputs["supplier.uscc"]
    if code is None:
        return failed(reason="no credit code is on file")
    is_code = len(uscc.candidates(code)) == 1 and uscc.check_character(code[:17]) == code[17]
    return passed(uscc=code) if is_code else failed(uscc=code)


def supplier_is_verified(inputs: Inputs) -> Verdict:
    """The identity was verified, as a supplier, and the verification has not lapsed."""
    until, at = inputs["supplier.verified_until"], inputs["at"]
    if until is None:
        return failed(reason="the identity was never verified")
    if inputs["supplier.is_supplier"] is not True:
        return failed(reason="the organisation is not verified as a supplier")
    return passed(verified_until=until) if at < until else failed(verified_until=until, at=at)
