"""The editions of the course: what is in them, what must not be, and how they look in a browser."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from helpers.errors import DataError
from tests.grading import made
from tools import editions, exercises, lint_notebooks, notebooks, release, site, slides
from tools.grading.labs import MUTANTS
from tools.grading.sandbox import COMMANDS
from tools.lint_notebooks import badge

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DwHwwBABz"
    "uA/2bzHc5AAAAAElFTkSuQmCC"
)
ALT = "Two pixels, one of them white: the finding of a figure"


def lab(name: str) -> NotebookNode:
    """The lab of the tests of grading, with a figure, a formula, a table and a recap."""
    source = made.lab()
    opening = (
        f"# Lab 1: made for a test\n\n{badge(Path(name))}\n\n**Objectives.** After this you can\n\n"
        "- look;\n- see.\n\n**Time** 10 minutes. **Hardware** any."
    )
    title = nbformat.v4.new_markdown_cell(opening)
    setup = nbformat.v4.new_code_cell(notebooks.setup_cell(), execution_count=1)
    figure = nbformat.v4.new_code_cell("draw()", execution_count=2)
    metadata = {"image/png": {"alt": ALT}}
    figure.outputs = [
        nbformat.v4.new_output("display_data", {"image/png": PICTURE}, metadata=metadata)
    ]
    printed = nbformat.v4.new_code_cell("print(6 * 7)", execution_count=3)
    printed.outputs = [nbformat.v4.new_output("stream", name="stdout", text="42\n")]
    section = nbformat.v4.new_markdown_cell(
        "## 1. Zebras\n\nA formula: $IoU = \\frac{|A \\cap B|}{|A \\cup B|}$.\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |"
    )
    recap = nbformat.v4.new_markdown_cell("## 2. Recap\n\n1. Look twice.")
    start = nbformat.v4.new_markdown_cell("## 3. Exercises\n\n### 1. Write")
    source.cells = [title, setup, section, figure, printed, recap, start, *source.cells[1:]]
    for number, cell in enumerate(source.cells):
        cell.id = f"cell-{number}"
    return source


@pytest.fixture(scope="module")
def labs() -> dict[str, NotebookNode]:
    return {name: lab(f"{name}.ipynb") for name in ("01_made", "02_made")}


@pytest.fixture(scope="module")
def made_release(labs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "release"
    with pytest.MonkeyPatch.context() as patch:
        source = made.write_lab(folder.parent)
        for name, notebook in labs.items():
            nbformat.write(notebook, source / f"{name}.ipynb")
        patch.setattr(notebooks, "NOTEBOOKS", source)
        release.release(labs, folder)
    return folder


def test_students_get_no_solution_no_hidden_check_and_no_output(labs):
    edition = editions.for_students(labs["01_made"])
    text = nbformat.writes(edition)
    for secret in (
        made.SECRET,
        "2 * x",
        "SOLUTION",
        "HIDDEN",
        "Because of the mask",
        "says why",
        PICTURE,
    ):
        assert secret not in text, secret
    assert edition.cells[1].source == notebooks.setup_cell()
    check = next(c for c in edition.cells if exercises.role(c) == "check")
    assert check.source.startswith("assert double(2) == 4") and check.metadata.nbgrader.locked
    assert not check.metadata.editable
    assert all(not c.outputs and c.execution_count is None for c in edition.cells if "outputs" in c)
    assert made.SECRET in nbformat.writes(labs["01_made"])  # the source stays as it was


def test_a_leak_is_refused(labs, monkeypatch):
    from nbgrader.preprocessors import ClearHiddenTests

    monkeypatch.setattr(ClearHiddenTests, "preprocess_cell", lambda self, cell, *_: (cell, {}))
    with pytest.raises(DataError, match="lab1-ex1-check: expected no line of a solution"):
        editions.for_students(labs["01_made"])


def test_every_lab_has_an_edition_for_students_that_nbgrader_accepts():
    from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

    for path in notebooks.find_labs():
        edition = editions.for_students(nbformat.read(path, as_version=4))
        nbformat.validate(edition)
        MetadataValidatorV3().validate_nb(edition)
        text = nbformat.writes(edition)
        assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
        assert edition.cells[1].source == notebooks.setup_cell()


def strings(value: object) -> Iterator[str]:
    """All text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings(inner))
    elif isinstance(value, list):
        yield "".join(part for part in value if isinstance(part, str))
        for inner in value:
            yield from strings(inner)


def lines_of(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 20}


def read_text(path: Path) -> str | None:
    """A file as text, the strings of JSON one below the other; None for pictures and the like."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
    if path.suffix in (".ipynb", ".json") and len(text) < 3_000_000:
        text += "\n" + "\n".join(strings(json.loads(text)))
    return text


def between(begin: str, end: str, source: str) -> str:
    return "\n".join(re.findall(rf"{begin}[^\n]*\n(.*?){end}", source, re.DOTALL))


class Secrets:
    """What no student may fetch: solutions, hidden checks, model answers, rubrics, mutants."""

    def __init__(self, labs: list[NotebookNode], mutants: list[Path]):
        public, blocks, sentences = set(), [], set()
        for lab in labs:
            for cell in lab.cells:
                kind, source = exercises.role(cell), cell.source
                if kind == "answer":
                    blocks.append(between(exercises.BEGIN_SOLUTION, exercises.END_SOLUTION, source))
                    source = exercises.without_solution(source)
                elif kind == "check":
                    blocks.append(exercises.hidden(source))
                    source = exercises.without_hidden(source)
                elif kind == "written":
                    sentences |= set(re.findall(r"[^.?!\n*]{17,}", source))
                    sentences |= set(cell.metadata.get("rubric", []))
                    source = ""
                public |= lines_of(source)
        for path in mutants:
            for answer in exercises.read_answers(path):
                blocks.append(answer.source)
                sentences.add(f"{answer.name}: {answer.about}")
        self.blocks = [lines_of(block) - public for block in blocks]
        self.blocks = [block for block in self.blocks if block]
        self.lines = set().union(*self.blocks)
        self.sentences = {text.strip() for text in sentences if len(text.strip()) > 16}

    def found_in(self, path: Path) -> list[str]:
        """What of them stands in a file.

        A library may hold a line that is also a solution's, since the labs teach what it does, but
        never all lines of one.
        """
        text = read_text(path)
        if text is None:
            return []
        own = lines_of(text)
        if path.suffix == ".py":
            found = [min(b) for b in self.blocks if len(b) > 1 and b <= own]
        else:
            found = sorted(self.lines & own)
        marks = (exercises.BEGIN_SOLUTION, exercises.BEGIN_HIDDEN, "# %% wrong", "# %% right")
        found += [mark for mark in marks if re.search(rf"^\s*{mark}", text, re.MULTILINE)]
        return found + [s for s in self.sentences if len(text) < 3_000_000 and s in text]


def test_secrets_are_found_where_they_are(tmp_path):
    secrets = Secrets([made.lab()], [])
    path = tmp_path / "x.ipynb"
    path.write_text(nbformat.writes(made.lab()))
    found = " ".join(secrets.found_in(path))
    assert made.SECRET in found and "BEGIN SOLUTION" in found and "Because of the mask" in found
    (tmp_path / "x.md").write_text("It is so: Because of the mask, as one says.")
    assert secrets.found_in(tmp_path / "x.md") == ["Because of the mask"]


@pytest.mark.timeout(600)
def test_nothing_that_a_student_can_fetch_holds_a_solution(tmp_path):
    """All files of the students' repository against all solutions, checks, answers and mutants."""
    labs = {p.stem: nbformat.read(p, as_version=4) for p in notebooks.find_labs()}
    release.students(labs, tmp_path / "students")
    secrets = Secrets(list(labs.values()), sorted(MUTANTS.glob("*.py")))
    assert len(secrets.blocks) > 200 and len(secrets.sentences) > 200
    paths = [path for path in (tmp_path / "students").rglob("*") if path.is_file()]
    leaks = {str(p.relative_to(tmp_path)): f for p in paths if (f := secrets.found_in(p))}
    assert leaks == {}
    rooms = {path.relative_to(tmp_path / "students").parts[0] for path in paths}
    assert rooms == {
        ".gitignore", "LICENSE", "README.md", "data", "helpers", "notebooks", "parking",
        "requirements", "requirements.txt", "tools",
    }  # fmt: skip
    tools = {
        p.relative_to(tmp_path / "students" / "tools").parts[0] for p in paths if "tools" in p.parts
    }
    assert tools <= {*COMMANDS, "labs.json"}
    for path in (tmp_path / "students" / "notebooks").iterdir():
        edition = nbformat.read(path, as_version=4)
        assert edition.cells[1].source == notebooks.setup_cell(branch=site.BRANCH)


def test_students_are_told_to_make_an_environment_before_they_install():
    """Debian's and Ubuntu's own Python refuses to install anything."""
    commands = [line for line in release.STUDENT_README.splitlines() if line.startswith("    ")]
    [made] = [number for number, line in enumerate(commands) if "-m venv .venv" in line]
    assert made < min(number for number, line in enumerate(commands) if "pip install" in line)


def test_check_works_in_the_students_repository_as_it_is(made_release, tmp_path):
    """With nothing but what students fetch, and the solved notebooks out of reach."""
    folder = tmp_path / "clone"
    shutil.copytree(made_release / "students", folder, ignore=shutil.ignore_patterns("data"))
    path = folder / "notebooks" / "01_made.ipynb"
    command = [sys.executable, "-P", "-m", "tools.check", "1"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def check() -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    done = check()
    assert (done.returncode, done.stderr) == (1, "")
    assert "0 of 2 pass" in done.stdout and "No answer has been started" in done.stdout
    path.write_text(
        path.read_text().replace(
            json.dumps(f"    {exercises.CODE_STUB}")[1:-1], "    return 2 * x", 1
        )
    )
    done = check()
    assert "pass  lab1-ex1" in done.stdout and "1 of 2 pass" in done.stdout, done.stdout


def test_the_badge_of_students_opens_their_own_edition(made_release):
    path = made_release / "students" / "notebooks" / "01_made.ipynb"
    first = nbformat.read(path, as_version=4).cells[0].source
    assert f"/blob/{site.BRANCH}/notebooks/01_made.ipynb" in first
    assert lint_notebooks.BADGE_IMAGE in first


def test_instructors_get_solutions_and_rubrics(made_release):
    page = (made_release / "instructors" / "01_made.html").read_text()
    assert "says why" in page and made.SECRET in page and "Because of the mask" in page
    assert (made_release / "instructors" / "notes" / "rubrics.md").is_file()


def test_what_the_class_sees_holds_no_solution(made_release):
    seen = [made_release / "handout.html", *(made_release / "slides").glob("*.html")]
    seen += [
        p for p in (made_release / "site").rglob("*") if p.suffix in (".html", ".js", ".ipynb")
    ]
    assert len(seen) > 5
    for path in seen:
        text = path.read_text(encoding="utf-8")
        for secret in (made.SECRET, "Because of the mask", "return 2 * x", "BEGIN HIDDEN"):
            assert secret not in text, (path, secret)


def test_the_handout_has_objectives_figure_recap_and_questions(made_release):
    page = (made_release / "handout.html").read_text()
    for text in ("see.", ALT, "Look twice.", "1. Write", "9 points"):
        assert text in page


def test_two_runs_give_identical_files_and_their_checksums_agree(labs, made_release, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "NOTEBOOKS", made_release.parent / "notebooks")
        release.release(labs, tmp_path / "again")
    first = (made_release / "SHA256SUMS").read_text()
    assert first == (tmp_path / "again" / "SHA256SUMS").read_text()
    lines = first.splitlines()
    assert len(lines) > 50
    for line in lines:
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((made_release / name).read_bytes()).hexdigest() == digest


def test_the_tags_message_is_the_changelogs_section_or_the_release_stops():
    changelog = "# Changelog\n\n## 1.1.0\n\n- New.\n\n## 1.0.0\n\n- First.\n- All.\n"
    cited = "cff-version: 1.2.0\nversion: 1.0.0\n"
    notes = release.version_notes(changelog, "1.0.0", cited)
    assert notes == "Version 1.0.0\n\n- First.\n- All.\n"
    with pytest.raises(DataError, match=r"CITATION\.cff: expected version: 1\.1\.0"):
        release.version_notes(changelog, "1.1.0", cited)
    with pytest.raises(DataError, match="a section '## 1"):
        release.version_notes(changelog, "1.2.0", cited)


def test_a_slide_holds_a_figure_or_short_code_and_the_rest_is_notes():
    long = nbformat.v4.new_markdown_cell("## A\n\n" + "First. " * 20 + "\n\n" + "Second. " * 60)
    code = nbformat.v4.new_code_cell("\n".join(f"x{n} = {n}" for n in range(30)), execution_count=1)
    code.outputs = [nbformat.v4.new_output("stream", name="stdout", text="42\n")]
    title = nbformat.v4.new_markdown_cell("# T\n\n**Objectives.** You can\n\n- a\n- b\n\nOther.")
    arranged = slides.arrange(nbformat.v4.new_notebook(cells=[title, long, code]))
    kinds = [cell.metadata.slideshow.slide_type for cell in arranged.cells]
    assert kinds == ["slide", "notes", "slide", "notes"]
    assert arranged.cells[0].source == "# T\n\n**Objectives.** You can\n\n- a\n- b"
    assert "First." in arranged.cells[2].source and "Second." not in arranged.cells[2].source


@pytest.fixture
def open_page(browser) -> Iterator:
    """Opens a file at a width; at the end, it must have asked nothing of the outside."""
    outside: list[str] = []
    pages = []

    def open_(path: Path, width: int = 1280, height: int = 800, anchor: str = ""):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.on(
            "request", lambda r: outside.append(r.url) if re.match("https?:|wss?:", r.url) else 0
        )
        page.on("pageerror", lambda error: outside.append(str(error)))
        page.on("requestfailed", lambda r: outside.append(f"fails: {r.url}"))
        page.goto(path.as_uri() + anchor)
        page.wait_for_timeout(500)  # for what scripts may ask for
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert outside == []


def violations(page) -> list[str]:
    """What axe-core finds that bars somebody's way."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # Colours are judged once they stand: a change of theme is a transition of a fifth of a second.
    # Animations are not waited for: the arrow of the slides bounces for a hundred seconds.
    page.evaluate("""() => Promise.all(document.getAnimations()
        .filter((each) => each instanceof CSSTransition)
        .map((each) => each.finished.catch(() => null)))""")
    # Without `preload`, which asks for each style sheet again in a way that files refuse.
    found = axe.Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:120]}"
        for v in found
        if v["impact"] in ("serious", "critical") or v["id"] in ("heading-order", "image-alt")
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_handout_fits_and_only_links_are_links(open_page, made_release, width):
    page = open_page(made_release / "handout.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.innerText)")
    assert all(len(text) < 80 for text in links), links


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["index", "01_made"])
def test_the_site_fits_and_is_accessible(open_page, made_release, name, width):
    page = open_page(made_release / "site" / f"{name}.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_the_site_has_search_neighbours_colab_download_and_dark_mode(open_page, made_release):
    folder = made_release / "site"
    page = open_page(folder / "search.html", anchor="?q=zebras")
    page.wait_for_selector("#search-results li")
    assert "made for a test" in page.inner_text("#search-results")
    page = open_page(folder / "01_made.html")
    assert page.get_attribute("a.right-next", "href") == "02_made.html"
    text = page.content()
    assert f"colab.research.google.com/github/image-segmentation-labs/image-segmentation-labs/blob/{site.BRANCH}/notebooks/01_made.ipynb" in text  # fmt: skip # noqa: E501
    assert page.locator("a[href$='_sources/01_made.ipynb']").count() >= 1
    assert (folder / "_sources" / "01_made.ipynb").is_file()
    assert page.locator("math").count() == 1
    assert page.locator(f"img[alt='{ALT}']").count() == 1
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert page.locator(".theme-switch-button").count() >= 1
    assert violations(page) == []


def test_the_site_can_be_used_with_the_keyboard(open_page, made_release):
    page = open_page(made_release / "site" / "01_made.html")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = "document.activeElement.getAttribute('href') || document.activeElement.className"
        reached.add(page.evaluate(focus))
    assert "#main-content" in reached
    assert any("02_made.html" in str(place) for place in reached)


def slide_overflow(page) -> list[str]:
    """Slides whose content is larger than the 1280 x 720 that it is laid out in."""
    return page.evaluate("""() => {
        const wrong = [];
        for (const slide of Reveal.getSlides()) {
            const at = Reveal.getIndices(slide);
            Reveal.slide(at.h, at.v);
            if (slide.scrollHeight > 730 || slide.scrollWidth > 1290)
                wrong.push(`${at.h}/${at.v || 0}: ${slide.scrollWidth} x ${slide.scrollHeight}`);
        }
        return wrong;
    }""")


def test_the_slides_run_offline_and_hold_their_content(open_page, made_release):
    page = open_page(made_release / "slides" / "01_made.html", 1280, 720)
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert page.evaluate("Reveal.getTotalSlides()") >= 5
    assert slide_overflow(page) == []
    assert "10 minutes" in page.evaluate("Reveal.getSlideNotes(Reveal.getSlide(0))")
    fonts = "getComputedStyle(document.querySelector('.reveal')).fontFamily"
    assert "Source Sans Pro" in page.evaluate(fonts)  # the theme has been found
    middle = page.evaluate(
        "(() => { Reveal.slide(1, 0); const b = Reveal.getCurrentSlide().getBoundingClientRect();"
        " return (b.top + b.bottom) / 2 / innerHeight; })()"
    )
    assert 0.4 < middle < 0.6  # content stands in the middle of the page
    assert page.locator(f"img[alt='{ALT}']").count() == 1
    assert [v for v in violations(page) if v.startswith("color-contrast")] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_release_of_the_labs_takes_at_most_three_minutes(tmp_path, open_page):
    start = time.monotonic()
    assert release.main(["--out", str(tmp_path / "one")]) == 0
    assert time.monotonic() - start < 180
    assert release.main(["--out", str(tmp_path / "two")]) == 0
    sums = (tmp_path / "one" / "SHA256SUMS").read_text()
    assert sums == (tmp_path / "two" / "SHA256SUMS").read_text()
    for path in notebooks.find_labs():
        for width in (390, 1280):
            page = open_page(tmp_path / "one" / "site" / f"{path.stem}.html", width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert violations(page) == []
        page = open_page(tmp_path / "one" / "slides" / f"{path.stem}.html", 1280, 720)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        assert slide_overflow(page) == []
