"""Every state of every message, checked by TypeScript against Slack's own `@slack/types`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.slack import messages
from tests.fakes.payloads import every_home, every_message, every_view

PACKAGE = Path(__file__).parents[3] / "slack_types"
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
    (folder / "payloads.ts").write_text(typescript(every_message(), every_view(), every_home()), "utf-8")
    (folder / "misspelt.ts").write_text(typescript({"misspelt": [misspelt]}, {}, {}), "utf-8")
    (folder / "node_modules").symlink_to(PACKAGE / "node_modules")
    command = ["node", str(COMPILER), *OPTIONS, "payloads.ts", "misspelt.ts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def test_every_message_is_made_of_known_blocks(complaints: str) -> None:
    assert [line for line in complaints.splitlines() if not line.startswith(("misspelt.ts", " "))] == []


def test_the_compiler_would_notice_a_misspelt_key(complaints: str) -> None:
    assert "misspelt.ts" in complaints
    assert "emojis" in complaints


def typescript(
    blocks: dict[str, list[messages.Block]],
    views: dict[str, messages.Block],
    homes: dict[str, messages.Block],
) -> str:
    lines = ['import type { HomeView, KnownBlock, ModalView } from "@slack/types";']
    for name, payload in blocks.items():
        lines.append(f"export const {name}: KnownBlock[] = {json.dumps(payload)};")
    for kind, shown in (("ModalView", views), ("HomeView", homes)):
        for name, view in shown.items():
            # A view's blocks are typed loosely, so they are checked on their own as well.
            lines.append(f"export const {name}: {kind} = {json.dumps(view)};")
            lines.append(f"export const {name}Blocks: KnownBlock[] = {json.dumps(view['blocks'])};")
    return "\n".join(lines)
