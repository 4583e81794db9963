"""Files that other programs read about the project agree with it."""

from __future__ import annotations

import json
import re
import tomllib

import yaml

from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_names_version_and_repository():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (.+)$", text, re.MULTILINE)[1] == PROJECT["version"]


def test_forms_for_issues_ask_something():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
    assert len(forms) == 3
    for form in forms:
        read = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= read.keys()
        assert any(each.get("validations", {}).get("required") for each in read["body"])


def test_the_containers_name_files_that_are_there():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).is_file()
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for sources in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE):
        assert all((ROOT / source).exists() for source in sources.split())
    asked = [line for line in recipe.splitlines() if line.startswith(("RUN", "CMD"))]
    assert any("make setup" in line for line in asked) and "make" in asked[-1]


def test_every_shipped_model_has_a_card():
    cards = (ROOT / "data" / "weights" / "README.md").read_text(encoding="utf-8")
    shipped = [*(ROOT / "data" / "weights").glob("*.h5")]
    shipped += [path for path in (ROOT / "data" / "weights").iterdir() if path.is_dir()]
    for path in shipped:
        assert f"## {path.name}" in cards, path.name
