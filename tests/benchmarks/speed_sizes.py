"""Fast and small, from 1,000 to 1,000,000 passages, beside what one would use instead: `make bench-speed`.

    python -m tests.benchmarks.speed_sizes --data DIR --out FOLDER [--peers PYTHON] [--sizes 1000,…]

Some 1,000 real passages of Wikipedia are built as usual.  10,000 are copies of these with their words
shuffled and their vectors moved to a cosine of .89 (`tests.benchmarks.speed`).  100,000 and 1,000,000 are
16,667 such passages 6 and 60 times over, each time with other articles and vectors, and the same words:
real ones would take a day to embed.  Each size is asked in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from index.build import build
from index.chunking import ChunkSettings, chunk, context_text
from index.encoders.any_model import SentenceTransformerEncoder, default_model_folder
from index.encoders.packaged import lightest
from index.generation import Generation
from index.generations import FileStore, load_generation
from index.rendering import context
from index.types import Article, Encoder, Vectors
from index.writer import Contents, digests_of
from tests.benchmarks.collection import passages_of
from tests.benchmarks.data import BenchmarkData
from tests.benchmarks.peers import ADDED, ADDED_TEXT, EMBEDDED, NEAREST, PEERS
from tests.benchmarks.speed import REAL_PASSAGES, grown, moved, own_and_others, write_sources

ROOT = Path(__file__).parents[2]
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BASE_PASSAGES = 16_667
"""About a full segment."""
QUESTIONS = 100
SEED = 0
# Beyond, rank_bm25 takes seconds for a question, and lists of vectors fill the memory.
PEERS_UP_TO = 100_000
RESULT, PLOT = "speed.json", "speed.png"
OURS = "ours"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    work = arguments.cache / "speed-sizes"
    shutil.rmtree(work, ignore_errors=True)
    result: dict[str, Any] = {"about": about(), "sizes": {}}
    before = _processor_time()
    data = BenchmarkData(arguments.data, False)
    encoder = lightest(SentenceTransformerEncoder())
    asked = own_and_others(data)
    questions, others = asked[:QUESTIONS], asked[QUESTIONS:]
    vectors = encoder.encode_questions(questions)
    _say("build from nothing")
    write_sources(work / "sources", data, REAL_PASSAGES)
    real, result["build"] = _built(work, encoder)
    for size in arguments.sizes:
        _say(f"{size:,} passages")
        folder = work / str(size)
        folder.mkdir()
        generation = of_size(real, size, encoder, work, folder)
        exact = nearest_rows(generation, vectors)
        np.save(folder / "exact.npy", exact)
        (folder / "questions.json").write_text(json.dumps(questions), "utf-8")
        (folder / "others.json").write_text(json.dumps(others), "utf-8")
        here = _data(work, size)
        found: dict[str, Any] = {
            OURS: {
                **{name: rate for name, rate in result["build"].items() if size <= REAL_PASSAGES},
                **_in_a_process(sys.executable, "speed_ours", here, work / "sources", folder),
                **_added(here, generation, encoder),
            }
        }
        if arguments.peers and size <= arguments.peers_up_to:
            _write_texts(folder, generation)
            for peer in PEERS:
                _say(f"{size:,} passages: {peer}")
                found[peer] = _in_a_process(arguments.peers, "peers", peer, folder, default_model_folder())
        result["sizes"][str(size)] = {"passages": len(passages_of(generation)), **found}
        result["about"]["stolen_share"] = _stolen(before)
        (out / RESULT).write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        shutil.rmtree(folder)
    print(as_markdown(result))
    shutil.rmtree(work)
    if arguments.peers:
        command = [arguments.peers, "-m", "tests.benchmarks.speed_plot", str(out / RESULT), str(out / PLOT)]
        subprocess.run(command, cwd=ROOT, check=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed_sizes")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with peers.txt")
    parser.add_argument(
        "--peers-up-to",
        type=int,
        default=PEERS_UP_TO,
        metavar="N",
        help="the largest size that peers are asked at (default: %(default)s)",
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("/tmp/footnote-benchmarks"), metavar="DIR", help="scratch space"
    )
    parser.add_argument(
        "--sizes",
        type=lambda text: tuple(int(size) for size in text.split(",")),
        default=SIZES,
        metavar="N,…",
        help="passages (default: %(default)s)",
    )
    return parser


def about() -> dict[str, Any]:
    """The machine, without its name."""
    import torch

    known = torch.cpu.get_capabilities()
    wanted = ("avx2", "avx512_f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{known.get('cpu_name', platform.processor())}, {os.cpu_count()} cores",
        "instructions": [name for name in wanted if known.get(name)],
        "memory_gb": round(memory / 1e9),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor_time() -> tuple[int, int]:
    """Ticks since the machine was started: of work, and of waiting while its host did something else."""
    fields = [int(field) for field in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]]
    worked = sum(fields[:3]) + sum(fields[5:7])
    return worked, fields[7]


def _stolen(before: tuple[int, int]) -> float:
    """Share of the time since `before` in which a processor should have worked and was lent to others."""
    worked, stolen = (now - then for now, then in zip(_processor_time(), before, strict=True))
    return stolen / max(1, worked + stolen)


def _data(work: Path, size: int) -> Path:
    return work / "data" if size <= REAL_PASSAGES else work / f"data-{size}"


def _built(work: Path, encoder: Encoder) -> tuple[Generation, dict[str, float]]:
    """The real passages, and what building them took, as a whole and of embedding alone."""
    report = build(work / "sources", work / "data", encoder)
    generation = load_generation(work / "data", encoder)
    passages = [context_text(passage) for passage in passages_of(generation)[:EMBEDDED]]
    stop = int(generation.offsets[EMBEDDED])
    sentences = [
        passages_of(generation)[number].article.text[start:end]
        for number, start, end in generation.sentences[:stop].tolist()
    ]
    began = time.process_time()
    rate = EMBEDDED / _seconds(lambda: encoder.encode_documents(passages))
    worked = time.process_time() - began
    return generation, {
        "passages": report.passages,
        "sentences": report.sentences,
        "seconds": report.seconds,
        "embedded_per_s": rate,
        "embedded_per_work_s": EMBEDDED / worked,
        "embedded_with_sentences_per_s": EMBEDDED
        / _seconds(lambda: (encoder.encode_documents(passages), encoder.encode_documents(sentences))),
    }


def of_size(real: Generation, size: int, encoder: Encoder, work: Path, folder: Path) -> Generation:
    if size <= REAL_PASSAGES:
        return real
    if size < BASE_PASSAGES:
        return grown(real, encoder, _data(work, size), size)
    base = grown(real, encoder, folder / "base", BASE_PASSAGES)
    return _repeated(base, round(size / BASE_PASSAGES), encoder, _data(work, size))


def _repeated(base: Generation, times: int, encoder: Encoder, data: Path) -> Generation:
    """`base` so many times, each under other names and with its vectors moved."""
    noise = np.random.default_rng(SEED)
    every = base.vectors.reconstruct(np.arange(len(base.passages)))
    sentences = base.sentences[:]
    with FileStore(data).draft() as draft:
        draft.begin(base.manifest.recipe, (), times * len(sentences))
        for number in range(times):
            articles = {
                one.id: replace(one, id=f"{number:02}/{one.id}", file=f"{number:02}/{one.file}")
                for one in base.stored
            }
            draft.add(
                Contents(
                    articles=list(articles.values()),
                    passages=[replace(one, article=articles[one.article.id]) for one in passages_of(base)],
                    sentences=sentences,
                    contexts=[base.paths[path] for path in base.contexts.tolist()],
                    vectors=moved(every, noise),
                    sentence_vectors=base.sentence_vectors.rows(slice(None)),
                )
            )
        draft.finish({})
        draft.commit()
    return load_generation(data, encoder)


def nearest_rows(generation: Generation, questions: Vectors) -> Any:
    """The rows of the ten nearest passages of each question, by a look at all of them."""
    best = np.full((len(questions), NEAREST), -2.0, np.float32)
    rows = np.zeros((len(questions), NEAREST), np.int64)
    for start in range(0, len(passages_of(generation)), BASE_PASSAGES):
        inside = np.arange(start, min(start + BASE_PASSAGES, len(passages_of(generation))))
        cosines = np.hstack([best, questions @ generation.vectors.reconstruct(inside).T])
        numbers = np.hstack([rows, np.tile(inside, (len(questions), 1))])
        order = np.argsort(-cosines, axis=1)[:, :NEAREST]
        best, rows = np.take_along_axis(cosines, order, 1), np.take_along_axis(numbers, order, 1)
    return rows


def _added(data: Path, generation: Generation, encoder: Encoder) -> dict[str, float]:
    """Seconds to look at the index, split, embed and write one article, and to make it current.

    The steps of a build, but for its look at the sources folder.  It is on the disk then: `fsync` has
    returned for each of its files.
    """
    text = ADDED_TEXT
    article = Article("quokka", "quokka.md", text, "The quokka", None, None, None, None, None, "0" * 64)
    encoder.encode_documents([text])
    keep = [entry.id for entry in generation.manifest.sources]

    def add() -> None:
        chunks = chunk(article, encoder.count_tokens, ChunkSettings())
        passages = [context_text(passage) for passage in chunks.passages]
        sentences = [text[start:end] for _, start, end in chunks.sentences.tolist()]
        with FileStore(data).draft() as draft:
            vectors = encoder.encode_documents([*passages, *sentences])
            draft.begin(generation.manifest.recipe, keep, len(sentences))
            draft.add(
                Contents(
                    articles=[article],
                    passages=chunks.passages,
                    sentences=chunks.sentences,
                    contexts=[context(unit, article.text) for unit in chunks.units],
                    vectors=vectors[: len(passages)],
                    sentence_vectors=vectors[len(passages) :],
                    sentence_digests=digests_of(sentences),
                )
            )
            draft.finish({})
            draft.commit()

    seconds = median(_seconds(add) for _ in range(ADDED))
    return {"add_s": seconds, "add_saved_s": seconds}  # it knows no other way than to save


def _write_texts(folder: Path, generation: Generation) -> None:
    texts = [context_text(passage) for passage in passages_of(generation)]
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
    np.save(folder / "vectors.npy", generation.vectors.reconstruct(np.arange(len(texts))))


def _in_a_process(python: str, module: str, *arguments: object) -> dict[str, float]:
    command = [python, "-m", f"tests.benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        _say(done.stderr[-2_000:])
        return {}
    return dict(json.loads(done.stdout.splitlines()[-1]))


_LINES = (
    ("embedding, passages/s", "embedded_per_s", "{:,.0f}"),
    ("embedding with all sentences as well, passages/s", "embedded_with_sentences_per_s", "{:,.0f}"),
    ("embedding, passages per second of processor time", "embedded_per_work_s", "{:,.1f}"),
    ("indexing without embedding, s", "indexed_s", "{:,.1f}"),
    ("add an article, s (peers: in memory)", "add_s", "{:,.3f}"),
    ("add an article and save, s", "add_saved_s", "{:,.3f}"),
    ("on disk, MB", "megabytes", "{:,.0f}"),
    ("resident, MB", "resident_mb", "{:,.0f}"),
    ("of it not pages of files, MB", "own_mb", "{:,.0f}"),
    ("question p50, ms", "p50", "{:,.1f}"),
    ("question p95, ms", "p95", "{:,.1f}"),
    ("processor time of a question, mean, ms", "work_ms", "{:,.1f}"),
    ("question p99, ms", "p99", "{:,.1f}"),
    ("without the reader: p50, ms", "unread_p50", "{:,.1f}"),
    ("without the reader: p99, ms", "unread_p99", "{:,.1f}"),
    ("of it the vector search, p50, ms", "dense_p50", "{:,.1f}"),
    ("8 askers, answers/s", "many_rate", "{:,.0f}"),
    ("8 askers, p95, ms", "many_p95", "{:,.0f}"),
    ("recall@10 of the vector search", "recall", "{:.4f}"),
)


def as_markdown(result: Mapping[str, Any]) -> str:
    about, built = result["about"], result["build"]
    lines = [
        f"{about['processor']} ({', '.join(about['instructions'])}), {about['memory_gb']} GB; "
        f"Python {about['python']}, torch {about['torch']}; "
        f"{about['date']}, load {about['load_average'][0]}, "
        f"{about['stolen_share']:.0%} of the processor's time went to the host's other guests",
        "",
        f"Build from nothing: {built['passages']:,} passages and {built['sentences']:,} sentences in "
        f"{built['seconds']:.1f} s.  Embedding alone: {built['embedded_per_s']:.0f} passages/s, "
        f"{built['embedded_with_sentences_per_s']:.0f} with their sentences.",
    ]
    for found in result["sizes"].values():
        sides = [side for side in (OURS, *PEERS) if found.get(side)]
        lines += ["", f"**{found['passages']:,} passages**", "", f"| | {' | '.join(sides)} |"]
        lines += [f"|---|{'---:|' * len(sides)}"]
        for name, key, form in _LINES:
            values = [found[side].get(key) for side in sides]
            if any(value is not None for value in values):
                cells = ["" if value is None else form.format(value) for value in values]
                lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
