"""Words as the lexical index sees them: normalised, stemmed, and segmented if written without spaces.

One rule for articles and questions alike, decided script by script, so that an article in any
language can be searched without knowing its language beforehand.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

import Stemmer

# Han, kana and Thai are written without spaces; everything else is words of letters and digits.
# Combining marks belong to the word (Devanagari and Arabic vowel signs are not in `\w`).
_HAN_KANA = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\u31f0-\u31ff\U00020000-\U0003ffff"
_THAI = "\u0e00-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u0652\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
_WORD = re.compile(
    rf"(?P<han>[{_HAN_KANA}]+)|(?P<thai>[{_THAI}]+)"
    rf"|(?P<word>(?:[^\W_{_HAN_KANA}{_THAI}]|[{_MARKS}])+)"
)
# The same for texts without such a script, and for plain ASCII, which is faster.
_UNSPACED = re.compile(f"[{_HAN_KANA}{_THAI}]")
_SPACED_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
_ASCII_WORD = re.compile("[a-z0-9]+")
_STEMMER_OF_SCRIPT = (
    (re.compile("[a-z]"), "english"),
    (re.compile("[\u0400-\u04ff]"), "russian"),
    (re.compile("[\u0370-\u03ff]"), "greek"),
    (re.compile("[\u0600-\u06ff]"), "arabic"),
    (re.compile("[\u0900-\u097f]"), "hindi"),
)
# What is written as one: ERR-1042, 10.4.2, C#, C++, .NET.  Hyphens between words alone join no name.
_LETTER = rf"[^\W_{_HAN_KANA}{_THAI}]"
_IDENTIFIER = re.compile(
    rf"(?<!{_LETTER})(?:(?<![^\s(\[\"'])\.[a-z]{{2,20}}|[a-z]{{1,3}}(?:#|\+\+)"
    rf"|[a-z0-9]{{1,20}}(?:[-._/:][a-z0-9]{{1,20}}){{1,6}})(?!{_LETTER})"
)
_MAY_BE_IDENTIFIER = re.compile(r"\d[-._/:]|[-._/:]\d|[a-z](?:#|\+\+)|(?:^|[\s(\[\"'])\.[a-z]")
# "15-minute" and "mid-1990s" are words beside numbers, written together or apart.
_NO_IDENTIFIER = re.compile(r"\d+(?:\.\d+)?-[a-z]{2,}|(?:mid|pre|post|early|late|non|anti)-")
_JOINT = re.compile(r"(?<=[a-z])[-_/:](?=\d)|(?<=\d)[-_/:](?=[a-z])")
_VERSION_MARK = re.compile(r"v\.?(?=\d+\.)")
_DIGIT_GROUPS = re.compile(r"(?<=\d)[,\u202f\u00a0](?=\d{3}(?!\d))")
_GROUP_MARK = re.compile("[,\u202f\u00a0]")
_local = threading.local()

# Letters of the prefix that is indexed beside a word's stem.  See RESULTS.md, "Constants".
PREFIX_CHARS = 4


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order, repeats included."""
    if text.isascii():
        folded, words = _without_groups(text.lower()), _ascii_words
    else:
        folded = _without_groups(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))
        words = _words_and_characters if _UNSPACED.search(folded) else _spaced_words
    if not _MAY_BE_IDENTIFIER.search(folded):
        return words(folded)
    found: list[str] = []
    start = 0
    for match in _IDENTIFIER.finditer(folded):
        whole = _whole(match.group())
        if whole is not None:
            found += [*words(folded[start : match.end()]), whole]
            start = match.end()
    return found + words(folded[start:])


def _ascii_words(folded: str) -> list[str]:
    return _of_words(_ASCII_WORD.findall(folded))


def _spaced_words(folded: str) -> list[str]:
    return _of_words(_SPACED_WORD.findall(folded))


def _words_and_characters(folded: str) -> list[str]:
    found: list[str] = []
    for match in _WORD.finditer(folded):
        run = match.group()
        if match.lastgroup == "han":
            # Single characters and pairs need no dictionary.  See RESULTS.md, "Constants".
            found.extend(run)
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        elif match.lastgroup == "thai":
            found.extend(run[i : i + 3] for i in range(max(1, len(run) - 2)))
        else:
            found.extend(_word_terms(run))
    return found


def _without_groups(folded: str) -> str:
    """Return numbers without the marks between their thousands."""
    return _DIGIT_GROUPS.sub("", folded) if _GROUP_MARK.search(folded) else folded


def _whole(identifier: str) -> str | None:
    """Return the one term that an identifier is beside its parts; None for words that are merely joined.

    ERR-1042 is the same as ERR1042, and v10.4.1 the same as 10.4.1; 10.4 is neither 10.4.2 nor 104.
    """
    if identifier[0] == "." or identifier[-1] in "#+":
        return identifier
    if not any(map(str.isdigit, identifier)) or _NO_IDENTIFIER.match(identifier):
        return None
    return _stem(_JOINT.sub("", _VERSION_MARK.sub("", identifier)))


def _of_words(words: Iterable[str]) -> list[str]:
    return list(chain.from_iterable(map(_word_terms, words)))


@lru_cache(maxsize=200_000)
def _word_terms(word: str) -> tuple[str, ...]:
    """Return the stem, and for longer words a prefix beside it, marked so that it meets only prefixes.

    The prefix stands in for the stemmers of languages written in Latin letters, which nobody has
    to guess this way, and it forgives a misspelt ending.
    """
    stem = _stem(word)
    if len(word) <= PREFIX_CHARS:
        return (stem,)
    return (stem, "^" + word[:PREFIX_CHARS])


def _stem(word: str) -> str:
    for script, language in _STEMMER_OF_SCRIPT:
        if script.search(word):
            stemmers = _local.__dict__
            if language not in stemmers:
                stemmers[language] = Stemmer.Stemmer(language)
            return str(stemmers[language].stemWord(word))
    return word
