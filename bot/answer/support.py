"""Whether sentences bear out another, as far as words can show it.

A sentence is borne out if it says nothing that the others do not: their numbers, names, codes and
addresses to the letter, their negations, doubts and speakers, and hardly a word of its own.  What words
alone cannot show is two names or numbers of one sentence that have swapped places.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from index.common_terms import smoothed_idf
from index.terms import terms

# Share of the content terms of a sentence that the cited ones must hold.  See RESULTS.md, "Constants".
LEAST_COVERAGE = 0.8
# In other languages "and" and "the" count as content, and a rare word is not told from a common one.
LEAST_COVERAGE_ELSEWHERE = 0.9
# "Yes." and "Half." cannot be held against anything.
LEAST_TERMS = 2
# Beyond it, English prose may add only words as common as "company" or "known": those that at
# least 1 % of passages of an encyclopaedia hold.  A rarer one is news: "illegally", "bankrupt".
COMMON_IDF = 4.45
# An English sentence has this share of the words below; without it their absence says nothing.
ENGLISH_SHARE = 0.2

_FUNCTION_WORDS = frozenset(
    "a an the and or nor but if as at by for from in into of on onto to with within without than then"
    " that this these those there here which who whom whose what when where while why how is are was"
    " were be been being am has have had having do does did done it its he him his she her hers they"
    " them their theirs we us our you your i me my also both each either such so too very own per via"
    " about between among during through because although though however whether since until once again"
    " well just even still yet".split()
)
# Exchanging one of these turns a statement round, so they count to the letter, as numbers do.
_LITERAL_WORDS = (
    "rise rose risen fall fell fallen grow grew grown shrink shrank increase decrease drop gain lose"
    " lost win won more less fewer most least better worse best worst before after since until above"
    " below over under up down early earlier late later first last next previous former current old new"
    " high higher highest low lower lowest large larger largest big bigger biggest small smaller"
    " smallest fast slow strong weak buy bought sell sold join leave left enter start begin began begun"
    " end stop open close accept reject approve refuse allow ban permit forbid support oppose agree"
    " disagree attack defend kill death destroy always often sometimes rarely all every only some"
    " many few several success succeed fail profit debt true false right wrong good bad free public"
    " private legal illegal same different without against unlike north south east west exclude separate"
    " divide unite"
)
_NEGATIONS = frozenset(
    "not no never none neither nor nobody nothing nowhere without cannot hardly scarcely barely unable"
    " deny denied denies denial decline declined declines refuse refused refuses reject rejected rejects"
    " fail failed fails lack lacks lacked nicht kein keine keinen keiner nie niemals ohne ne pas jamais"
    " sans ni nunca jamás sin não nem sem nu niciodată fără не нет ни никогда без δεν δε μη μην ποτέ"
    " χωρίς değil yok hiç hiçbir không chẳng chưa لا لم لن ليس ليست غير بدون".split()
)
_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
_NEGATED = re.compile(r"[不没沒未無无非莫]|ไม่|ない|ません|नहीं|बिना")
# What is planned, possible or somebody's word is no fact; prose must not make it one.
_DOUBTS = (
    "may might could would should will shall possible possibly perhaps probable probably likely"
    " unlikely presumably apparent apparently seem seems seemingly reportedly allegedly supposedly"
    " expect expected plan plans planned intend intended hope hopes aim aims aimed want wants wanted"
    " seek seeks sought try tries tried trying consider considering propose proposed prepare preparing"
    " potential potentially if rumour rumor"
)
_SAYINGS = (
    "say says said saying tell tells told claim claims claimed allege alleged argue argues argued"
    " believe believes believed think thinks thought suggest suggests insist insists insisted estimate"
    " estimates estimated accuse accused according report reports reported cite cites citing quote"
    " quoted write writes wrote answer answers reply replies replied respond responds output print"
    " repeat"
)
_NUMBER_WORDS = {  # -> how they are counted; what "half" and "third" are worth is left to the reader
    **{word: str(value) for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen".split())},
    **{word: str(10 * value) for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)},
    **{word: word for word in (
        "hundred thousand million billion trillion half halves third quarter dozen twice double triple second"
        " fourth fifth sixth seventh eighth ninth tenth").split()},
    **{word: "$" for word in ("dollar", "dollars")},
    **{word: "€" for word in ("euro", "euros")},
}  # fmt: skip
_SCALE = r"%|per ?cent\b|hundred\b|thousand\b|million\b|billion\b|trillion\b|bn\b|mn?\b|k\b|[百千万萬亿億兆]+"
_DIGITS = re.compile(rf"((?:(?<![\w.])[-−])?\d+(?:[.,]\d+)*)(?:[ -]?({_SCALE}))?")
_HAN_NUMBER = re.compile(r"[一二三四五六七八九十百千万萬亿億兆两兩半零〇]+")
_GROUPED = re.compile(r"(?<=\d)[,\u00a0\u202f\u066c](?=\d{3}(?!\d))")
_UNIT = re.compile(r"\d\s+([^\W\d_]{2,})")
_WORD = re.compile(r"[^\W_]+")
# Addresses, codes and handles: a mark between letters, or in front of them.
_CODE = re.compile(r"\S*[^\W_][@:/\\.#_~=+&]+[^\W_]\S*|[@#]\w+")
_EDGES = " .,;:!?…。！？\"“”'‘’«»()"


def supports(sentence: str, cited: Sequence[str]) -> bool:
    """Return whether `cited` bear out `sentence`, all of them together, as far as words can show it."""
    source = " ".join(cited)
    said, held = _stems(sentence), _stems(source)
    content = {term for term in said - _FUNCTION_STEMS - _NUMBER_STEMS if not term.isdecimal()}
    new = content - held
    english = _is_english(sentence)
    least = LEAST_COVERAGE if english else LEAST_COVERAGE_ELSEWHERE
    return (
        len(content) >= LEAST_TERMS
        and len(content) - len(new) >= least * len(content)
        and not (english and any(smoothed_idf(term, 0, 0) > COMMON_IDF for term in new))
        and _numbers(sentence) <= _numbers(source)
        and _units(sentence) <= held | _units(source)
        and _names(sentence) <= _words(source)
        and all(code in source.casefold() for code in _codes(sentence))
        and not (said - held) & _LITERAL_STEMS
        and _is_negated(sentence) == _is_negated(source)
        and all(said & kind for kind in _KINDS_OF_STANCE if held & kind)
        and (len(cited) == 1 or _belong_together(sentence, cited))
    )


def _stems(text: str) -> frozenset[str]:
    full = _POSSESSIVE.sub("", _NOT.sub(" not", text))
    return frozenset(term for term in terms(full) if not term.startswith("^"))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _names(text: str) -> frozenset[str]:
    """Return words with a capital, folded; not the ordinary word that opens a sentence."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text))
    if words and words[0].casefold() in _FUNCTION_WORDS and not (len(words[0]) > 1 and words[0].isupper()):
        words = words[1:]
    return frozenset(part for word in words if word != word.lower() for part in _words(word))


def _codes(text: str) -> Iterator[str]:
    found = (match.group().strip(_EDGES).casefold() for match in _CODE.finditer(text))
    return (code for code in found if any(character.isalpha() for character in code))


def _numbers(text: str) -> Counter[str]:
    """Return numbers with their scale, in digits or in words, and the signs of currencies.

    Counted, because a number that was changed is often one that stands elsewhere in the sentence.

    >>> sorted(_numbers("Two of 1,600 cars cost $5 million, or 31.5 per cent"))
    ['$', '1600', '2', '31.5 %', '5 million']
    """
    folded = _folded(text)
    found = Counter(_number(match) for match in _DIGITS.finditer(folded))
    rest = _DIGITS.sub(" ", folded)
    found.update(run for run in _HAN_NUMBER.findall(rest) if run != "一")  # also "a" and "together"
    found.update(_NUMBER_WORDS[word] for word in _WORD.findall(rest) if word in _NUMBER_WORDS)
    found.update(character for character in rest if character in "$€£¥₹")
    return found


def _number(match: re.Match[str]) -> str:
    value = match[1].replace("−", "-").replace(",", ".")
    scale = re.sub(r"per ?cent", "%", match[2] or "")
    return f"{value} {scale}".rstrip()


def _units(text: str) -> frozenset[str]:
    """Return the unit after a number: changing it changes the number."""
    found = (stem for word in _UNIT.findall(_folded(text)) for stem in _stems(word))
    return frozenset(found) - _FUNCTION_STEMS - _NUMBER_STEMS


def _folded(text: str) -> str:
    """Return digits of any script as ASCII, without marks between their groups."""
    ascii_digits = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)
    folded = _GROUPED.sub("", ascii_digits).replace("\u066b", ".")
    return unicodedata.normalize("NFKC", folded).casefold()


def _is_negated(text: str) -> bool:
    return not _NEGATIONS.isdisjoint(_words(_NOT.sub(" not", text))) or _NEGATED.search(text) is not None


def _is_english(text: str) -> bool:
    words = [word.casefold() for word in _WORD.findall(text)]
    return sum(word in _FUNCTION_WORDS for word in words) >= ENGLISH_SHARE * len(words)


def _belong_together(sentence: str, cited: Sequence[str]) -> bool:
    """Return whether each cited sentence shares with another one a name that the prose keeps.

    Else "Alibaba was founded in 2015" could be put together from two sentences about two companies.
    """
    kept = _words(sentence)
    names = [_names(text) & kept for text in cited]
    return all(
        any(own & other for place, other in enumerate(names) if place != at) for at, own in enumerate(names)
    )


_FUNCTION_STEMS = _stems(" ".join(_FUNCTION_WORDS))
_NUMBER_STEMS = _stems(" ".join([*_NUMBER_WORDS, "percent cent"]))
_LITERAL_STEMS = _stems(_LITERAL_WORDS)
_KINDS_OF_STANCE = (_stems(_DOUBTS), _stems(_SAYINGS))
