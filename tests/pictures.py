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
from bot.types import Answer, Collection, Listed, Nearest, NoAnswer, Overview, Quote, Source
from bot.wiring import build_index, open_answers
from index.types import FootnoteError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "slack"
MAX_BYTES = 250_000
PHONE = 390
FRAME = 14

ARTICLES = {
    "alibaba-alios-banma": (
        "Alibaba reportedly plans to move its AliOS Auto team into Banma",
        "https://e.example/banma",
    )
}

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
.light { --page: #fff; --ink: #1f2328; --soft: #626870; --line: #d5d9de; --link: #1662b8; --bar: #c9ced4; }
.dark { --page: #1c1f23; --ink: #dfe2e6; --soft: #9aa1a9; --line: #3c424a; --link: #74b4f0; --bar: #565d66; }
body { margin: 0; display: flex; }
.phone { padding: 14px 16px; background: var(--page); color: var(--ink);
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


def page(parts: Iterable[str], themes: Sequence[str] = ("light", "dark")) -> str:
    """A page that shows the same on phones side by side, and says how high it is once it is drawn.

    The width is said here too: a window of Chromium is never narrower than 500.
    """
    shown = "".join(parts)
    phones = "".join(f'<div class="phone {theme}" style="width:{PHONE}px">{shown}</div>' for theme in themes)
    height = "document.title = String(Math.floor(document.body.getBoundingClientRect().height))"
    return (
        f"<!doctype html><html><meta charset=utf-8><style>{STYLE}</style>"
        f'<body style="width:{PHONE * len(themes)}px">{phones}<script>{height}</script></body></html>'
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
) -> dict[str, list[str]]:
    """The posts of each picture.  `ask` and `passage` give what the bot gives."""
    owners, bread = "Who holds what share of Banma?", "How do I bake sourdough bread?"
    parts = "Which brands belong to HIMA, and who is the mayor of Shanghai?"
    unsure = "What does the CEO of Banma earn?"
    short, several, nothing = ask(owners), made_up_answers()["several"], ask(bread)
    assert isinstance(short, Answer) and isinstance(nothing, NoAnswer)
    closest = replace(short, certain=False, quotes=(replace(short.quotes[0], answer=None),))
    brands = ask("Which brands belong to HIMA?")
    assert isinstance(brands, Answer)
    labelled = tuple(replace(quote, part="Which brands belong to HIMA") for quote in brands.quotes)
    open_part = replace(brands, quotes=labelled, unanswered=("who is the mayor of Shanghai",))
    near = replace(nothing, nearest=(Nearest("a", short.sources[0].title, None, short.sources[0].published),))
    offer = messages.Offer(
        ("What is Banma Network Technologies?", "What is known about HIMA?"), 3, "2025-12-09"
    )
    now = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
    three = (*offer.questions, "What is known about Huawei?")
    person = messages.person_message(unsure, ["S1"], "m:U1")
    answered = messages.person_answered_message(unsure, "It has not been published.", "Bea", "m:U1:1.2")
    added = messages.curated_message(
        "white_check_mark",
        ENGLISH.add_done,
        [ENGLISH.was_added.format(title="The ferry", place="")],
        ENGLISH,
        messages.question_buttons(["When was the ferry launched?"]),
    )
    return {
        "short": [question(owners), post(messages.answer_message(short, "id"))],
        "several": [question("When does the harbour reopen?"), post(messages.answer_message(several, "id"))],
        "disagreement": [
            question("What does the harbour extension cost?"),
            post(messages.answer_message(made_up_answers()["disagreement"], "id")),
        ],
        "parts": [
            question(parts),
            post(messages.answer_message(open_part, "id", extras=messages.Extras(miss_id="m"))),
        ],
        "unsure": [
            question(unsure),
            post(messages.answer_message(closest, "id", extras=messages.Extras(miss_id="m"))),
        ],
        "none": [
            question(unsure),
            post(
                messages.no_answer_message(
                    near,
                    extras=messages.Extras(miss_id="m"),
                    offer=replace(offer, questions=offer.questions[:1]),
                )
            ),
            question(bread),
            post(messages.no_answer_message(nothing, extras=messages.Extras(miss_id="m"))),
        ],
        "greeting": [question("hi"), post(messages.help_message(offer=offer))],
        "passage": [modal(passage(short))],
        "person": [post(person), post(answered)],
        "private": [
            post(messages.answer_message(short, "id", extras=messages.Extras(private=True))),
            post(messages.broken_message()),
        ],
        "home": [drawn(messages.home_view(an_overview(), three, now, troubles=())["blocks"])],  # type: ignore[arg-type]
        "curators": [post(added), post(report_for(a_week(), None, ARTICLES))],
    }


def made_up_answers() -> dict[str, Answer]:
    """Answers of a town's papers, for what the articles that ship do not show."""
    first = Source(
        1, "a", "The harbour reopens", "Lake Times", None, "2026-07-01", "https://e.example/a", None, "a"
    )
    second = replace(
        first, citation=2, id="b", title="Works end", publisher="Lindau Post", published="2025-05-03"
    )
    texts = (
        "The harbour of Lindau reopens on 12 August, when the last of the new quays is finished.",
        "Ferries to Bregenz and Rorschach will call again from the same day, the council said.",
        "The guest moorings stay closed until spring, since the crane that lifts boats is still missing.",
    )
    answers = ("12 August", "from the same day", "until spring")
    several = Answer(
        "?",
        tuple(
            Quote(
                text, 1 + (place > 1), "ab"[place > 1], 0, len(text), "https://e.example/a", _span(text, said)
            )
            for place, (text, said) in enumerate(zip(texts, answers, strict=True))
        ),
        (first, second),
        *(0.9, True, "g", 0.1),
    )
    said = "The harbour extension in Lindau costs 61 million euros, the council said on Monday."
    before = (
        "After months of talks on the width of the new quays, the depth of the basin and the way in which the"
        " crane is to be paid for, the council put the cost of the harbour extension at 48 million euros."
    )
    pair = (
        Quote(said, 1, "a", 0, len(said), "https://e.example/a", _span(said, "61 million euros")),
        Quote(before, 2, "b", 0, len(before), "https://e.example/b", _span(before, "48 million euros")),
    )
    return {"several": several, "disagreement": replace(several, quotes=pair, disagreement=True)}


def _span(text: str, words: str) -> tuple[int, int]:
    return text.index(words), text.index(words) + len(words)


def an_overview() -> Overview:
    listed = (
        Listed("Huawei's smart car alliance to build unified ecosystem", "TechNode", "2025-12-09", None),
        Listed(
            "Alibaba reportedly plans to move its AliOS Auto team into Banma", "TechNode", "2019-07-17", None
        ),
    )
    return Overview("g", "2026-11-21T09:30:00+00:00", 3, 22, (Collection("", 3, listed),))


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
        questions_before=112,
    )


def draw(name: str, html: str, folder: Path) -> Path:
    """Write one picture; raise `FootnoteError` if there is no Chromium, or it does not draw."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "page.html", folder / f"{name}.png"
        source.write_text(html, "utf-8")
        size = f"--window-size={2 * PHONE},{_height(source, scratch)}"
        _run(*_command(scratch), size, f"--screenshot={target}", source.as_uri())
    if not target.is_file() or target.stat().st_size > MAX_BYTES:
        raise FootnoteError(f"{target} is missing, or larger than {MAX_BYTES:,} bytes.")
    return target


def height_of(message: Message) -> int:
    """How high a message stands on a phone, in pixels, with the bot's name above it and no frame around."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "page.html"
        source.write_text(page([post(message)], ["light"]), "utf-8")
        return _height(source, scratch) - 2 * FRAME


def browser() -> str | None:
    """Chromium, if it is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _height(source: Path, scratch: str) -> int:
    dom = _run(*_command(scratch), f"--window-size={2 * PHONE},2000", "--dump-dom", source.as_uri())
    height = re.search(r"<title>(\d+)</title>", dom)
    if height is None:
        raise FootnoteError(f"Chromium did not draw {source.name}.")
    return int(height[1])


def _command(scratch: str) -> list[str]:
    found = browser()
    if found is None:
        raise FootnoteError("Chromium is missing. Install it: apt install chromium.")
    switches = ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars", "disable-dev-shm-usage")
    settings = (
        f"user-data-dir={scratch}/profile",
        "force-device-scale-factor=1.25",
        "virtual-time-budget=2000",
    )
    return [found, *(f"--{switch}" for switch in (*switches, *settings))]


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        settings = settings_from({"FOOTNOTE_SOURCES": str(ROOT / "sources"), "FOOTNOTE_DATA": data})
        build_index(settings, lambda *_: None)
        answers = open_answers(settings)

        def passage(answer: Answer) -> Payload:
            quote = answer.quotes[0]
            view = answers.passage(quote.source_id, quote.start, quote.end)
            assert view is not None
            return messages.passage_modal(view, ENGLISH, token="id:1:C1")

        for name, posts in scenes(answers.answer, passage).items():
            path = draw(name, page(posts), FOLDER)
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
    text = f"<i>{text}</i>" if style.get("italic") else text
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


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


_PARTS: dict[str, Callable[[Payload], str]] = {
    "text": lambda part: _styled(escape(part["text"]), part),
    "link": _link,
    "emoji": lambda part: EMOJI[part["name"]],
    "user": lambda part: '<span class="mention">@Bea</span>',
    "usergroup": lambda part: '<span class="mention">@curators</span>',
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
