"""Every state of every message, modal and App Home, by a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.slack import messages
from bot.types import About, Instead, Nearest, NoAnswer, PassageView, Silence, Told
from index.reasons import Reason, Why
from tests.fakes.answers import answer_quoting, banma_answer, overview


def every_message() -> dict[str, list[messages.Block]]:
    nearest = (Nearest("a", "With a link", "https://e.example"), Nearest("b", "Without", None))
    none = NoAnswer("?", Silence.NOT_IN_SOURCES, nearest, 0.0, "g", 0.0)
    both = tuple(messages.Unread)
    full = replace(banma_answer(), text="Half each [1].", unanswered=("Who is Zoe?",), disagreement=True)
    copied = replace(full, sources=(replace(full.sources[0], also=("Other Times, https://e.example",)),))
    quote = replace(banma_answer().quotes[0], answer=(27, 34), path=("A", "B"), part="Who?")
    detailed = replace(banma_answer(certain=False), quotes=(quote, quote), instead=Instead("a", "b"))
    told = replace(banma_answer(), quotes=(), told=Told(About.AUTHOR, 2, values=("Ann",)))
    listed = replace(told, sources=(), told=Told(About.MENTIONING, 0, "bread"))
    rendered = {
        "detailed": messages.answer_message(detailed, "id"),
        "selection": messages.answer_message(replace(banma_answer(), selection=True), "id"),
        "told": messages.answer_message(told, "id", extras=messages.Extras(private=True)),
        "listed": messages.answer_message(listed, "id", messages.CHINESE),
        "instead": messages.no_answer_message(replace(none, instead=Instead("a", None))),
        "answer": messages.answer_message(banma_answer(), "id", extras=messages.Extras(unread=both)),
        "full": messages.answer_message(
            copied, "id", extras=messages.Extras(miss_id="m", private=True, asked="Who?")
        ),
        "uncertain": messages.answer_message(
            banma_answer(certain=False), "id", extras=messages.Extras(miss_id="m")
        ),
        "chinese": messages.answer_message(
            copied, "id", messages.CHINESE, messages.Extras(unread=both, private=True)
        ),
        "long": messages.answer_message(answer_quoting(*["word " * 2_000] * 6), "id"),
        "more": messages.more_message(banma_answer(certain=False), "id"),
        "none": messages.no_answer_message(none, extras=messages.Extras(both, "m")),
        **{
            f"none{reason.name}": messages.no_answer_message(NoAnswer("?", reason, (), 0.0, "g", 0.0))
            for reason in Silence
        },
        "help": messages.help_message(unread=both),
        "noIndex": messages.no_index_message(),
        "broken": messages.broken_message(),
        "busy": messages.busy_message(),
        "limited": messages.limited_message(of_channel=True, limit=60, seconds=12),
        "report": messages.report_message(
            "A week", ["Asked: 3"], [("In vain", [messages.Line("Who?", (("A", None),))]), ("👎", [])], "n"
        ),
        "quiet": messages.order_message(quiet=True),
        "resume": messages.order_message(quiet=False),
        "declined": messages.declined_message(unknown=True),
        "curated": messages.curated_message(
            "books", "Done", ["Line"] * 20, buttons=messages.question_buttons(["Who?"])
        ),
        "removing": messages.curated_message("books", "?", buttons=messages.removal_buttons("a/b")),
        "which": messages.curated_message("books", "Which?", buttons=messages.which_buttons(["a", "b"])),
        "greeting": messages.help_message(offer=messages.Offer(("Who?", "What?"), 2, "2020")),
        "asked": messages.asked_message("Who?"),
        "person": messages.person_message("Who?", ["S1", "U1"], "m:U1"),
        "nonePrivate": messages.no_answer_message(none, extras=messages.Extras((), "m", private=True)),
        "prose": messages.prose_message("Half each [1]."),
        "personAnswered": messages.person_answered_message("Who?", "Bea.", "Bea", "m:U1:1.2"),
    }
    return {name: list(message.blocks) for name, message in rendered.items()}


def every_view() -> dict[str, messages.Block]:
    link = "https://e.example/#:~:text=quote"
    passage = PassageView(
        "a", "Title", "Paper", "2020-01-02", "https://e.example", link, "before ", "quote", " after"
    )
    middle = replace(passage, start=10, end=50, article_end=90)
    return {
        "passage": messages.passage_modal(passage),
        "steps": messages.passage_modal(middle, token="id:1:C1", others=(2, 3)),
        "stretch": messages.stretch_modal(replace(middle, quote=""), token="id:1:C1"),
        "withheld": messages.withheld_modal(),
        "changed": messages.changed_modal(),
        "why": messages.feedback_modal("id:0:C1"),
        "add": messages.add_modal([]),
        "addSomewhere": messages.add_modal([(".", "None"), ("a" * 160, "Far too long"), ("b", "b" * 90)]),
        "thanks": messages.said_in("Title", "Said."),
    }


def every_home() -> dict[str, messages.Block]:
    now = datetime(2026, 5, 2, tzinfo=UTC)
    troubles = [messages.Trouble("notes/a.md", Reason(Why.EMPTY_DOCUMENT), kept=True)] * 9
    return {
        "home": messages.home_view(overview(), ("Who?", "What?"), now),
        "homeWithoutExamples": messages.home_view(overview(), (), now, messages.CHINESE),
        "homeWithTroubles": messages.home_view(overview(), (), now, troubles=troubles),
        "homeWithoutIndex": messages.home_without_index(troubles=troubles),
    }
