"""The public sets as typed values, and which of their questions a figure may be taken from.

Knows the files of each set and where they come from, and nothing of what is done with them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from index.types import FootnoteError

Split = Literal["tune", "report", "all"]
SPLITS: tuple[Split, ...] = ("tune", "report", "all")
TUNE_TENTHS = 7

LANGUAGES = ("en", "ar", "de", "el", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")
CORPORA = ("chatlogs", "finance", "pubmed", "state_of_the_union", "wikitexts")

# A quick run takes so much of each set: enough to see that everything works.
QUICK_XQUAD_ARTICLES = 3
QUICK_SELQA_QUESTIONS = 20
QUICK_CORPORA = ("chatlogs",)
QUICK_CRANFIELD_DOCUMENTS = 30
QUICK_PAGES = 20
QUICK_PASSAGES = 30

# Cranfield's judges wrote 1 for "a complete answer" down to 4 for "of minimum interest".  Each
# question has one -1 that their note leaves unexplained: the paper whose author asked it.
CRANFIELD_GAINS = {-1: 4.0, 1: 4.0, 2: 3.0, 3: 2.0, 4: 1.0}


def in_split(key: str, split: Split) -> bool:
    """Whether the question with this id, or this text where it has none, belongs to `split`."""
    if split == "all":
        return True
    is_tune = int(hashlib.sha256(key.encode()).hexdigest(), 16) % 10 < TUNE_TENTHS
    return is_tune == (split == "tune")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Of XQuAD."""

    number: int
    """Over all articles, from 0."""
    title: str
    """Of its article."""
    position: int
    """Within its article, from 0."""
    text: str


@dataclass(frozen=True, slots=True)
class XquadQuestion:
    """Its answer is a piece of its paragraph."""

    id: str
    text: str
    paragraph: int
    answer: str
    answer_start: int


@dataclass(frozen=True, slots=True)
class Xquad:
    """One language; numbers and ids are the same in all."""

    language: str
    paragraphs: tuple[Paragraph, ...]
    questions: tuple[XquadQuestion, ...]


@dataclass(frozen=True, slots=True)
class SelqaQuestion:
    """With the sentences of one section, of which some answer it."""

    id: str
    """Its text: the set has no ids."""
    article: str
    section: str
    candidates: tuple[str, ...]
    answers: frozenset[int]

    @property
    def text(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class ChunkingQuestion:
    """Its answer is ranges of characters of one corpus."""

    id: str
    """Its text: the set has no ids."""
    corpus: str
    ranges: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Chunking:
    corpora: Mapping[str, str]
    """Name -> text."""
    questions: tuple[ChunkingQuestion, ...]


@dataclass(frozen=True, slots=True)
class CranfieldDocument:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CranfieldQuestion:
    id: str
    text: str
    gains: Mapping[str, float]
    """Document id -> 4 for a complete answer, down to 1 for one of minimum interest."""


@dataclass(frozen=True, slots=True)
class Cranfield:
    documents: tuple[CranfieldDocument, ...]
    questions: tuple[CranfieldQuestion, ...]


@dataclass(frozen=True, slots=True)
class WikiArticle:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A web page, and the text of its article that a person marked."""

    id: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadingQuestion:
    """Asked about one passage, which answers it or does not."""

    id: str
    title: str
    """Of the article that the passage is from; may be empty."""
    passage: str
    text: str
    answers: tuple[tuple[int, int], ...]
    """Start and end in `passage` of each answer that is accepted; none if the passage has none."""


@dataclass(frozen=True, slots=True)
class PublicSet:
    """Where a set comes from."""

    name: str
    files: tuple[str, ...]
    """Below the data folder; each may be gzipped, with `.gz` behind its name."""
    origin: str


CHUNKING_FILES = ("chunking/questions_df.csv", *(f"chunking/{name}.md" for name in CORPORA))
SELQA_FILE = "selqa/selqa-ass-dev.json"
CRANFIELD_FILES = ("cranfield/cran.all.1400", "cranfield/cran.qry", "cranfield/cranqrel")
SELQA_TEST_FILE = "reader/selqa.test.jsonl"
EXTRACTION_FILE = "article_extraction/ground-truth.json"
WIKI_FILE = "wiki_articles.tar.gz"


def xquad_set(languages: Iterable[str]) -> PublicSet:
    files = tuple(f"xquad/xquad.{language}.json" for language in languages)
    return PublicSet("XQuAD", files, "https://github.com/google-deepmind/xquad, as it is there")


CHUNKING_SET = PublicSet(
    "Chunking corpora",
    CHUNKING_FILES,
    "https://github.com/brandonstarxel/chunking_evaluation, folder general_evaluation_data",
)
SELQA_SET = PublicSet("SelQA", (SELQA_FILE,), "https://github.com/emorynlp/selqa, folder ass")
CRANFIELD_SET = PublicSet(
    "Cranfield",
    CRANFIELD_FILES,
    "http://ir.dcs.gla.ac.uk/resources/test_collections/cran/, cranqrel as it is there",
)
EXTRACTION_SET = PublicSet(
    "Article extraction",
    (EXTRACTION_FILE,),
    "https://github.com/scrapinghub/article-extraction-benchmark, with its folder html beside it",
)
WIKI_SET = PublicSet(
    "Wikipedia articles",
    (WIKI_FILE,),
    "any articles as plain text, one .txt file each, named by their title, packed with tar -czf",
)


READING_SETS = {
    name: PublicSet(name, (f"reader/{name}.jsonl",), f"{origin}; one JSON object a line")
    for name, origin in (
        ("squad2.dev", "https://rajpurkar.github.io/SQuAD-explorer, dev of 2.0 less XQuAD's paragraphs"),
        ("squad2_unansq.dev", "https://rajpurkar.github.io/SQuAD-explorer, pairs with near misses"),
        ("squad1extra.dev", "https://rajpurkar.github.io/SQuAD-explorer, what dev of 1.1 has beyond 2.0"),
        ("qed_nq.dev", "https://github.com/google-research-datasets/QED"),
        ("squadshifts_new_wiki.test", "https://modestyachts.github.io/squadshifts-website, new_wiki"),
        ("onestopqa.all", "https://github.com/berzak/onestop-qa"),
        ("selqa.test", "https://github.com/emorynlp/selqa, folder ass"),
        ("condaqa.test", "https://github.com/AbhilashaRavichander/CondaQA"),
        ("zh_cmrc2018.trial", "https://github.com/ymcui/cmrc2018"),
    )
}
"""Name -> questions with a passage each: `{id, title, context, question, answers: [{text, start}]}`.

SelQA has `{id, title, section, question, sentences, gold}` instead.
"""


def listing(sets: Iterable[PublicSet]) -> str:
    """The files of each set that has any, and where to get them."""
    return "\n".join(
        f"  {public.name}, from {public.origin}:\n" + "\n".join(f"    {file}" for file in public.files)
        for public in sets
        if public.files
    )


class BenchmarkData:
    """The sets below one folder.  With `quick`, a small part of each."""

    def __init__(self, folder: Path, quick: bool = False) -> None:
        self._folder = folder
        self._quick = quick

    def require(self, sets: Sequence[PublicSet]) -> None:
        """Raise `FootnoteError` that names every file of `sets` that is missing, and its origin."""
        missing = [
            replace(public, files=tuple(file for file in public.files if not self._exists(file)))
            for public in sets
        ]
        if any(public.files for public in missing):
            raise FootnoteError(
                f"The benchmark's data in {self._folder} lacks these files, each as it is or gzipped:\n"
                f"{listing(missing)}\n"
                "Put them there, name another folder with --data DIR, or choose groups with --only."
            )

    def xquad(self, language: str) -> Xquad:
        raw = json.loads(self._text(f"xquad/xquad.{language}.json"))
        paragraphs: list[Paragraph] = []
        questions: list[XquadQuestion] = []
        articles = raw["data"][:QUICK_XQUAD_ARTICLES] if self._quick else raw["data"]
        for article in articles:
            title = article["title"].replace("_", " ")
            for position, paragraph in enumerate(article["paragraphs"]):
                number = len(paragraphs)
                paragraphs.append(Paragraph(number, title, position, paragraph["context"]))
                for question in paragraph["qas"]:
                    gold = question["answers"][0]
                    questions.append(
                        XquadQuestion(
                            question["id"], question["question"], number, gold["text"], gold["answer_start"]
                        )
                    )
        return Xquad(language, tuple(paragraphs), tuple(questions))

    def selqa(self) -> tuple[SelqaQuestion, ...]:
        """Of the set's dev part."""
        raw = json.loads(self._text(SELQA_FILE))
        return tuple(
            SelqaQuestion(
                id=item["question"],
                article=item["article"],
                section=item["section"],
                candidates=tuple(item["candidates"]),
                answers=frozenset(item["answers"]),
            )
            for item in (raw[:QUICK_SELQA_QUESTIONS] if self._quick else raw)
        )

    def selqa_test(self) -> tuple[SelqaQuestion, ...]:
        return tuple(
            SelqaQuestion(
                id=record["question"],
                article=record["title"],
                section=record["section"],
                candidates=tuple(record["sentences"]),
                answers=frozenset(record["gold"]),
            )
            for record in self._lines(SELQA_TEST_FILE)[: QUICK_SELQA_QUESTIONS if self._quick else None]
        )

    def reading(self, name: str) -> tuple[ReadingQuestion, ...]:
        """One of `READING_SETS`, every passage in one version.

        Of OneStopQA's three levels, the middle one; of CondaQA's edits of a passage, none.
        """
        (file,) = READING_SETS[name].files
        records = [r for r in self._lines(file) if r.get("level", "Int") == "Int" and not r.get("edit")]
        questions = [_section(record) if "sentences" in record else _passage(record) for record in records]
        if self._quick:
            kept = set(list(dict.fromkeys(question.passage for question in questions))[:QUICK_PASSAGES])
            questions = [question for question in questions if question.passage in kept]
        return tuple(questions)

    def chunking(self) -> Chunking:
        names = QUICK_CORPORA if self._quick else CORPORA
        rows = csv.DictReader(io.StringIO(self._text("chunking/questions_df.csv")))
        return Chunking(
            corpora={name: self._text(f"chunking/{name}.md") for name in names},
            questions=tuple(
                ChunkingQuestion(
                    id=row["question"],
                    corpus=row["corpus_id"],
                    ranges=tuple(
                        (gold["start_index"], gold["end_index"]) for gold in json.loads(row["references"])
                    ),
                )
                for row in rows
                if row["corpus_id"] in names
            ),
        )

    def cranfield(self) -> Cranfield:
        documents, queries, judgements = (self._text(file) for file in CRANFIELD_FILES)
        gains: dict[str, dict[str, float]] = {}
        for line in judgements.splitlines():
            query, document, grade = line.split()
            if int(grade) in CRANFIELD_GAINS:
                gains.setdefault(query, {})[document] = CRANFIELD_GAINS[int(grade)]
        kept = [
            CranfieldDocument(record["I"], record.get("T", ""), record.get("W", ""))
            for record in _records(documents)
            if record.get("W")
        ]
        if self._quick:
            kept = kept[:QUICK_CRANFIELD_DOCUMENTS]
        known = {document.id for document in kept}
        questions = [
            # The judgements count the queries by their order, whatever numbers the queries bear.
            CranfieldQuestion(
                str(number),
                record["W"],
                {id: gain for id, gain in gains.get(str(number), {}).items() if id in known},
            )
            for number, record in enumerate(_records(queries), 1)
        ]
        return Cranfield(tuple(kept), tuple(question for question in questions if question.gains))

    def extraction(self) -> tuple[MarkedPage, ...]:
        marked = json.loads(self._text(EXTRACTION_FILE))
        ids = sorted(marked)[:QUICK_PAGES] if self._quick else sorted(marked)
        return tuple(
            MarkedPage(id, self._text(f"article_extraction/html/{id}.html"), marked[id]["articleBody"])
            for id in ids
        )

    def wiki(self) -> Iterator[WikiArticle]:
        with tarfile.open(self._folder / WIKI_FILE) as archive:
            files = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
            for member in files:
                stream = archive.extractfile(member)
                if stream is not None:
                    title = Path(member.name).stem.replace("_", " ")
                    yield WikiArticle(title, stream.read().decode("utf-8", "replace"))

    def _exists(self, file: str) -> bool:
        return (self._folder / file).is_file() or (self._folder / f"{file}.gz").is_file()

    def _lines(self, file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._text(file).splitlines()]

    def _text(self, file: str) -> str:
        plain, packed = self._folder / file, self._folder / f"{file}.gz"
        raw = plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
        return raw.decode("utf-8")


def _passage(record: Mapping[str, Any]) -> ReadingQuestion:
    context = record["context"]
    # An article is stored without white space around it.
    lead = len(context) - len(context.lstrip())
    answers = [(gold["start"] - lead, gold["start"] + len(gold["text"]) - lead) for gold in record["answers"]]
    return ReadingQuestion(
        record["id"], record["title"], context.strip(), record["question"], tuple(dict.fromkeys(answers))
    )


def _section(record: Mapping[str, Any]) -> ReadingQuestion:
    """The sentences as running text."""
    text, places = "", []
    for sentence in map(str.strip, record["sentences"]):
        text += " " if text and sentence else ""
        places.append((len(text), len(text) + len(sentence)))
        text += sentence
    answers = tuple(places[number] for number in record["gold"])
    title = f"{record['title']} - {record['section']}"
    return ReadingQuestion(record["id"], title, text, record["question"], answers)


def _records(text: str) -> Iterator[dict[str, str]]:
    """Cranfield's records: `.I number`, then fields that a line `.X` opens."""
    record: dict[str, list[str]] = {}
    field = ""
    for line in text.splitlines():
        if line.startswith(".I "):
            if record:
                yield _joined(record)
            record, field = {"I": [line[3:]]}, "I"
        elif len(line.strip()) == 2 and line.startswith("."):
            field = line[1]
            record[field] = []
        else:
            record[field].append(line)
    if record:
        yield _joined(record)


def _joined(record: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {field: " ".join(" ".join(lines).split()) for field, lines in record.items()}
