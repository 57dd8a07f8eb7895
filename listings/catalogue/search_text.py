"""Words for the catalogue's search: character bigrams for Chinese, stems for English.

PostgreSQL's own parsers know no Chinese without an extension. Every Han character becomes a token
and every two neighbours another; both stand at the character's position, so that a longer text is
found as the phrase of its bigrams, and two characters always find.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

QUERY_TOKENS_MAX = 24
POSITION_MAX = 16_000
"""PostgreSQL caps positions at 16,383; what stands behind is found, but not as a phrase."""
VECTOR_BYTES_MAX = 900_000
"""PostgreSQL refuses a tsvector from 1 MiB on; the words behind this much find nothing."""
_LEXEME_BYTES = 4
_POSITION_BYTES = 2
_WORD_LENGTH_MAX = 40
_PARTED_MAX = 9
"""Bigrams of a run up to which it may be two words; a longer one is a sentence that was copied."""
_STOP = frozenset({"a", "an", "and", "by", "for", "in", "of", "on", "or", "the", "to", "with"})
_GAP = 5
"""Empty positions between two parts, so that no phrase spans them."""

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(rf"([{_HAN}]+)|([a-z0-9]+)")
_VOWEL = re.compile(r"[aeiouy]")
_STEM_LENGTH_MIN = 3
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")


def fold(text: str) -> str:
    """Full width to half, capitals to small, accents removed."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


def stem(word: str) -> str:
    """A small English stemmer: plural, -ing, -ed, silent e; the same for texts and queries."""
    singular = _without_plural(word)
    for suffix in ("ing", "ed"):
        base = singular.removesuffix(suffix)
        if base != singular and _is_stem(base):
            return _DOUBLED.sub(r"\1", base).removesuffix("e")
    return singular.removesuffix("e") if len(singular) > _STEM_LENGTH_MIN else singular


def _is_stem(base: str) -> bool:
    # "speed" and "bring" end like inflected words and are none.
    return len(base) >= _STEM_LENGTH_MIN and not base.endswith("e") and bool(_VOWEL.search(base))


def _without_plural(word: str) -> str:
    if len(word) <= _STEM_LENGTH_MIN or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > _STEM_LENGTH_MIN + 1 else word[:-1]
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


def _positioned(text: str, start: int) -> Iterable[tuple[str, int]]:
    """Tokens with their positions; a Han character advances by one, a word by one."""
    position = start
    for match in _RUN.finditer(fold(text)):
        run, word = match.groups()
        if word is not None:
            yield stem(word[:_WORD_LENGTH_MAX]), position
            position += 1
            continue
        for offset, character in enumerate(run):
            yield character, position + offset
            if offset + 1 < len(run):
                yield run[offset : offset + 2], position + offset
        position += len(run) + 1


def search_vector(parts: Sequence[tuple[str, str]]) -> str:
    """The text form of a tsvector from parts of (weight A–D, text).

    Tokens are letters, digits and Han characters only, so that nothing needs quoting rules.
    """
    places: dict[str, list[str]] = {}
    size = 0
    for token, place in _placed(parts):
        if token not in places:
            size += len(token.encode()) + _LEXEME_BYTES
        size += _POSITION_BYTES
        if size > VECTOR_BYTES_MAX:
            break
        places.setdefault(token, []).append(place)
    return " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())


def _placed(parts: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """The tokens of all parts, one part behind the other, each with its position and weight."""
    start = 1
    for weight, text in parts:
        last = start
        for token, position in _positioned(text, start):
            yield token, f"{min(position, POSITION_MAX)}{weight}"
            last = max(last, position)
        start = last + _GAP


def search_query(text: str) -> str:
    """The text form of a tsquery: every word, every Chinese run; empty when no word.

    Nobody writes a blank between two Chinese words, so a run is found as the phrase that it is and
    also as two phrases, wherever it is parted; what has the whole run has most of its tokens, and
    so the highest rank. At most `QUERY_TOKENS_MAX` tokens take part; more would only narrow what
    already is narrow.
    """
    terms: list[str] = []
    left = QUERY_TOKENS_MAX
    for run, word in _telling(_RUN.findall(fold(text))):
        tokens = [stem(word[:_WORD_LENGTH_MAX])] if word else _bigrams(run)[:left]
        left -= len(tokens)
        terms.append(" | ".join([_phrase(tokens), *_parted(tokens)]))
        if left <= 0:
            break
    return " & ".join(f"({term})" for term in terms)


def _phrase(tokens: Sequence[str]) -> str:
    return " <-> ".join(f"'{token}'" for token in tokens)


def _parted(bigrams: Sequence[str]) -> list[str]:
    """A run as two of two characters or more: without the bigram that stands across both."""
    if len(bigrams) > _PARTED_MAX:
        return []
    return [
        f"({_phrase(bigrams[:at])}) & ({_phrase(bigrams[at + 1 :])})"
        for at in range(1, len(bigrams) - 1)
    ]


def _telling(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without the words that stand everywhere, unless there are no others."""
    return [(run, word) for run, word in found if word not in _STOP] or found


def likeness_query(texts: Sequence[str]) -> str:
    """The text form of a tsquery that any shared word or bigram meets."""
    tokens: dict[str, None] = {}
    for run, word in _RUN.findall(fold(" ".join(texts))):
        tokens.update(dict.fromkeys([stem(word[:_WORD_LENGTH_MAX])] if word else _bigrams(run)))
    return " | ".join(f"'{token}'" for token in list(tokens)[:QUERY_TOKENS_MAX])


def _bigrams(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
