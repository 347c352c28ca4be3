"""A real cross-encoder of two layers with random weights and a vocabulary of a few words."""

from __future__ import annotations

from pathlib import Path

MARKS = "[PAD] [UNK] [CLS] [SEP] [MASK]"


def save_cross_encoder(
    folder: Path,
    *,
    labels: int = 1,
    seed: int = 0,
    words: str = "the river is long bread rye how",
    fill: float | None = None,
) -> Path:
    """Write the model that `seed` draws; `fill` takes the place of the weights of its last layer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast
    from transformers.utils import logging

    folder.mkdir(parents=True)
    vocabulary = [*MARKS.split(), *words.split()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        # Ten times the usual, so that texts differ by more than rounding.
        initializer_range=0.2,
        num_labels=labels,
    )
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = BertForSequenceClassification(config)
    torch.random.set_rng_state(state)
    if fill is not None:
        torch.nn.init.constant_(model.classifier.weight, fill)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    logging.enable_progress_bar()
    return folder
