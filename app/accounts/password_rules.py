"""Which passwords are taken (after NIST SP 800-63B: long, not about oneself, no composition)."""

import unicodedata

from app.accounts.errors import WeakPassword

LENGTH_MIN = 12
LENGTH_MAX = 128
_DISTINCT_MIN = 6
_CONTEXT_LENGTH_MIN = 5
_LENGTH = f"{LENGTH_MIN} to {LENGTH_MAX} characters"
_VARIETY = f"at least {_DISTINCT_MIN} different characters"
# What guessers try first among texts that are long enough for us; their digits vary.
_COMMON = ("password", "qwerty", "12345678", "letmein", "counterfoil", "woaini", "iloveyou")
_COMMON_REMAINDER_MAX = 6


def normalise_password(password: str) -> str:
    """The same text however it was typed (NFC), so that two keyboards give one hash."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *, email: str, organisation_name: str) -> None:
    """Raise `WeakPassword` naming the rule; the password itself is in no message."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise WeakPassword(rule=_LENGTH)
    if len(set(password)) < _DISTINCT_MIN:
        raise WeakPassword(rule=_VARIETY)
    folded = password.casefold()
    if any(word in folded for word in _context(email, organisation_name)):
        raise WeakPassword(rule="not containing the e-mail address or the organisation's name")
    if any(_is_common(folded, word) for word in _COMMON):
        raise WeakPassword(rule="not a variation of what is guessed first")


def _context(email: str, organisation_name: str) -> list[str]:
    words = [email, email.partition("@")[0], organisation_name]
    return [word.casefold() for word in words if len(word) >= _CONTEXT_LENGTH_MIN]


def _is_common(folded: str, word: str) -> bool:
    return word in folded and len(folded.replace(word, "")) <= _COMMON_REMAINDER_MAX
