"""One process that answers from an index as the bot does, measured for `make bench-speed`; JSON out.

    python -m tests.benchmarks.speed_ours DATA SOURCES FOLDER

`FOLDER` as for `tests.benchmarks.peers`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from tests.benchmarks.speed_clock import asked_alone, asked_by_many, megabytes, memory, recall

NEAREST = 10


def main(data: Path, sources: Path, folder: Path) -> dict[str, float]:
    # Here, so that what is imported counts among what is resident.
    from bot.answer.answerer import Answerer, AnswerOptions
    from bot.config import settings_from
    from bot.wiring import open_reader
    from index.encoders.any_model import SentenceTransformerEncoder
    from index.encoders.packaged import lightest
    from index.generations import FileStore

    questions = json.loads((folder / "questions.json").read_text("utf-8"))
    encoder = lightest(SentenceTransformerEncoder())
    live = FileStore(data, encoder)
    generation = live.current()
    answerer = Answerer(live, encoder, sources, options=AnswerOptions(open_reader(settings_from({}))))
    # Other questions first: files that were just written are not yet mapped, as a running bot's are.
    for question in json.loads((folder / "others.json").read_text("utf-8")):
        answerer.answer(question)
    result = asked_alone(answerer.answer, questions)
    result |= asked_by_many(answerer.answer, questions)
    result |= memory()
    plain = Answerer(live, encoder, sources)
    unread = asked_alone(plain.answer, questions)
    result |= {f"unread_{name}": value for name, value in unread.items()}
    vectors = encoder.encode_questions(questions)
    search = generation.vectors.search
    result["dense_p50"] = asked_alone(
        lambda number: search(vectors[int(number)][None], NEAREST), [str(n) for n in range(len(questions))]
    )["p50"]
    exact = np.load(folder / "exact.npy")
    result["recall"] = recall([search(v[None], NEAREST)[1][0].tolist() for v in vectors], exact.tolist())
    result["megabytes"] = megabytes(data)
    return result


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))))
