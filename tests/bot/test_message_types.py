"""Every state of every message, checked by TypeScript against Slack's own `@slack/types`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bot import messages
from bot.types import Nearest, NoAnswer, PassageView, Silence
from tests.fakes.answers import answer_quoting, banma_answer

PACKAGE = Path(__file__).parents[1] / "slack_types"
COMPILER = PACKAGE / "node_modules" / "typescript" / "bin" / "tsc"

pytestmark = pytest.mark.skipif(
    (shutil.which("node") is None or not COMPILER.exists()) and not os.environ.get("CI"),
    reason="needs node, and `npm ci` in tests/slack_types",
)

OPTIONS = ["--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext"]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the compiler says of two files: all real payloads, and one with a misspelt key."""
    folder = tmp_path_factory.mktemp("payloads")
    misspelt: messages.Block = {
        "type": "context",
        "elements": [{"type": "plain_text", "text": "a", "emojis": False}],
    }
    (folder / "payloads.ts").write_text(typescript(every_message(), every_view()), "utf-8")
    (folder / "misspelt.ts").write_text(typescript({"misspelt": [misspelt]}, {}), "utf-8")
    (folder / "node_modules").symlink_to(PACKAGE / "node_modules")
    command = ["node", str(COMPILER), *OPTIONS, "payloads.ts", "misspelt.ts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def test_every_message_is_made_of_known_blocks(complaints: str) -> None:
    assert [line for line in complaints.splitlines() if not line.startswith(("misspelt.ts", " "))] == []


def test_the_compiler_would_notice_a_misspelt_key(complaints: str) -> None:
    assert "misspelt.ts" in complaints
    assert "emojis" in complaints


def every_message() -> dict[str, list[messages.Block]]:
    nearest = (Nearest("a", "With a link", "https://e.example"), Nearest("b", "Without", None))
    none = NoAnswer("?", Silence.NOT_IN_SOURCES, nearest, 0.0, "g", 0.0)
    rendered = {
        "answer": messages.answer_message(banma_answer(), "id", unread_attachment=True),
        "written": messages.answer_message(replace(banma_answer(), text="Half each [1]."), "id"),
        "uncertain": messages.answer_message(banma_answer(certain=False), "id"),
        "long": messages.answer_message(answer_quoting(*["word " * 2_000] * 3), "id"),
        "none": messages.no_answer_message(none, unread_attachment=True),
        "noArticles": messages.no_answer_message(NoAnswer("?", Silence.NO_ARTICLES, (), 0.0, "g", 0.0)),
        "help": messages.help_message(unread_attachment=True),
        "noIndex": messages.no_index_message(),
        "broken": messages.broken_message(),
        "busy": messages.busy_message(),
    }
    return {name: list(message.blocks) for name, message in rendered.items()}


def every_view() -> dict[str, messages.Block]:
    link = "https://e.example/#:~:text=quote"
    passage = PassageView(
        "a", "Title", "Paper", "2020-01-02", "https://e.example", link, "before ", "quote", " after"
    )
    return {
        "passage": messages.passage_modal(passage),
        "withheld": messages.withheld_modal(),
        "changed": messages.changed_modal(),
    }


def typescript(blocks: dict[str, list[messages.Block]], views: dict[str, messages.Block]) -> str:
    lines = ['import type { KnownBlock, ModalView } from "@slack/types";']
    for name, payload in blocks.items():
        lines.append(f"export const {name}: KnownBlock[] = {json.dumps(payload)};")
    for name, view in views.items():
        # A view's blocks are typed loosely, so they are checked on their own as well.
        lines.append(f"export const {name}: ModalView = {json.dumps(view)};")
        lines.append(f"export const {name}Blocks: KnownBlock[] = {json.dumps(view['blocks'])};")
    return "\n".join(lines)
