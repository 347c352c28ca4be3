"""How common a term is in English at large, for collections too small to tell.

In three articles "how" is as rare as a name.  `common_terms.tsv` gives the share of some
21,000 passages of Wikipedia that hold each term, for every term of 0.4 % and more;
`tests/benchmarks/common_terms.py` counts them.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files

from index.terms import terms

# The prior counts as much as this many passages, so that it fades as a collection grows.  It is for
# a few articles, of which the formula alone takes "how" for a name.  See RESULTS.md, "Constants".
PRIOR_PASSAGES = 300
# Words that make a sentence a question say nothing of its subject, and encyclopaedias, which ask
# nothing, hardly use them.
ASKING_SHARE = 0.6
# Share of all passages: "also" and "made" are common, "company" is not.
COMMON_SHARE = 0.1
ASKING_WORDS = (
    "who whom whose what which when where why how do does did is are was were can could will would "
    "should has have had be been much many any there tell me please explain know about happen happened"
)


def smoothed_idf(term: str, passages_with: int, passages: int) -> float:
    """Lucene's inverse document frequency, with the prior added to both counts.

    >>> smoothed_idf("how", 1, 17) < smoothed_idf("banma", 8, 17)
    True
    """
    held = passages_with + PRIOR_PASSAGES * _shares().get(term, 0.0)
    return math.log(1 + (passages + PRIOR_PASSAGES - held + 0.5) / (held + 0.5))


def is_common(term: str) -> bool:
    """Return whether a term carries the grammar of a question rather than its subject.

    >>> is_common("what"), is_common("of"), is_common("revenu")
    (True, True, False)
    """
    return _shares().get(term, 0.0) >= COMMON_SHARE


def is_known(term: str) -> bool:
    """Return whether English at large uses a term at all often."""
    return term in _shares()


@cache
def _shares() -> dict[str, float]:
    lines = files("index").joinpath("common_terms.tsv").read_text("utf-8").splitlines()
    shares = {term: float(share) for term, share in (line.split("\t") for line in lines)}
    for term in terms(ASKING_WORDS):
        shares[term] = max(ASKING_SHARE, shares.get(term, 0.0))
    return shares
