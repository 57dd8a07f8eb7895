"""The check digit of cards and devices (ISO/IEC 7812-1, annex B)."""


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit  # noqa: PLR2004 - the digits of a two-digit sum
    return total % 10 == 0
