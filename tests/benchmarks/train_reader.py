"""Train the small reader: the packaged model, fine-tuned to read a question and a sentence together.

    python -m tests.benchmarks.train_reader --data DIR

Low-rank adapters on every matrix of the six layers, a linear output on the mean of the last states.
Each step shows the reader a few questions of the tune split with the sentences that look best to the
shipped ranking, and asks for the one that answers (a softmax over the sentences of one question) and
whether each does (so that the score means the same for every question).  An eighth of the tune split
is held out to choose how far the score counts; no question of the report split is looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

from bot import excerpts
from bot.excerpts import in_context
from bot.linear import LinearModel
from index.embedding import SentenceTransformerEncoder, default_model_folder
from index.reader import MAX_TOKENS
from index.search import Searcher
from tests.benchmarks.collection import RememberingEncoder
from tests.benchmarks.data import BenchmarkData, in_split
from tests.benchmarks.retrieval import xquad_collection
from tests.benchmarks.train import MODELS, Asked, Search, asked_of_chunking, asked_of_selqa, asked_of_xquad

RANK = 16
SCALE = 2.0
LEARNING_RATE = 5e-4
EPOCHS = 3
QUESTIONS_A_STEP = 8
# Of one question: the best-looking sentences, of which so many are right and wrong.
SHOWN, RIGHT, WRONG = 8, 2, 4
# Of the loss that asks of each sentence by itself whether it answers.
EACH_WEIGHT = 0.5
READ = 3
MODULES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question, and its best-looking sentences: text with context, shipped score, answers or not."""

    source: str
    question: str
    texts: tuple[str, ...]
    scores: tuple[float, ...]
    right: tuple[bool, ...]

    @property
    def held_out(self) -> bool:
        return hashlib.sha256(self.question.encode()).digest()[0] % 8 == 0


class Adapted(nn.Module):
    """A linear layer with a low-rank change that is learnt."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.a = nn.Parameter(torch.randn(RANK, layer.in_features) / layer.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.layer(x) + (x @ self.a.T) @ self.b.T * SCALE
        return changed


class TrainedReader(nn.Module):
    """What `index.reader.Reader` computes, with gradients."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import AutoModel, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.base: Any = AutoModel.from_pretrained(folder)
        self.base.requires_grad_(False)
        self.adapted: dict[str, Adapted] = {}
        for number, layer in enumerate(self.base.encoder.layer):
            for name in MODULES:
                parent, _, last = name.rpartition(".")
                owner = layer.get_submodule(parent)
                adapted = Adapted(getattr(owner, last))
                setattr(owner, last, adapted)
                self.adapted[f"{number}.{name}"] = adapted
        self.head = nn.Linear(self.base.config.hidden_size, 1)

    def forward(self, questions: Sequence[str], texts: Sequence[str]) -> torch.Tensor:
        batch = self.tokenizer(
            list(questions),
            list(texts),
            truncation="only_second",
            max_length=MAX_TOKENS,
            padding=True,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        states = self.base(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        logits: torch.Tensor = self.head((states * mask).sum(1) / mask.sum(1))[:, 0]
        return logits

    def save(self, path: Path) -> None:
        learnt = {}
        for name, adapted in self.adapted.items():
            learnt[f"{name}.a"] = adapted.a.detach().numpy().astype(np.float16)
            learnt[f"{name}.b"] = (adapted.b.detach().numpy() * SCALE).astype(np.float16)
        head = torch.cat([self.head.weight[0], self.head.bias]).detach().numpy()
        learnt["head"] = head.astype(np.float32)
        save_file(learnt, path)


def main(argv: Sequence[str] | None = None) -> int:
    """Write `reader.safetensors`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "footnote-benchmarks")
    options = parser.parse_args(argv)
    torch.manual_seed(0)
    shuffled = random.Random(0)
    readings = list(_readings(BenchmarkData(options.data), options.cache))
    useful = [r for r in readings if any(r.right) and not all(r.right)]
    learnt_from = [r for r in useful if not r.held_out]
    held_out = [r for r in readings if r.held_out]
    print(f"{len(learnt_from)} questions to learn from, {len(held_out)} held out", flush=True)

    reader = TrainedReader(default_model_folder())
    parameters = [p for p in reader.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(learnt_from) // QUESTIONS_A_STEP)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, step / (0.1 * steps)) * (steps - step) / steps
    )
    began = time.monotonic()
    for epoch in range(EPOCHS):
        shuffled.shuffle(learnt_from)
        reader.train()
        losses = []
        for start in range(0, len(learnt_from) - QUESTIONS_A_STEP + 1, QUESTIONS_A_STEP):
            loss = _loss(reader, learnt_from[start : start + QUESTIONS_A_STEP], shuffled)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own stub lacks it
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            if len(losses) % 20 == 0:
                seconds = time.monotonic() - began
                print(f"epoch {epoch}, {len(losses)}: {np.mean(losses):.4f} ({seconds:.0f} s)", flush=True)
        reader.save(MODELS / "reader.safetensors")
        _report(reader, held_out)
    return 0


def _readings(data: BenchmarkData, cache: Path) -> Iterator[Reading]:
    encoder = RememberingEncoder(SentenceTransformerEncoder(), cache)
    ranking = LinearModel.load("excerpts", excerpts.FEATURES)
    xquad = data.xquad("en")
    tune = [q for q in xquad.questions if in_split(q.id, "tune")]
    encoder.learn(q.text for q in tune)
    whole = Search(xquad, Searcher(xquad_collection(xquad, encoder, cache).generation, encoder), tune)
    sources = {
        "xquad": asked_of_xquad(whole),
        "selqa": asked_of_selqa(data, encoder, cache),
        "chunking": asked_of_chunking(data, encoder, cache),
    }
    for source, all_asked in sources.items():
        for asked in all_asked:
            yield _reading(source, asked, ranking)


def _reading(source: str, asked: Asked, ranking: LinearModel) -> Reading:
    findings = asked.findings
    ranked = excerpts.excerpts(findings, asked.question, ranking)
    right = [asked.answers(e.sentence, findings.hits[e.sentence.place].passage.article) for e in ranked]
    # The best-looking, and one that is right if none of these is.
    chosen = list(range(min(SHOWN, len(ranked))))
    if not any(right[:SHOWN]) and any(right):
        chosen.append(right.index(True))
    return Reading(
        source,
        asked.question,
        tuple(in_context(findings, ranked[i]) for i in chosen),
        tuple(ranked[i].score for i in chosen),
        tuple(right[i] for i in chosen),
    )


def _loss(reader: TrainedReader, readings: Sequence[Reading], shuffled: random.Random) -> torch.Tensor:
    questions, texts, right, sizes = [], [], [], []
    for reading in readings:
        places = list(range(len(reading.texts)))
        shuffled.shuffle(places)
        shown = [p for p in places if reading.right[p]][:RIGHT]
        rights = len(shown)
        shown += [p for p in places if not reading.right[p]][:WRONG]
        questions += [reading.question] * len(shown)
        texts += [reading.texts[p] for p in shown]
        right += [True] * rights + [False] * (len(shown) - rights)
        sizes.append((rights, len(shown)))
    logits = reader(questions, texts)
    each = nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(right, dtype=torch.float32))
    best = torch.zeros(())
    for (rights, _), group in zip(sizes, torch.split(logits, [size for _, size in sizes]), strict=True):
        best = best + torch.logsumexp(group, 0) - torch.logsumexp(group[:rights], 0)
    return best / len(readings) + EACH_WEIGHT * each


@torch.no_grad()
def _report(reader: TrainedReader, held_out: Sequence[Reading]) -> None:
    """Share of held-out questions whose first sentence answers, by how far the reader's score counts."""
    reader.eval()
    read = [reader([r.question] * len(r.texts[:READ]), r.texts[:READ]).numpy() for r in held_out]
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0, 1.5):
        first: dict[str, list[bool]] = {}
        for reading, scores in zip(held_out, read, strict=True):
            both = np.array(reading.scores[:READ]) + weight * scores
            first.setdefault(reading.source, []).append(reading.right[int(np.argmax(both))])
        print(weight, {source: round(float(np.mean(hits)), 3) for source, hits in first.items()}, flush=True)


if __name__ == "__main__":
    sys.exit(main())
