"""What is installed and shipped: pins, packages, the image and the set-up, as far as a test can see them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bot.config import table

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEVELOPMENT: list[str] = PROJECT["project"]["optional-dependencies"]["dev"]
Install = Callable[..., tuple[int, str, list[str]]]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_every_direct_dependency_is_pinned_and_locked_at_the_same_version() -> None:
    locked, locked_dev = _pins("requirements.lock"), _pins("requirements-dev.lock")

    assert {_name(pin): _version(pin) for pin in RUNTIME}.items() <= locked.items()
    assert {_name(pin): _version(pin) for pin in DEVELOPMENT}.items() <= locked_dev.items()
    assert set(locked) & set(locked_dev) == set()


def test_every_dependency_has_its_reason_in_contributing() -> None:
    reasons = re.findall(
        r"^\| `([\w.-]+)` \| \S", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )

    assert reasons == [pin.split("==")[0] for pin in (*RUNTIME, *DEVELOPMENT)]


def test_every_package_and_every_data_file_is_installed() -> None:
    settings = PROJECT["tool"]["setuptools"]
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in ("bot", "index")
        for path in (ROOT / package).rglob("__init__.py")
    }
    data = {
        path.relative_to(ROOT).as_posix()
        for package in ("bot", "index")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    installed = {
        path.relative_to(ROOT).as_posix()
        for package, patterns in settings["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package).glob(pattern)
    }

    assert set(settings["packages"]) == folders
    assert installed == data
    assert settings["data-files"] == {"share/footnote": ["manifest.json", "manifest-agent.json"]}


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    copied = [source for line in _instructions("COPY") for source in line.split()[:-1]]
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }

    assert "scripts/install" in copied and "sources" in copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {source.split("/")[0] for source in copied} == kept


def test_the_image_runs_only_commands_that_it_has() -> None:
    # What python:3.11-slim brings, and what the image itself copies or installs.
    known = {"scripts/install", "pip", "python", "rm", "useradd", "mkdir", "chown", "footnote"}
    commands = {part.split()[0] for line in _instructions("RUN") for part in line.split("&&")}
    started = {
        program
        for line in (*_instructions("ENTRYPOINT"), *_instructions("HEALTHCHECK"))
        for program in re.findall(r'\["([^"]+)"', line)
    }

    assert len(started) == 2
    assert commands | started <= known
    assert list(PROJECT["project"]["scripts"]) == ["footnote"]


def test_the_image_runs_as_nobody_special_with_its_state_on_a_volume() -> None:
    user = DOCKERFILE.index("\nUSER footnote")

    assert DOCKERFILE.index("useradd") < user < DOCKERFILE.index("\nENTRYPOINT")
    assert _instructions("VOLUME") == ["/data"]
    assert "FOOTNOTE_DATA=/data" in DOCKERFILE
    assert _instructions("CMD") == ['["run"]']
    assert '"-m", "bot.slack.health", "/data"' in _instructions("HEALTHCHECK")[0]


def test_the_services_of_several_bots_name_what_there_is() -> None:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    recipes = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs" / "postgresql.md").read_text("utf-8"), re.DOTALL
    )
    text = json.dumps([composed, *map(yaml.safe_load, recipes)])

    assert set(re.findall(r"\b(?:FOOTNOTE|SLACK)_[A-Z_]+", text)) <= {one.variable for one in table()}
    extras = re.findall(r"footnote\[(\w+)\]", (ROOT / "compose.yaml").read_text("utf-8"))
    assert extras and set(extras) <= set(PROJECT["project"]["optional-dependencies"])
    bots = [one for one in composed["services"].values() if "build" in one]
    mounted = [volume for one in composed["services"].values() for volume in one["volumes"]]
    assert len(bots) == 2 and len({bot["environment"]["FOOTNOTE_STATE"] for bot in bots}) == 1
    assert sorted(volume.partition(":")[0] for volume in mounted) == sorted(composed["volumes"])
    assert [volume for volume in mounted if volume.endswith(":/data")] == ["index-1:/data", "index-2:/data"]


def test_the_image_and_the_project_agree_on_python() -> None:
    image = re.search(r"^FROM python:(\d+\.\d+)-slim$", DOCKERFILE, re.MULTILINE)

    assert image is not None
    assert PROJECT["project"]["requires-python"] == f">={image.group(1)}"


@pytest.mark.parametrize("script", ["scripts/install", ".ci/run"])
def test_a_script_can_be_run_and_is_sound_to_its_shell(script: str) -> None:
    path = ROOT / script
    shell = path.read_text("utf-8").splitlines()[0].removeprefix("#!").split()[-1]

    assert path.stat().st_mode & 0o111
    done = subprocess.run(
        [shutil.which(shell) or shell, "-n", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def pip(tmp_path: Path) -> Install:
    """Run scripts/install with a Python whose pip installs nothing, and fails where told to."""
    log = tmp_path / "log"

    def install(*options: str, failing: str, system: str = "Linux") -> tuple[int, str, list[str]]:
        _script(tmp_path / "uname", f"echo {system}\n")
        python = tmp_path / "python"
        _script(
            python,
            f'echo "$@" >> {log}\n'
            'case "$*" in\n'
            "*'import importlib'*|*'from importlib'*) exit 1 ;;\n"  # no PyTorch there yet
            f"{failing}) exit 1 ;;\n"
            "esac\n",
        )
        done = subprocess.run(
            [ROOT / "scripts" / "install", python, *options],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = [line for line in log.read_text("utf-8").splitlines() if line.startswith("-m pip")]
        return done.returncode, done.stderr, [re.sub("^-m pip.* install ", "", call) for call in calls]

    return install


class TestInstall:
    def test_takes_pytorch_without_cuda_from_where_pip_looks_first(self, pip: Install) -> None:
        code, _, calls = pip(failing="nothing")

        assert code == 0
        assert calls[0] == "--no-deps torch==2.13.0+cpu"
        assert calls[1] == "--no-deps -r /dev/stdin"
        assert calls[2:] == ["--no-deps --no-build-isolation --editable ."]

    def test_else_from_pytorchs_own_place(self, pip: Install) -> None:
        code, _, calls = pip("--dev", failing="*'--no-deps torch=='*")

        assert code == 0
        assert calls[:2] == [
            "--no-deps torch==2.13.0+cpu",
            "--no-deps --index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu",
        ]
        assert "--no-deps -r requirements-dev.lock" in calls

    def test_off_linux_the_ordinary_build_is_without_cuda(self, pip: Install) -> None:
        _, _, calls = pip(failing="nothing", system="Darwin")

        assert calls[0] == "--no-deps torch==2.13.0"

    def test_and_says_what_to_do_where_neither_has_it(self, pip: Install) -> None:
        code, err, _ = pip(failing="*torch==*")

        assert code == 1
        assert "TORCH=torch==2.13.0 make run" in err

    def test_leaves_the_project_itself_out_where_asked_to(self, pip: Install) -> None:
        code, _, calls = pip("--only-dependencies", failing="nothing")

        assert (code, len(calls)) == (0, 2)


@pytest.mark.parametrize(
    "target", ["help", "setup", "run", "build", "test", "fuzz", "bench", "bench-speed", "clean"]
)
def test_make_knows_how(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_set_up_names_no_registry_and_no_machine() -> None:
    text = "".join(
        (ROOT / name).read_text("utf-8")
        for name in (
            "Makefile",
            "scripts/install",
            "requirements.lock",
            "requirements-dev.lock",
            "pyproject.toml",
        )
    )

    assert re.findall(r"https?://(?!download\.pytorch\.org/whl/cpu)\S+", text) == []


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}", "utf-8")
    path.chmod(0o755)


def _pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return {_name(line): _version(line) for line in lines if line and not line.startswith("#")}


def _name(pin: str) -> str:
    return re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower()


def _version(pin: str) -> str:
    return pin.split("==")[1]


def _instructions(keyword: str) -> list[str]:
    """The arguments of each such instruction, with continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [
        line.removeprefix(keyword).strip() for line in joined.splitlines() if line.startswith(f"{keyword} ")
    ]
