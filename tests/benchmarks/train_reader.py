"""Train the reader that ships: a question and a passage in, the answer's place or *no answer* out.

    python -m tests.benchmarks.train_reader --data DIR --checkpoints DIR [--start FILE]

The packaged embedding model with two outputs, start and end, as in SQuAD 2.0 (Rajpurkar et al. 2018;
the head of Devlin et al. 2019): "no answer" is a span on the first token.  DIR is the folder with the
reading-comprehension sets, one JSON object a line; `SETS` names those that are learnt from.  Each
question is shown with a window cut from its paragraph, the title in front of it, as the product
reads.  A share of the windows comes from elsewhere in the same article: they look right to a search
and hold no answer.

Runs that were stopped go on from the newest checkpoint with the same command.  Seeded: the order of
the examples is the same each time.  What is written holds no embeddings; those are the packaged
model's, unchanged.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from index.encoders.any_model import default_model_folder
from index.terms import terms

MAX_TOKENS = 192
MAX_QUESTION_TOKENS = 40
BATCH = 32
LEARNING_RATE = 1.2e-4
WARM_UP = 0.05
WEIGHT_DECAY = 0.01
# A paragraph is cut to a window of so many characters.
WINDOW_CHARS = (280, 600)
# Of the questions, so many are shown a second time beside a window that only looks right.
ELSEWHERE = 0.3
TITLED = 0.7
CHECKPOINT_EVERY = 200
# Articles (the middle number of an id) that are never learnt from, so that the near misses over
# them, `squad2_unansq.dev`, say how training goes.
HELD_OUT = frozenset(
    (17, 37, 45, 92, 111, 113, 116, 121, 128, 132, 144, 153, 159, 170, 189, 196, 204, 209, 219, 225,
     226, 241, 244, 259, 263, 264, 280, 300, 338, 340, 351, 418)
)  # fmt: skip
SETS = {
    "squad2_pairs_on_bt.train": 1.0,
    "squad_train_tail.train": 1.0,
    "squad2_backtranslated.train": 1.0,
    "fairytaleqa.train": 0.5,
}
"""And what share of each is learnt from."""


@dataclass(frozen=True, slots=True)
class Example:
    question: str
    title: str
    window: str
    start: int
    """Of the answer in `window`; -1 for none."""
    end: int

    @property
    def size(self) -> int:
        return len(self.question) + len(self.title) + len(self.window)


def read_set(data: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def article_of(record: dict[str, Any]) -> str:
    found = re.match(r"squad2bt-(\d+)-", record.get("bt") or record["id"])
    return found.group(1) if found else record.get("title") or record["context"][:40]


def examples(data: Path, questions: int, seed: int) -> list[Example]:
    """Return what is learnt from, in the order in which it is."""
    chance = random.Random(seed)
    records = []
    for name, share in SETS.items():
        for record in read_set(data, name):
            number = article_of(record)
            if number.isdigit() and int(number) in HELD_OUT:
                continue
            if chance.random() < share:
                records.append(record)
    paragraphs: dict[str, dict[str, None]] = {}
    for record in records:
        paragraphs.setdefault(article_of(record), {})[record["context"]] = None
    articles = {name: Article(list(texts)) for name, texts in paragraphs.items()}
    # Twins of an answerable question and its near miss first among equals: they are people's own.
    chance.shuffle(records)
    records.sort(key=lambda r: chance.random() * (0.6 if r["set"] == "squad2_pairs_on_bt" else 1.0))
    made: list[Example] = []
    for record in records:
        article = articles[article_of(record)]
        title = (record["title"] or article.name) if chance.random() < TITLED else ""
        answers = record["answers"]
        made.append(window_of(record["context"], record["question"], title, answers, chance))
        if chance.random() < ELSEWHERE and len(article.texts) > 1:
            other = article.looks_right(record["question"], record["context"], answers, chance)
            if other is not None:
                made.append(window_of(other, record["question"], title, [], chance))
        if len(made) >= questions:
            break
    return made[:questions]


class Article:
    """The paragraphs of one article, and a rough search among them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        names: Counter[str] = Counter()
        for text in texts:
            names.update(re.findall(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?", text))
        self.name = names.most_common(1)[0][0] if names else ""
        self._terms: list[frozenset[str]] | None = None
        self._idf: dict[str, float] = {}

    def looks_right(
        self, question: str, own: str, answers: Sequence[dict[str, Any]], chance: random.Random
    ) -> str | None:
        if self._terms is None:
            self._terms = [frozenset(terms(text)) for text in self.texts]
            counts = Counter(t for held in self._terms for t in held)
            self._idf = {t: math.log(1 + len(self.texts) / n) for t, n in counts.items()}
        asked = frozenset(terms(question))
        scored = sorted(
            (
                (sum(self._idf.get(t, 0.0) for t in asked & held), number)
                for number, held in enumerate(self._terms)
                if self.texts[number] != own
            ),
            reverse=True,
        )
        found = [self.texts[number] for _, number in scored[:4]]
        found = [t for t in found if not any(a["text"].casefold() in t.casefold() for a in answers)]
        return chance.choice(found) if found else None


def window_of(
    text: str, question: str, title: str, answers: Sequence[dict[str, Any]], chance: random.Random
) -> Example:
    """Cut `text` around the answer, or around what shares most words with the question."""
    size = chance.randint(*WINDOW_CHARS)
    if answers:
        start = int(answers[0]["start"])
        end = start + len(answers[0]["text"])
    else:
        asked = frozenset(terms(question))
        sentences = [m.span() for m in re.finditer(r"[^.!?]+[.!?]?", text)]
        start, end = max(sentences, key=lambda s: len(asked & frozenset(terms(text[s[0] : s[1]]))))
    first, last = 0, len(text)
    if len(text) > size:
        first = max(0, min(len(text) - size, start - chance.randint(0, max(0, size - (end - start)))))
        # Whole sentences where there are some near, as passages have.
        mark = max(text.rfind(". ", max(0, first - 200), first), text.rfind("? ", max(0, first - 200), first))
        first = mark + 2 if mark >= 0 else text.rfind(" ", 0, first) + 1
        stop = text.find(". ", max(first + size, end))
        last = stop + 1 if 0 <= stop < first + size + 200 else max(first + size, end)
    window = text[first:last]
    if not answers:
        return Example(question, title, window, -1, -1)
    return Example(question, title, window, start - first, end - first)


class SpanReader(nn.Module):
    """The packaged model with two outputs; the embeddings stay as they are."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import BertModel

        self.bert: Any = BertModel.from_pretrained(folder, add_pooling_layer=False)
        self.bert.embeddings.requires_grad_(False)
        for module in self.bert.modules():
            # One pass over much text: dropout only costs time.
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        self.bert.config.attention_probs_dropout_prob = 0.0
        self.qa_outputs = nn.Linear(self.bert.config.hidden_size, 2)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits of shape `(texts, tokens, 2)`; padding is far below everything."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        logits: torch.Tensor = self.qa_outputs(states.float())
        return logits.masked_fill(mask[..., None] == 0, -1e4)

    def learnt(self) -> dict[str, torch.Tensor]:
        kept = {n: p for n, p in self.state_dict().items() if not n.startswith("bert.embeddings.")}
        return {n: p.detach().to(torch.float16).contiguous() for n, p in kept.items()}

    def start_from(self, path: Path) -> None:
        """Take over weights that were learnt before; their names may have one prefix more."""
        read = load_file(path).items()
        weights = {n.replace("encoder.encoder.", "bert.encoder."): w.float() for n, w in read}
        missing, unexpected = self.load_state_dict(weights, strict=False)
        if unexpected or any(not n.startswith("bert.embeddings.") for n in missing):
            raise SystemExit(f"{path} is no reader of this kind: {unexpected or missing}")


@dataclass(frozen=True, slots=True)
class Batch:
    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    target: torch.Tensor
    """Shape `(texts, 2)`: the first and the last token of the answer, 0 and 0 for none."""
    inside: torch.Tensor
    """Which tokens belong to the window itself."""


def encoded(tokenizer: Any, shown: Sequence[Example]) -> Batch:
    """Lay examples out as `[CLS] question [SEP] title. window [SEP]`."""
    questions = tokenizer.encode_batch([e.question for e in shown], add_special_tokens=False)
    leads = [f"{e.title}. " if e.title[-1:].isalnum() else e.title and f"{e.title} " for e in shown]
    texts = tokenizer.encode_batch(
        [lead + e.window for lead, e in zip(leads, shown, strict=True)], add_special_tokens=False
    )
    rows, targets = [], []
    for example, lead, question, text in zip(shown, leads, questions, texts, strict=True):
        asked = question.ids[:MAX_QUESTION_TOKENS]
        held = text.ids[: MAX_TOKENS - len(asked) - 3]
        offset = len(asked) + 2
        first = last = 0
        inside = [start >= len(lead) for start, _ in text.offsets[: len(held)]]
        if example.start >= 0:
            begin, end = example.start + len(lead), example.end + len(lead)
            covering = [i for i, (a, b) in enumerate(text.offsets) if a < end and b > begin]
            if covering and covering[-1] < len(held):
                first, last = covering[0] + offset, covering[-1] + offset
        rows.append((asked, held, inside))
        targets.append((first, last))
    width = max(len(asked) + len(held) + 3 for asked, held, _ in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    types = torch.zeros_like(ids)
    mask, window = torch.zeros(len(rows), width), torch.zeros(len(rows), width, dtype=torch.bool)
    for number, (asked, held, inside) in enumerate(rows):
        laid = [101, *asked, 102, *held, 102]
        ids[number, : len(laid)] = torch.tensor(laid)
        types[number, len(asked) + 2 : len(laid)] = 1
        mask[number, : len(laid)] = 1
        window[number, len(asked) + 2 : len(laid) - 1] = torch.tensor(inside)
    return Batch(ids, types, mask, torch.tensor(targets), window)


def loss_of(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (
        nn.functional.cross_entropy(logits[..., 0], target[:, 0])
        + nn.functional.cross_entropy(logits[..., 1], target[:, 1])
    ) / 2


@torch.no_grad()
def judge(reader: SpanReader, tokenizer: Any, shown: Sequence[Example]) -> tuple[float, float]:
    """Return AUROC of answerable against not, and the share of answers that are touched."""
    reader.eval()
    margins, touched = [], []
    for first in range(0, len(shown), BATCH):
        group = shown[first : first + BATCH]
        batch = encoded(tokenizer, group)
        logits = reader(batch.ids, batch.types, batch.mask).numpy()
        for number in range(len(group)):
            begin, end = logits[number, :, 0].copy(), logits[number, :, 1].copy()
            null = begin[0] + end[0]
            begin[~batch.inside[number].numpy()] = -1e4
            end[~batch.inside[number].numpy()] = -1e4
            both = np.triu(begin[:, None] + end[None]) + np.tril(np.full((len(begin),) * 2, -1e5), -1)
            both -= np.triu(np.full_like(both, 1e5), 30)
            at = int(both.argmax())
            a, b = divmod(at, len(begin))
            margins.append(float(both.max() - null))
            if group[number].start >= 0:
                x, y = batch.target[number].tolist()
                touched.append(a <= y and b >= x)
    answers = np.array([e.start >= 0 for e in shown])
    yes, no = np.array(margins)[answers], np.array(margins)[~answers]
    reader.train()
    return float((yes[:, None] > no[None]).mean()), float(np.mean(touched))


def held_out(data: Path) -> list[Example]:
    chance = random.Random(0)
    records = read_set(data, "squad2_unansq.dev")
    chance.shuffle(records)
    return [window_of(r["context"], r["question"], "", r["answers"], chance) for r in records[:800]]


def batches(made: Sequence[Example], seed: int) -> list[list[Example]]:
    """Examples of like length together, since padding costs as much as text."""
    chance = random.Random(seed)
    laid: list[list[Example]] = []
    for first in range(0, len(made), BATCH * 40):
        pool = sorted(made[first : first + BATCH * 40], key=lambda e: e.size)
        groups = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
        chance.shuffle(groups)
        laid += groups
    return laid


def main(argv: Sequence[str] | None = None) -> int:
    """Write `reader.safetensors` into the folder of checkpoints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the reading-comprehension sets")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder outside the repository")
    parser.add_argument("--start", type=Path, help="weights to carry on from")
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    torch.manual_seed(options.seed)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(default_model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    laid = batches(examples(options.data, options.questions, options.seed), options.seed)
    watched = held_out(options.data)
    reader = SpanReader(default_model_folder())
    if options.start:
        reader.start_from(options.start)
    learning = [p for p in reader.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = len(laid)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * (steps - step) / steps
    )
    checkpoint = options.checkpoints / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint)
        reader.load_state_dict(kept["reader"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        done = kept["step"]
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    print(f"{steps} steps, {done} done", flush=True)
    began, losses = time.monotonic(), []
    reader.train()
    for step in range(done, steps):
        batch = encoded(tokenizer, laid[step])
        loss = loss_of(reader(batch.ids, batch.types, batch.mask), batch.target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own stub lacks it
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            seconds = (time.monotonic() - began) / len(losses)
            auroc, touched = judge(reader, tokenizer, watched)
            state = {"reader": reader.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "schedule": schedule.state_dict(), "step": step + 1}, checkpoint)
            save_file(reader.learnt(), options.checkpoints / "reader.safetensors")
            print(
                f"{step + 1}/{steps}: loss {np.mean(losses[-CHECKPOINT_EVERY:]):.3f}, near misses AUROC "
                f"{auroc:.3f}, answers touched {touched:.3f} ({seconds:.2f} s a step)",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
