"""Questions that a new index has to answer before it is used.  Knows nothing of how they are answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.quality.evaluation import SEARCHED, Question, Result, broken, evaluate, parse_limit, parse_questions
from bot.types import Answers
from index.store import Snapshot
from index.types import FootnoteError, Hit

DEFAULT_FILE = "canaries.jsonl"
"""In the data folder."""

Search = Callable[[str, int], Sequence[Hit]]
Opened = Callable[[Snapshot], tuple[Search, Answers]]


def canaries(file: Path, fail_under: str, opened: Opened) -> Callable[[Snapshot], None]:
    """Return a check that refuses an index worse than `fail_under`, a limit as of `footnote eval`.

    Raise `FootnoteError` if the questions or the limit cannot be read.
    """
    try:
        questions = parse_questions(file.read_text("utf-8-sig").split("\n"), str(file))
        limit = parse_limit(fail_under, over=False)
    except UnicodeDecodeError as error:
        raise FootnoteError(f"{file} is not UTF-8 text: {error}. Save it as UTF-8.") from error

    def accept(snapshot: Snapshot) -> None:
        search, answers = opened(snapshot)
        results = [_asked(question, search, answers) for question in questions]
        evaluation = evaluate(results, {article.id: article.text for article in snapshot.articles()})
        reasons = broken([limit], evaluation)
        if reasons:
            missed = "; ".join(miss.result.question.text for miss in evaluation.misses[:3])
            raise FootnoteError(
                f"The new index is not used, the last one stays: of the questions in {file}, "
                f"{' '.join(reasons)} Not answered: {missed or 'none'}. "
                "Correct the articles, or the questions."
            )

    return accept


def _asked(question: Question, search: Search, answers: Answers) -> Result:
    # If no article is expected, there is none to be found.
    hits = search(question.text, SEARCHED) if question.articles else ()
    return Result(question, tuple(hit.passage.article.id for hit in hits), answers.answer(question.text))
