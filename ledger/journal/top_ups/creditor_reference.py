"""Structured creditor references (ISO 11649): a mistyped payment reference is noticed."""

BODY_LENGTH = 16
_MODULUS = 97


def creditor_reference(top_up_id: str) -> str:
    """``RF``, two check digits and the random half of the id, in upper case."""
    body = top_up_id[-BODY_LENGTH:].upper()
    check = 98 - _remainder(f"{body}RF00")
    return f"RF{check:02d}{body}"


def body_of(reference: str) -> str:
    """What of a reference is the end of an id, in upper case."""
    return reference[-BODY_LENGTH:]


def is_creditor_reference(text: str) -> bool:
    """Whether the check digits hold (ISO 7064 mod 97-10)."""
    if not (text.isascii() and text.isalnum() and text.startswith("RF")):
        return False
    return _remainder(text[4:] + text[:4]) == 1


def _remainder(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % _MODULUS
