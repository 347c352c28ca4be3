"""How much each kind of evidence counts: pure functions over scores, and nothing else.

Both sides keep their absolute scale.  Cosines are measured from the question's own background
(its mean cosine to the collection), BM25 as a share of the most that the question could score.
So a side that sees no difference between passages moves no passage, which min-max scaling or
rank fusion would hide.

Weights were chosen on the tune split of XQuAD in 12 languages and of the chunking corpora;
the ablation is in tests/benchmarks/RESULTS.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from index.types import Scores

# Share of the dense side if the model reads the question as well as English, and if it does not know
# the script at all.  See RESULTS.md, "fusion".
DENSE_WEIGHT = 0.45
DENSE_WEIGHT_BLIND = 0.05
# Weight of the best sentence's cosine in the dense score; the passage's own cosine gets the rest.
# See RESULTS.md, "Constants".
SENTENCE_SHARE_DENSE = 0.5
# Weight of the best sentence's coverage in the lexical score; the passage's BM25 gets the rest.
SENTENCE_SHARE_LEXICAL = 0.15

# Weight of the better neighbour's score in the same article: a passage among others on the subject is
# likelier right.  See RESULTS.md, "Constants".
NEIGHBOUR_SHARE = 0.2

# Characters that one token of the model covers in a question.  Languages that the model's vocabulary
# lacks have fewer, and so do codes and rare names, which are better matched as words too.  See
# RESULTS.md, "Constants".
FAMILIAR_CHARS_PER_TOKEN = 3.2
FOREIGN_CHARS_PER_TOKEN = 1.8
# Scripts without spaces hold a word in one or two characters: a vocabulary that knows them has
# tokens of 1.5 characters and more, one that does not has one token a character, or less.
FAMILIAR_CHARS_PER_TOKEN_UNSPACED = 1.6
FOREIGN_CHARS_PER_TOKEN_UNSPACED = 1.2
# One token for a whole run of text is the "unknown" token.
UNKNOWN_CHARS_PER_TOKEN = 12.0

_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def dense_weight(question: str, tokens: int) -> float:
    """Return the dense side's share for a question that the model reads as `tokens` tokens.

    >>> round(dense_weight("Who led the Panthers in sacks?", 8), 2)
    0.43
    >>> dense_weight("谁领导了黑豹队", 7)
    0.05
    """
    characters = sum(not c.isspace() for c in question)
    if not characters or not tokens:
        return DENSE_WEIGHT_BLIND
    per_token = characters / tokens
    if per_token > UNKNOWN_CHARS_PER_TOKEN:
        return DENSE_WEIGHT_BLIND
    if len(_UNSPACED.findall(question)) * 2 > characters:
        low, high = FOREIGN_CHARS_PER_TOKEN_UNSPACED, FAMILIAR_CHARS_PER_TOKEN_UNSPACED
    else:
        low, high = FOREIGN_CHARS_PER_TOKEN, FAMILIAR_CHARS_PER_TOKEN
    familiarity = min(1.0, max(0.0, (per_token - low) / (high - low)))
    return DENSE_WEIGHT_BLIND + (DENSE_WEIGHT - DENSE_WEIGHT_BLIND) * familiarity


def dense_evidence(passage: Scores, best_sentence: Scores, background: float) -> Scores:
    """Return cosines above the question's background; both arrays have shape `(candidates,)`."""
    mixed = (1 - SENTENCE_SHARE_DENSE) * passage + SENTENCE_SHARE_DENSE * best_sentence
    return np.asarray(mixed - background, dtype=np.float32)


def lexical_evidence(bm25: Scores, ceiling: float, best_coverage: Scores) -> Scores:
    """Return the share of the question's weight that is matched, 0..1; arrays have shape `(candidates,)`.

    `ceiling` is the BM25 that a passage would have that repeats every term of the question without end.
    """
    matched = bm25 / ceiling if ceiling > 0 else np.zeros_like(bm25)
    mixed = (1 - SENTENCE_SHARE_LEXICAL) * matched + SENTENCE_SHARE_LEXICAL * best_coverage
    return np.asarray(mixed, dtype=np.float32)


def fuse(dense: Scores, lexical: Scores, weight: float) -> Scores:
    """Convex combination (Bruch et al. 2023) of the two sides, `weight` on the dense one."""
    return np.asarray(weight * dense + (1 - weight) * lexical, dtype=np.float32)


def with_neighbours(scores: Scores, best_beside: Scores) -> Scores:
    """Add a share of the better of the passages before and after, shape `(candidates,)`."""
    return np.asarray(scores + NEIGHBOUR_SHARE * best_beside, dtype=np.float32)


def best_first(scores: Sequence[float] | Scores, k: int) -> list[int]:
    """Return places of the `k` highest scores, best first; equal scores keep their order."""
    return [int(i) for i in np.argsort(-np.asarray(scores), kind="stable")[:k]]
