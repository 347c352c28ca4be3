"""Pictures of what the bot says, drawn from the very payloads that it posts: `python -m tests.pictures`.

A drawing in our own style of what Block Kit shows, for the README and for eyes: what is too long, what
is missing, what cannot be told apart.  Needs Chromium (`apt install chromium`), and fonts with emoji
and Chinese.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from bot.config import settings_from
from bot.report import Day, Disliked, Reference, Report, UnansweredTopic
from bot.slack import messages
from bot.slack.messages import ENGLISH, Message
from bot.slack.report_post import report_for
from bot.types import Answer, NoAnswer
from bot.wiring import build_index, open_answers
from index.types import FootnoteError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs"
MAX_BYTES = 150_000
DESKTOP, PHONE = 640, 390

Payload = Mapping[str, Any]

EMOJI = {
    "bar_chart": "📊",
    "bookmark_tabs": "📑",
    "books": "📚",
    "card_index_dividers": "🗂️",
    "ear": "👂",
    "eyes": "👀",
    "grey_question": "❔",
    "hammer_and_wrench": "🛠️",
    "hourglass_flowing_sand": "⏳",
    "lock": "🔒",
    "mag": "🔍",
    "scales": "⚖️",
    "scroll": "📜",
    "speech_balloon": "💬",
    "thinking_face": "🤔",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "zipper_mouth_face": "🤐",
}

STYLE = """
* { box-sizing: border-box; }
:root { --page: #fff; --ink: #1f2328; --soft: #626870; --line: #d5d9de; --link: #1662b8; --bar: #c9ced4; }
.dark { --page: #1c1f23; --ink: #dfe2e6; --soft: #9aa1a9; --line: #3c424a; --link: #74b4f0; --bar: #565d66; }
html { background: var(--page); }
body { margin: 0; padding: 14px 16px; background: var(--page); color: var(--ink);
  font: 15px/1.47 "Noto Sans", "DejaVu Sans", "Noto Sans CJK SC", "Noto Color Emoji", sans-serif; }
.post { display: flex; gap: 10px; padding: 7px 0; }
.face { flex: 0 0 36px; height: 36px; border-radius: 7px; background: #2f3b4c; color: #fff; 
  text-align: center; font-weight: 700; line-height: 36px; }
.face.person { background: #8a6d3b; }
.said { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.name { font-weight: 700; }
.app { font-size: 10px; background: var(--line); border-radius: 3px; padding: 1px 4px; margin: 0 5px;
  vertical-align: 1px; }
.time { color: var(--soft); font-size: 12px; }
a { color: var(--link); text-decoration: none; } .mention { color: var(--link); }
.rich { margin: 3px 0; white-space: pre-wrap; }
blockquote { margin: 4px 0; padding-left: 12px; border-left: 4px solid var(--bar); white-space: pre-wrap; }
ul { margin: 2px 0; padding-left: 22px; }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0; }
.button { border: 1px solid var(--line); border-radius: 7px; padding: 3px 11px;
  font-size: 13px; font-weight: 600; }
code { border: 1px solid var(--line); border-radius: 4px; padding: 0 4px; font-size: 12.5px; }
.thumb { border: 1px solid var(--line); border-radius: 14px; padding: 1px 9px; font-size: 13px; }
.note { color: var(--soft); font-size: 12.5px; margin: 4px 0; }
h2 { font-size: 18px; line-height: 1.3; margin: 8px 0 4px; }
hr { border: 0; border-top: 1px solid var(--line); margin: 8px 0; }
.modal { border: 1px solid var(--line); border-radius: 10px; margin: 8px auto; max-width: 520px; }
.modal > header, .modal > footer { padding: 11px 16px; font-weight: 700; border-bottom: 1px solid var(--line);
  display: flex; justify-content: space-between; }
.modal > footer { border: 0; border-top: 1px solid var(--line); justify-content: flex-end; gap: 8px; }
.modal > div { padding: 8px 16px; } .go { background: #1a7f5a; border-color: #1a7f5a; color: #fff; }
label { display: block; font-weight: 700; margin: 6px 0 2px; } .field { border: 1px solid var(--line);
  border-radius: 6px; padding: 8px 10px; min-height: 60px; color: var(--soft); } .dot { color: var(--soft); }
"""


def page(parts: Iterable[str], width: int, *, dark: bool = False) -> str:
    """A whole page that says how high it is, once it is drawn.

    `width` is in pixels, and said here too: a window of Chromium is never narrower than 500.
    """
    theme = ' class="dark"' if dark else ""
    height = "document.title = String(Math.floor(document.body.getBoundingClientRect().height))"
    return (
        f"<!doctype html><html{theme}><meta charset=utf-8><style>{STYLE}</style>"
        f'<body style="width:{width}px">'
        f"{''.join(parts)}<script>{height}</script></body></html>"
    )


def question(text: str, name: str = "Ada") -> str:
    mention = '<span class="mention">@Footnote</span>'
    return _post("A", "person", f'<span class="name">{escape(name)}</span> ', f"{mention} {escape(text)}")


def post(message: Message) -> str:
    """A message of the bot, as its blocks show it."""
    name = '<span class="name">Footnote</span><span class="app">APP</span>'
    return _post("F", "", name, drawn(message.blocks))


def modal(view: Payload) -> str:
    send = f'<span class="button go">{_plain(view["submit"])}</span>' if "submit" in view else ""
    title, close = _plain(view["title"]), _plain(view["close"])
    return (
        f'<div class="modal"><header><span>{title}</span><span>×</span></header>'
        f"<div>{drawn(view['blocks'])}</div>"
        f'<footer><span class="button">{close}</span>{send}</footer></div>'
    )


def drawn(blocks: Iterable[Payload]) -> str:
    """Block Kit as HTML; raise `KeyError` for what is not known here."""
    return "".join(_BLOCKS[block["type"]](block) for block in blocks)


def scenes(
    ask: Callable[[str], Answer | NoAnswer], passage: Callable[[Answer], Payload]
) -> dict[str, tuple[int, str]]:
    """Width and page of each picture."""
    owners, bread = "Who holds what share of Banma?", "How do I bake sourdough bread?"
    answer, nothing = ask(owners), ask(bread)
    assert isinstance(answer, Answer) and isinstance(nothing, NoAnswer)
    found = [question(owners), post(messages.answer_message(answer, "id"))]
    closest = replace(answer, certain=False, confidence=0.3)
    open_ends = [
        question("Who replaced the CEO of Banma?"),
        post(messages.answer_message(closest, "id", miss_id="m")),
        question(bread),
        post(messages.no_answer_message(nothing, miss_id="m")),
    ]
    views = [modal(passage(answer)), modal(messages.feedback_modal("id:0:C1"))]
    return {
        "answer": (DESKTOP, page(found, DESKTOP)),
        "answer-phone-dark": (PHONE, page(found, PHONE, dark=True)),
        "no-answer": (DESKTOP, page(open_ends, DESKTOP)),
        "modals": (DESKTOP, page(views, DESKTOP)),
        "report-dark": (DESKTOP, page([post(report_for(a_week(), None))], DESKTOP, dark=True)),
    }


def a_week() -> Report:
    """An ordinary one, made up."""
    counts = [(18, 3, 2), (22, 4, 3), (17, 2, 1), (25, 5, 4), (14, 2, 2), (1, 0, 0), (2, 0, 1)]
    return Report(
        days=tuple(Day(f"2026-11-{16 + number}", *day) for number, day in enumerate(counts)),
        liked=31,
        disliked=(
            Disliked(
                "2026-11-18",
                "outdated",
                "It changed hands this summer.",
                "Who owns Banma?",
                0.8,
                (Reference("alibaba-alios-banma", 1_204, 1_342),),
            ),
        ),
        in_vain=(
            UnansweredTopic(("Who replaced the Banma CEO?",), 5, 2, "2026-11-20"),
            UnansweredTopic(("What does the HIMA alliance cost its partners?",), 3, 0, "2026-11-19"),
        ),
        median_seconds=0.1,
        keeps_questions=True,
    )


def draw(name: str, width: int, html: str, folder: Path) -> Path:
    """Write one picture; raise `FootnoteError` where there is no Chromium, or it does not draw."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise FootnoteError("Chromium is missing. Install it: apt install chromium.")
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "page.html", folder / f"{name}.png"
        source.write_text(html, "utf-8")
        command = [
            *(
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--disable-dev-shm-usage",
            ),
            *(
                f"--user-data-dir={scratch}/profile",
                "--force-device-scale-factor=1.25",
                "--virtual-time-budget=2000",
            ),
        ]
        dom = _run([*command, f"--window-size={width},2000", "--dump-dom", source.as_uri()])
        height = re.search(r"<title>(\d+)</title>", dom)
        if height is None:
            raise FootnoteError(f"Chromium did not draw {name}.")
        size = f"--window-size={width},{height[1]}"
        _run([*command, size, f"--screenshot={target}", source.as_uri()])
    if not target.is_file() or target.stat().st_size > MAX_BYTES:
        raise FootnoteError(f"{target} is missing, or larger than {MAX_BYTES:,} bytes.")
    return target


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        settings = settings_from({"FOOTNOTE_SOURCES": str(ROOT / "sources"), "FOOTNOTE_DATA": data})
        build_index(settings, lambda *_: None)
        answers = open_answers(settings)

        def passage(answer: Answer) -> Payload:
            quote = answer.quotes[0]
            view = answers.passage(quote.source_id, quote.start, quote.end)
            assert view is not None
            return messages.passage_modal(view, ENGLISH, token="id:1:C1")

        for name, (width, html) in scenes(answers.answer, passage).items():
            path = draw(name, width, html, FOLDER)
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    return 0


def _post(letter: str, kind: str, name: str, content: str) -> str:
    time = datetime(2026, 11, 21, 9, 41, tzinfo=UTC).strftime("%H:%M")
    return (
        f'<div class="post"><div class="face {kind}">{letter}</div><div class="said">'
        f'{name}<span class="time">{time}</span><div>{content}</div></div></div>'
    )


def _rich_text(block: Payload) -> str:
    return "".join(_RICH[element["type"]](element) for element in block["elements"])


def _parts(element: Payload) -> str:
    return "".join(_PARTS[part["type"]](part) for part in element["elements"])


def _list(element: Payload) -> str:
    return f"<ul>{''.join(f'<li>{_parts(item)}</li>' for item in element['elements'])}</ul>"


def _styled(text: str, part: Payload) -> str:
    style = part.get("style") or {}
    text = f"<code>{text}</code>" if style.get("code") else text
    return f"<b>{text}</b>" if style.get("bold") else text


def _link(part: Payload) -> str:
    return _styled(f'<a href="{escape(part["url"])}">{escape(part.get("text") or part["url"])}</a>', part)


def _buttons(block: Payload) -> str:
    shown = "".join(f'<span class="button">{_plain(element["text"])}</span>' for element in block["elements"])
    return f'<div class="row">{shown}</div>'


def _thumbs(block: Payload) -> str:
    (element,) = block["elements"]
    both = (element["positive_button"], element["negative_button"])
    shown = "".join(f'<span class="thumb">{_plain(button["text"])}</span>' for button in both)
    return f'<div class="row">{shown}</div>'


def _context(block: Payload) -> str:
    return "".join(f'<div class="note">{_plain(element)}</div>' for element in block["elements"])


def _input(block: Payload) -> str:
    element = block["element"]
    label = f"<label>{_plain(block['label'])}</label>"
    if element["type"] == "radio_buttons":
        chosen = element.get("initial_option")
        return label + "".join(
            f'<div><span class="dot">{"◉" if option == chosen else "○"}</span> {_plain(option["text"])}</div>'
            for option in element["options"]
        )
    return f'{label}<div class="field">{_plain(element["placeholder"])}</div>'


def _plain(text: Payload) -> str:
    return escape(str(text["text"]))


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


_PARTS: dict[str, Callable[[Payload], str]] = {
    "text": lambda part: _styled(escape(part["text"]), part),
    "link": _link,
    "emoji": lambda part: EMOJI[part["name"]],
}
_RICH: dict[str, Callable[[Payload], str]] = {
    "rich_text_section": lambda element: f'<div class="rich">{_parts(element)}</div>',
    "rich_text_quote": lambda element: f"<blockquote>{_parts(element)}</blockquote>",
    "rich_text_list": _list,
}
_BLOCKS: dict[str, Callable[[Payload], str]] = {
    "rich_text": _rich_text,
    "actions": _buttons,
    "context_actions": _thumbs,
    "context": _context,
    "header": lambda block: f"<h2>{_plain(block['text'])}</h2>",
    "divider": lambda block: "<hr>",
    "input": _input,
}

if __name__ == "__main__":
    sys.exit(main())
