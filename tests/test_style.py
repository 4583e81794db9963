"""One style for all code: ruff finds nothing, in modules, tests and labs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

TEXTS = {".py", ".md", ".toml", ".yml", ".txt", ".lock", ".sh", ".ipynb", ".json"}


def ruff(root, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ruff", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_ruff_finds_nothing(root):
    done = ruff(root, "check", "--no-cache", "--output-format=concise", ".")
    assert done.returncode == 0, done.stdout


def test_the_code_is_formatted(root):
    done = ruff(root, "format", "--check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_a_module_over_400_lines_gives_the_reason(root):
    """In its docstring, as CONTRIBUTING asks; the generators run in Blender's own Python."""
    long = {}
    for package in ("helpers", "parking", "tools"):
        for path in (root / package).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if source.count("\n") > 400 and "render" not in path.parts:
                long[path.relative_to(root).as_posix()] = ast.get_docstring(ast.parse(source))
    assert not [name for name, text in long.items() if "over 400 lines" not in text]


THIRD_PERSON = re.compile(
    r"(Add|Ask|Assign|Build|Compare|Compile|Convert|Decide|Decode|Display|Draw|Encode|Find|Follow|"
    r"Give|Install|Judge|Keep|Load|Make|Open|Predict|Print|Put|Raise|Read|Return|Run|Show|Take|"
    r"Train|Write|Yield)s\b"
)


def test_a_function_is_described_in_the_imperative_or_by_what_it_gives(root):
    found = [
        f"{path.name}, {node.name}: {text.splitlines()[0]}"
        for package in ("helpers", "parking", "tools")
        for path in sorted((root / package).rglob("*.py"))
        if "render" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node))
        if THIRD_PERSON.match(text)
    ]
    assert not found, found


def tracked_texts(root) -> dict[str, str]:
    """Text files that git knows, or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, done.stdout.split("\0")):
        path = root / name
        if path.suffix in TEXTS and path.is_file() and path.stat().st_size < 5_000_000:
            texts[name] = path.read_text(encoding="utf-8")
    return texts


def test_no_file_names_somebodys_home_directory(root):
    pattern = re.compile(r"(?<![\w.:/])/(?:home|Users)/(?!someone\b)[a-z]\w*|(?<![\w.:/])/root/\w")
    found = {
        name: match.group(0)
        for name, text in tracked_texts(root).items()
        if (match := pattern.search(text)) and not name.startswith("tests/")
    }
    assert not found


def test_texts_end_with_one_newline_and_have_no_tabs_or_trailing_spaces(root):
    for name, text in tracked_texts(root).items():
        if name.endswith((".py", ".md", ".toml", ".yml", ".sh")) and text:
            assert text.endswith("\n") and not text.endswith("\n\n"), name
            assert not re.search(r"[ \t]+$", text, re.MULTILINE), name
            assert "\t" not in text, name
