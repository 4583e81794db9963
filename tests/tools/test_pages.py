"""The pages: formulas without scripts, alternative text, and no request to the network."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tools import notebooks, pages
from tools.lint_notebooks import BADGE_IMAGE, badge

output = nbformat.v4.new_output
ALT = 'Mask "A" & mask B overlap <by a third>'


def png(width: int = 900, height: int = 300, colour: tuple[int, int, int] = (0, 114, 178)) -> str:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


@pytest.fixture
def lab() -> nbformat.NotebookNode:
    """A notebook with everything that a page could want from the network."""
    text = (
        f"# Lab 1: Masks\n\n{badge(Path('01_masks.ipynb'))}\n\n"
        "IoU is $\\frac{|A \\cap B|}{|A \\cup B|}$, and\n\n$$\\mathrm{Dice} = 2x$$\n\n"
        "\\begin{align} a &= b \\end{align}\n\nA price of \\$5."
    )
    picture = output("display_data", {"image/png": png()}, metadata={"image/png": {"alt": ALT}})
    widget = output(
        "display_data", {notebooks.WIDGET_MIME: {"model_id": "1"}, "text/plain": "a slider"}
    )
    script = output("display_data", {"application/javascript": "x", "text/plain": "no script"})
    formula = output("display_data", {"text/latex": "$\\alpha^2$", "text/plain": "a2"})
    metadata = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}}
    outputs = [picture, widget, script, formula]
    cells = [
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_code_cell("show()", outputs=outputs, execution_count=1),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def outside_addresses(page: str) -> list[str]:
    """What a browser would fetch for the page from elsewhere."""
    soup = BeautifulSoup(page, "html.parser")
    found = [tag["src"] for tag in soup.find_all(src=True)]
    found += [tag["href"] for tag in soup.find_all("link", href=True)]
    found += re.findall(r"url\(['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", page)
    found += re.findall(r"\bimport\(['\"]([^'\"]+)", page)
    flat = ["".join(entry) for entry in found]
    return [entry for entry in flat if not entry.startswith(("data:", "#"))]


def test_what_unfolds_over_several_blocks_stays_folded():
    text = "<details><summary>More</summary>\n\nA paragraph.\n\n</details>\n\nThe end."
    cells = [nbformat.v4.new_markdown_cell(text)]
    page = pages.lab_page(nbformat.v4.new_notebook(cells=cells), "a lab")
    (unfolds,) = BeautifulSoup(page, "html.parser").find_all("details")
    assert "A paragraph." in unfolds.text and "The end." not in unfolds.text


def test_a_page_has_no_scripts_and_asks_nothing_of_the_network(lab):
    page = pages.lab_page(lab, "01_masks")
    assert outside_addresses(page) == []
    assert BeautifulSoup(page, "html.parser").find_all("script") == []
    assert BADGE_IMAGE not in page
    link = BeautifulSoup(page, "html.parser").find("a", string="Open in Colab")
    assert link["href"].endswith("/blob/main/notebooks/01_masks.ipynb")
    assert "a slider" in page
    assert "no script" in page


def test_nbconverts_own_page_would_fail_this_test(lab):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(lab)
    assert any("mathjax" in address for address in outside_addresses(page))


def test_formulas_are_mathml(lab):
    soup = BeautifulSoup(pages.lab_page(lab, "01_masks"), "html.parser")
    formulas = soup.find_all("math")
    assert [formula["display"] for formula in formulas] == ["inline", "block", "block", "inline"]
    assert formulas[0].find("mfrac")
    assert soup.find("main").get_text().count("$") == 1  # the price


@pytest.mark.parametrize(
    ("formula", "tag"),
    [
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "mtable"),
        (r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}", "mtable"),
        (r"\sum_{i=1}^{n} x_i", "munderover"),
        (r"\sqrt{\hat{y}}", "msqrt"),
    ],
)
def test_the_formulas_of_the_labs_are_understood(formula, tag):
    assert f"<{tag}" in pages.mathml(formula, "block")
    assert "&amp;" not in pages.mathml(formula)


def test_a_formula_that_is_not_understood_is_shown_as_code(monkeypatch):
    def fail(*_, **__):
        raise ValueError

    monkeypatch.setattr(pages.latex2mathml.converter, "convert", fail)
    assert pages.mathml("a < b") == '<code class="formula">a &lt; b</code>'


def test_figures_carry_their_alternative_text(lab):
    soup = BeautifulSoup(pages.lab_page(lab, "01_masks"), "html.parser")
    assert [image["alt"] for image in soup.find_all("img")] == [ALT]


def test_the_labs_own_figures_carry_it_too():
    """helpers.figures.show() and this template agree on where the text is."""
    from IPython.display import Image as Picture

    data, metadata = Picture(data=b"\x89PNG\r\n\x1a\n", format="png", alt=ALT)._repr_png_()
    shown = output("display_data", {"image/png": data}, metadata={"image/png": metadata})
    cell = nbformat.v4.new_code_cell("show()", outputs=[shown])
    page = pages.lab_page(nbformat.v4.new_notebook(cells=[cell]), "x")
    assert BeautifulSoup(page, "html.parser").find("img")["alt"] == ALT


def test_the_thumbnail_is_small_and_a_tagged_one_is_preferred(lab):
    data, alt = pages.thumbnail(lab)
    assert alt == ALT
    import io

    assert Image.open(io.BytesIO(data)).size == (480, 160)
    other = output("display_data", {"image/png": png(100, 100, (213, 94, 0))})
    cell = nbformat.v4.new_code_cell("x", outputs=[other], metadata={"tags": ["thumbnail"]})
    lab.cells.append(cell)
    assert Image.open(io.BytesIO(pages.thumbnail(lab)[0])).getpixel((5, 5)) == (213, 94, 0)


def test_a_lab_without_figures_has_no_thumbnail():
    assert pages.thumbnail(nbformat.v4.new_notebook()) is None


ENTRY = {"lab": "01_masks", "ok": True, "cells": 9, "seconds": 3.2, "peak_mb": 400}


def test_the_index_links_labs_with_figure_and_numbers(lab):
    entries = [
        ENTRY | {"metrics": {"miou": 0.81234, "images": 120}},
        ENTRY | {"lab": "02_x", "ok": False, "failed_cell": 7, "reason": "E: <b>", "metrics": {}},
    ]
    page = pages.index_page(entries, {"01_masks": lab, "02_x": nbformat.v4.new_notebook()})
    soup = BeautifulSoup(page, "html.parser")
    assert outside_addresses(page) == []
    assert [a["href"] for a in soup.find_all("a")] == [
        "01_masks.html",
        "01_masks.ipynb",
        "02_x.html",
        "02_x.failed.ipynb",
    ]
    assert soup.find("img")["alt"] == ALT
    assert soup.find("dd").get_text() == "0.812"
    assert "Stopped at cell 7: E: <b>" in soup.get_text()
    assert "1 of them stopped before the end" in soup.get_text()


def in_browser(browser, text: str, path: Path) -> tuple[set[str], Image.Image]:
    """Addresses of other machines that a page asks for in Chromium, and what it shows."""
    path.write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(path.as_uri())
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return {url for url in asked if url.startswith("http")}, shot


def test_a_real_browser_shows_the_page_and_fetches_nothing(lab, tmp_path, browser):
    asked, shot = in_browser(browser, pages.lab_page(lab, "01_masks"), tmp_path / "page.html")
    assert asked == set()
    colours = {colour: count for count, colour in shot.getcolors(1_000_000)}
    assert colours[(0, 114, 178)] > 10_000  # the figure

    outside = "http://outside.invalid/x.js"
    text = f"<p>x</p><script src='{outside}'></script>"
    asked, _ = in_browser(browser, text, tmp_path / "other.html")
    assert asked == {outside}  # so a request would have been seen


WIDER = """() => [...document.querySelectorAll(".jp-Editor, .jp-OutputArea-output")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.innerText)"""


@pytest.mark.parametrize("width", [800, 1280])
def test_the_longest_line_of_code_and_what_it_prints_fit(tmp_path, browser, width):
    """CONTRIBUTING allows 100 characters; in a projected page nobody scrolls sideways."""
    line = f'print("{"x" * 91}")'
    assert len(line) == 100
    text = [nbformat.v4.new_output("stream", name="stdout", text="x" * 100 + "\n")]
    longer = nbformat.v4.new_code_cell(line + "  # and more of it, in one line")
    lab = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line, outputs=text), longer])
    path = tmp_path / "page.html"
    path.write_text(pages.lab_page(lab, "01_masks"), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    wider = page.evaluate(WIDER)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert [each for each in wider if "and more" not in each] == []
    assert wider  # so a line that is too long would have been seen


def test_a_wide_table_can_be_scrolled_with_the_keyboard():
    shown = pages.markdown_html("| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert '<div class="table" role="region" aria-label="Table" tabindex="0"><table>' in shown
    assert shown.count("</table></div>") == 1 and "<td>2</td>" in shown
