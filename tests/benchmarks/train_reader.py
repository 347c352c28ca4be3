"""Train the reader that ships: a question and a passage in, the answer's place or *no answer* out.

    python -m tests.benchmarks.reader_examples --data DIR --out EXAMPLES
    python -m tests.benchmarks.train_reader --examples EXAMPLES --model LARGE --checkpoints DIR/teacher
    python -m tests.benchmarks.train_reader --examples EXAMPLES --model PACKAGED --checkpoints DIR \\
        --teacher LARGE DIR/teacher

An embedding model with two outputs, start and end, as in SQuAD 2.0 (Rajpurkar et al. 2018; the head of
Devlin et al. 2019): "no answer" is a span on the first token.  The reader that ships is the packaged
embedding model, whose embeddings stay as they are; it may learn from a larger model of the same word
pieces beside the labels (Hinton et al. 2015), which the same command has trained before.

Each question is shown with a window cut from its paragraph, mostly with the title in front, as the
product reads; in every round the windows are cut anew.  Some are shown a second time with a window
from elsewhere in the article that looks right to a search and holds no answer.

A run that was stopped goes on from its checkpoint with the same command.  Seeded: the order of the
examples is the same each time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

MAX_TOKENS = 192
MAX_QUESTION_TOKENS = 40
WARM_UP = 0.05
WEIGHT_DECAY = 0.01
# A paragraph is cut to a window of so many characters.
WINDOW_CHARS = (280, 600)
# Of the questions that have one, so many are shown again with a window that only looks right.
ELSEWHERE = 0.35
TITLED = 0.7
# So many are asked without their question mark, as people type.
UNMARKED = 0.15
CHECKPOINT_EVERY = 1000
# How much of the loss is the teacher's, and how soft its word is.
TEACHER_SHARE = 0.7
TEMPERATURE = 2.0
CLS, SEP = 101, 102
# Processes that lay out batches.
WORKERS = max(1, min(8, (os.cpu_count() or 2) - 2))


@dataclass(frozen=True, slots=True)
class Tokens:
    ids: NDArray[np.int64]
    """Shape `(tokens,)`."""
    starts: NDArray[np.int64]
    """Of each token, in characters."""
    ends: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    asked: NDArray[np.int64]
    title: NDArray[np.int64]
    window: NDArray[np.int64]
    answer: tuple[int, int] | None
    """The first and last token of the answer in `window`."""

    @property
    def size(self) -> int:
        return len(self.asked) + len(self.title) + len(self.window) + 3


@dataclass(frozen=True, slots=True)
class Batch:
    ids: torch.Tensor
    """Shape `(texts, tokens)`, like `types` and `mask`."""
    types: torch.Tensor
    mask: torch.Tensor
    target: torch.Tensor
    """Shape `(texts, 2)`: the first and the last token of the answer, 0 and 0 for none."""
    inside: torch.Tensor
    """Which tokens belong to the window itself."""

    def to(self, device: torch.device) -> Batch:
        held = (self.ids, self.types, self.mask, self.target, self.inside)
        return Batch(*(t.to(device, non_blocking=True) for t in held))


class Examples:
    """The questions that `reader_examples` laid out, as tokens."""

    def __init__(self, file: Path, tokenizer: Any) -> None:
        with gzip.open(file, "rt", encoding="utf-8") as read:
            made = json.load(read)
        self.asked: list[Any] = made["asked"]
        self.watched: list[Any] = made["watched"]
        self.texts: list[str] = made["texts"]
        self._tokens = [_tokens(e) for e in tokenizer.encode_batch(self.texts, add_special_tokens=False)]
        both = self.asked + self.watched
        plain = tokenizer.encode_batch([a[0] for a in both], add_special_tokens=False)
        self._questions = [np.array(e.ids[:MAX_QUESTION_TOKENS]) for e in plain]
        titles = list({a[1]: None for a in both})
        led = tokenizer.encode_batch([_lead(t) for t in titles], add_special_tokens=False)
        self._titles = {title: np.array(e.ids, dtype=np.int64) for title, e in zip(titles, led, strict=True)}
        self._mark = tokenizer.token_to_id("?")

    def shown(self, number: int, chance: random.Random) -> Iterator[Example]:
        """Yield a question with its window, and sometimes with one that only looks right."""
        _, title, answerable, place, elsewhere = self.asked[number]
        asked = self._questions[number]
        if chance.random() < UNMARKED and len(asked) > 1 and asked[-1] == self._mark:
            asked = asked[:-1]
        shown = title if chance.random() < TITLED else ""
        yield self._example(asked, shown, place, answerable, chance)
        if elsewhere and chance.random() < ELSEWHERE:
            yield self._example(asked, shown, chance.choice(elsewhere), False, chance)

    def held_out(self) -> list[Example]:
        chance = random.Random(0)
        first = len(self.asked)
        return [
            self._example(self._questions[first + number], title, place, answerable, chance)
            for number, (_, title, answerable, place, _) in enumerate(self.watched)
        ]

    def _example(
        self,
        asked: NDArray[np.int64],
        title: str,
        place: Sequence[int],
        answerable: bool,
        chance: random.Random,
    ) -> Example:
        text, start, end = place
        tokens = self._tokens[text]
        first, last = window_of(self.texts[text], (start, end), chance)
        a = int(np.searchsorted(tokens.starts, first))
        b = int(np.searchsorted(tokens.ends, last, side="right"))
        lead = self._titles[title]
        window = tokens.ids[a:b][: MAX_TOKENS - len(asked) - len(lead) - 3]
        if not answerable:
            return Example(asked, lead, window, None)
        begin = int(np.searchsorted(tokens.ends, start, side="right")) - a
        stop = int(np.searchsorted(tokens.starts, end)) - 1 - a
        whole = 0 <= begin <= stop < len(window)
        return Example(asked, lead, window, (begin, stop) if whole else None)


def _tokens(encoding: Any) -> Tokens:
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    return Tokens(np.array(encoding.ids, dtype=np.int64), offsets[:, 0], offsets[:, 1])


def _lead(title: str) -> str:
    return f"{title}. " if title[-1:].isalnum() else title


def window_of(text: str, held: tuple[int, int], chance: random.Random) -> tuple[int, int]:
    """Return where to cut `text` so that `held` is in it, as characters."""
    size, (start, end) = chance.randint(*WINDOW_CHARS), held
    if len(text) <= size:
        return 0, len(text)
    first = max(0, min(len(text) - size, start - chance.randint(0, max(0, size - (end - start)))))
    # Whole sentences if some are near, as passages have.
    mark = max(text.rfind(". ", max(0, first - 200), first), text.rfind("? ", max(0, first - 200), first))
    first = mark + 2 if mark >= 0 else text.rfind(" ", 0, first) + 1
    stop = text.find(". ", max(first + size, end))
    last = stop + 1 if 0 <= stop < first + size + 200 else max(first + size, end)
    return first, last


def laid(shown: Sequence[Example]) -> Batch:
    """Lay examples out as `[CLS] question [SEP] title. window [SEP]`."""
    width = -(-max(e.size for e in shown) // 16) * 16
    ids, types, mask, inside = (np.zeros((len(shown), width), dtype=np.int64) for _ in range(4))
    target = np.zeros((len(shown), 2), dtype=np.int64)
    for row, example in enumerate(shown):
        second = len(example.asked) + 2
        window = second + len(example.title)
        ids[row, : example.size] = [CLS, *example.asked, SEP, *example.title, *example.window, SEP]
        types[row, second : example.size] = 1
        mask[row, : example.size] = 1
        inside[row, window : example.size - 1] = 1
        if example.answer is not None:
            target[row] = example.answer[0] + window, example.answer[1] + window
    return Batch(*(torch.from_numpy(a) for a in (ids, types, mask, target)), torch.from_numpy(inside).bool())


class Batches(torch.utils.data.IterableDataset[Batch]):
    """Rounds of examples without end, those of like length together, since padding costs as much as text."""

    def __init__(self, examples: Examples, size: int, seed: int) -> None:
        self._examples, self._size, self._seed = examples, size, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        own, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        pool, turns = self._size * 30, random.Random(self._seed)
        chance = random.Random(f"{self._seed} {own}")
        while True:
            order = list(range(len(self._examples.asked)))
            turns.shuffle(order)
            for first in range(own * pool, len(order), workers * pool):
                made = [
                    e for number in order[first : first + pool] for e in self._examples.shown(number, chance)
                ]
                made.sort(key=lambda e: e.size)
                groups = [made[i : i + self._size] for i in range(0, len(made), self._size)]
                chance.shuffle(groups)
                yield from map(laid, groups)


class SpanReader(nn.Module):
    """An embedding model with two outputs."""

    def __init__(self, folder: Path, tokenizer: Any, dropout: float) -> None:
        super().__init__()
        from transformers import AutoConfig, AutoModel

        config = AutoConfig.from_pretrained(folder)
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
        self.bert: Any = AutoModel.from_pretrained(folder, config=config, add_pooling_layer=False)
        self.bert.float()
        self.qa_outputs = nn.Linear(config.hidden_size, 2)
        self._typed = config.type_vocab_size > 1 if hasattr(config, "type_vocab_size") else False
        self.register_buffer("own", _own_ids(folder, tokenizer), persistent=False)
        self._padding = int(config.pad_token_id)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return logits of shape `(texts, tokens, 2)`; padding is far below everything."""
        ids = self.own[batch.ids].masked_fill(batch.mask == 0, self._padding)
        types = {"token_type_ids": batch.types} if self._typed else {}
        with torch.autocast(ids.device.type, dtype=torch.bfloat16):
            states = self.bert(input_ids=ids, attention_mask=batch.mask, **types).last_hidden_state
        logits: torch.Tensor = self.qa_outputs(states.float())
        return logits.masked_fill(batch.mask[..., None] == 0, -1e4)

    def keep_embeddings(self) -> None:
        self.bert.embeddings.requires_grad_(False)

    def learnt(self) -> dict[str, torch.Tensor]:
        """Return the weights that training changes, in 16 bits."""
        held = {n: p for n, p in self.named_parameters() if p.requires_grad}
        return {n: p.detach().to("cpu", torch.float16).contiguous() for n, p in held.items()}

    def start_from(self, path: Path) -> None:
        """Take over weights that were learnt before."""
        weights = {n: w.float() for n, w in load_file(path).items()}
        missing, unexpected = self.load_state_dict(weights, strict=False)
        if unexpected or any(not n.startswith("bert.embeddings.") for n in missing):
            raise SystemExit(f"{path} is no reader of this kind: {unexpected or missing}")


def _own_ids(folder: Path, tokenizer: Any) -> torch.Tensor:
    """Map the packaged model's token numbers onto those of the model in `folder`; shape `(vocabulary,)`."""
    from tokenizers import Tokenizer

    other = Tokenizer.from_file(str(folder / "tokenizer.json"))
    unknown = other.token_to_id("[UNK]")
    own = torch.full((tokenizer.get_vocab_size(),), unknown, dtype=torch.long)
    for token, number in tokenizer.get_vocab().items():
        found = other.token_to_id(token)
        own[number] = unknown if found is None else found
    if other.token_to_id("<s>") is not None:
        own[CLS], own[SEP] = other.token_to_id("<s>"), other.token_to_id("</s>")
    return own


def loss_of(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (
        nn.functional.cross_entropy(logits[..., 0], target[:, 0])
        + nn.functional.cross_entropy(logits[..., 1], target[:, 1])
    ) / 2


def loss_to(logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return how far the spans are from the teacher's (Kullback-Leibler, both softened)."""
    own = nn.functional.log_softmax(logits.transpose(1, 2) / TEMPERATURE, -1)
    other = nn.functional.log_softmax(teacher.transpose(1, 2) / TEMPERATURE, -1)
    return (
        nn.functional.kl_div(own, other, reduction="sum", log_target=True)
        * TEMPERATURE**2
        / (2 * len(logits))
    )


@torch.no_grad()
def judge(reader: SpanReader, shown: Sequence[Example], device: torch.device) -> tuple[float, float]:
    """Return AUROC of answerable against not, and the share of answers that are touched."""
    reader.eval()
    margins, touched = [], []
    for first in range(0, len(shown), 64):
        batch = laid(shown[first : first + 64])
        logits = reader(batch.to(device)).cpu().numpy()
        for row in range(len(logits)):
            begin, end = logits[row, :, 0].copy(), logits[row, :, 1].copy()
            null = begin[0] + end[0]
            begin[~batch.inside[row].numpy()] = -1e4
            end[~batch.inside[row].numpy()] = -1e4
            both = np.triu(begin[:, None] + end[None]) + np.tril(np.full((len(begin),) * 2, -1e5), -1)
            both -= np.triu(np.full_like(both, 1e5), 30)
            a, b = divmod(int(both.argmax()), len(begin))
            margins.append(float(both.max() - null))
            if shown[first + row].answer is not None:
                x, y = batch.target[row].tolist()
                touched.append(a <= y and b >= x)
    answers = np.array([e.answer is not None for e in shown])
    yes, no = np.array(margins)[answers], np.array(margins)[~answers]
    reader.train()
    return float((yes[:, None] > no[None]).mean()), float(np.mean(touched))


def train(
    reader: SpanReader, teacher: SpanReader | None, examples: Examples, options: argparse.Namespace
) -> None:
    """Train for `options.steps`, or for as many steps as fit into `options.minutes`."""
    device = next(reader.parameters()).device
    learning = [p for p in reader.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=options.rate, weight_decay=WEIGHT_DECAY)
    checkpoint: Path = options.checkpoints / "checkpoint.pt"
    done, steps = 0, options.steps
    if checkpoint.exists():
        kept = torch.load(checkpoint, map_location=device)
        reader.load_state_dict(kept["reader"])
        optimiser.load_state_dict(kept["optimiser"])
        done, steps = kept["step"], kept["steps"]
    workers = torch.utils.data.DataLoader(
        Batches(examples, options.batch, options.seed + done),
        batch_size=None,
        num_workers=WORKERS,
        prefetch_factor=24,
    )
    watched, losses = examples.held_out(), []
    began = time.monotonic()
    reader.train()
    for step, batch in enumerate(workers, start=done):
        if step == done + 20:
            began = time.monotonic()
        if steps is None and step == done + 120:
            pace = (time.monotonic() - began) / 100
            steps = step + int((options.minutes * 60 - pace * 120) / pace)
            print(f"{steps} steps of {pace:.4f} s fit into {options.minutes} minutes", flush=True)
        total = steps or 100_000
        share = min(1.0, (step + 1) / (WARM_UP * min(total, 8000))) * (total - step) / total
        for group in optimiser.param_groups:
            group["lr"] = options.rate * share
        shown = batch.to(device)
        logits = reader(shown)
        loss = loss_of(logits, shown.target)
        if teacher is not None:
            with torch.no_grad():
                wanted = teacher(shown)
            loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * loss_to(logits, wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own stub lacks it
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        losses.append(loss.detach())
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            auroc, touched = judge(reader, watched, device)
            save_file(reader.learnt(), options.checkpoints / "reader.safetensors")
            state = {"reader": reader.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1, "steps": steps}, checkpoint)
            print(
                f"{step + 1}/{steps}: loss {torch.stack(losses[-CHECKPOINT_EVERY:]).mean():.3f}, near misses "
                f"AUROC {auroc:.3f}, answers touched {touched:.3f} ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
        if step + 1 == steps:
            return


def main(argv: Sequence[str] | None = None) -> int:
    """Write `reader.safetensors` into the folder of checkpoints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True, help="what `reader_examples` wrote")
    parser.add_argument("--model", type=Path, required=True, help="folder of the embedding model to train")
    parser.add_argument("--packaged", type=Path, help="folder of the packaged model, if `--model` is another")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder outside the repository")
    parser.add_argument("--start", type=Path, help="weights to carry on from")
    parser.add_argument("--teacher", type=Path, nargs=2, help="a larger model's folder, and its checkpoints")
    parser.add_argument("--steps", type=int, help="how many batches; without it, `--minutes` says")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.2e-4, help="the highest learning rate")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--compile", action="store_true", help="compile the models, on an accelerator")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    from tokenizers import Tokenizer

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = Tokenizer.from_file(str((options.packaged or options.model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    examples = Examples(options.examples, tokenizer)
    print(f"{len(examples.asked)} questions over {len(examples.texts)} paragraphs, on {device}", flush=True)
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    reader = SpanReader(options.model, tokenizer, options.dropout).to(device)
    if options.packaged is None:
        reader.keep_embeddings()
    if options.start:
        reader.start_from(options.start)
    teacher = None
    if options.teacher:
        folder, learnt = options.teacher
        teacher = SpanReader(folder, tokenizer, 0.0).to(device).eval()
        teacher.start_from(learnt / "reader.safetensors")
        teacher.requires_grad_(False)
    if options.compile:
        for held in (reader, teacher):
            if held is not None:
                held.bert.compile(dynamic=True)
    train(reader, teacher, examples, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
