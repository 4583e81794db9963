"""Execute the labs and show their results: `make labs`.

    python -m tools.run_labs              every lab in notebooks/, in order
    python -m tools.run_labs 2 05         these labs only
    python -m tools.run_labs --at-once 1  one lab at a time, to compare their times
    python -m tools.run_labs --store      store outputs, and times in README (`make notebooks`)

Executed notebooks, HTML pages with an index, and summary.json go to build/labs/. A lab that fails
does not stop the others; its copy is kept as NAME.failed.ipynb and the exit status is 1. Two
labs run at a time where there is memory for both, since each often waits for a single thread; what
is stored runs alone, so that the times in README can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from helpers import files
from helpers.environment import available_cpus
from helpers.errors import CourseError
from tools import notebooks, pages
from tools.execution import LabExecution, LabRun, isolated_kernel_environment

OUT = notebooks.ROOT / "build" / "labs"
README = notebooks.ROOT / "README.md"
MEASURED = ("<!-- run_labs: written by `make notebooks` -->", "<!-- run_labs: end -->")
"""Markers in README around the table of time and memory at the last store."""
CELL_TIMEOUT = 600.0
LAB_TIMEOUT = 1800.0
LAB_GB = 4.0
"""What a lab may take, in GB; README's table has what each took."""


def progress_bar(run: LabExecution, position: str, line: int) -> tqdm:
    """A bar over the code cells, in one of the lines: lab, cell of all, elapsed time.

    On a terminal it is updated twice a second, in a log every ten seconds.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        total=sum(cell.cell_type == "code" for cell in run.result.notebook.cells),
        desc=f"{position} {run.path.stem}",
        unit="cell",
        bar_format="{desc}  cell {n_fmt}/{total_fmt} |{bar:24}| {elapsed}",
        mininterval=0.1 if terminal else 10,
        dynamic_ncols=terminal,
        position=line if terminal else 0,  # a log has no lines to move between
        file=sys.stderr,
    )


def write_results(run: LabRun, out: Path, links: list[tuple[str, str]], folder: Path) -> None:
    """Write the executed notebook and its page; remove those of an earlier run."""
    for ending in (".ipynb", ".failed.ipynb", ".html"):
        (out / f"{run.lab}{ending}").unlink(missing_ok=True)
    notebook = notebooks.normalise(run.notebook, keep_stderr=not run.ok)
    failed, name = "", run.lab
    if run.failure:
        failed = f"It stopped at cell {run.failure.cell}: {run.failure.reason}"
        name = f"{run.lab}.failed"
        label = f"**This run is incomplete.** {failed}"
        banner = {"cell_type": "markdown", "id": "run-incomplete", "metadata": {}, "source": label}
        notebook.cells.insert(0, nbformat.from_dict(banner))
    notebooks.write_notebook(out / f"{name}.ipynb", notebook)
    if run.failure:
        notebook.cells.pop(0)  # the page has its own banner
    page = pages.lab_page(notebook, run.lab, folder=folder, links=links, failed=failed)
    files.write_text(out / f"{run.lab}.html", page)


def page_links(labs: list[Path], index: int) -> list[tuple[str, str]]:
    """Links on the page of a lab: the index, the previous and the next lab."""
    links = [("All labs", "index.html")]
    if index > 0:
        links.append((f"Previous: {labs[index - 1].stem}", f"{labs[index - 1].stem}.html"))
    if index + 1 < len(labs):
        links.append((f"Next: {labs[index + 1].stem}", f"{labs[index + 1].stem}.html"))
    return links


def table(runs: list[LabRun]) -> str:
    """Final table: lab, cells, seconds, peak memory, headline figure or failure."""
    rows = [("lab", "cells", "seconds", "peak MB", "headline metric")]
    for run in runs:
        if run.failure:
            last = f"FAILED at cell {run.failure.cell}: {run.failure.reason}"
        else:
            items = run.metrics.items()
            last = ", ".join(f"{k} {pages.format_metric(v)}" for k, v in items) or "none given"
        rows.append((run.lab, str(run.cells), f"{run.seconds:.1f}", f"{run.peak_mb:.0f}", last))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = []
    for row in rows:
        numbers = "  ".join(row[i].rjust(widths[i]) for i in (1, 2, 3))
        lines.append(f"{row[0].ljust(widths[0])}  {numbers}  {row[4]}")
    columns = shutil.get_terminal_size((100, 24)).columns
    lines.insert(1, "-" * min(columns, max(map(len, lines))))
    return "\n".join(lines)


def fits_at_once() -> int:
    """Number of labs that run at a time: two if there are CPUs and memory for them."""
    free = psutil.virtual_memory().available / 1e9
    return 2 if available_cpus() > 1 and free > 2 * LAB_GB else 1


def run_labs(
    labs: list[Path], out: Path, cell_timeout: float, lab_timeout: float, at_once: int = 1
) -> list[LabRun]:
    """Execute the labs and write everything except the stored notebooks.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C. Labs finished before are written, with index and
            summary; no file is incomplete and no kernel is left running.
    """
    done: dict[int, LabRun] = {}
    out.mkdir(parents=True, exist_ok=True)

    def run(index: int) -> None:
        lab, execution = labs[index], executions[index]
        with progress_bar(execution, f"[{index + 1}/{len(labs)}]", index % at_once) as bar:
            execution.bar = bar
            done[index] = run = execution.run()
        if run.failure:
            tqdm.write(
                f"\n{run.lab}: cell {run.failure.cell} (code cell {run.failure.code_cell}) failed"
                f"\n{run.failure.traceback}\n",
                file=sys.stderr,
            )
        write_results(run, out, page_links(labs, index), lab.parent)

    try:
        with isolated_kernel_environment() as environment, ThreadPoolExecutor(at_once) as pool:
            # Jupyter in this process looks for kernels: here too, only the environment's own.
            os.environ.update({k: v for k, v in environment.items() if k.startswith("JUPYTER_")})
            os.environ.pop("JUPYTER_PATH", None)
            executions = [
                LabExecution(
                    lab, environment=environment, cell_timeout=cell_timeout, lab_timeout=lab_timeout
                )
                for lab in labs
            ]
            waiting = [pool.submit(run, index) for index in range(len(labs))]
            try:
                for each in waiting:
                    each.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for execution in executions:
                    execution.stop()
                raise
    finally:
        runs = [done[index] for index in sorted(done)]
        entries = [run.summary() for run in runs]
        summary = json.dumps(entries, indent=2, ensure_ascii=False)
        files.write_text(out / "summary.json", summary + "\n")
        index_page = pages.index_page(entries, {run.lab: run.notebook for run in runs})
        files.write_text(out / "index.html", index_page)
    return runs


def store(runs: list[LabRun], folder: Path) -> list[Path]:
    """Store the outputs of the completed labs in the notebooks."""
    stored = []
    for run in runs:
        if run.ok:
            path = folder / f"{run.lab}.ipynb"
            notebooks.write_notebook(path, notebooks.normalise(run.notebook))
            stored.append(path)
    return stored


def write_measured(runs: list[LabRun], readme: Path) -> None:
    """Write time and memory of the completed labs to README's table.

    Rows of other labs are unchanged.
    """
    text = readme.read_text(encoding="utf-8")
    begin, end = (text.index(mark) for mark in MEASURED)
    before, table_, after = text[:begin], text[begin:end], text[end:]
    rows = dict(re.findall(r"^\| (\d+) \|(.*)$", table_, re.MULTILINE))
    for run in runs:
        if run.ok:
            number = str(int(run.lab[:2]))
            rows[number] = f" {run.seconds:.0f} | {run.peak_mb / 1000:.1f} | {run.cells} |"
    cpus = f"{available_cpus()} CPUs, no GPU"
    lines = [
        MEASURED[0],
        f"| lab | seconds ({cpus}) | memory, GB | code cells |",
        "|---|---|---|---|",
    ]
    lines += [f"| {number} |{rows[number]}" for number in sorted(rows)]
    files.write_text(readme, before + "\n".join(lines) + "\n" + after)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see the module docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.run_labs", description=__doc__.splitlines()[0]
    )
    parser.add_argument("labs", nargs="*", help="numbers or names; all if left out")
    parser.add_argument("--notebooks", type=Path, default=notebooks.NOTEBOOKS, metavar="DIR")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    parser.add_argument(
        "--timeout", type=float, default=CELL_TIMEOUT, help="seconds for a cell (%(default)s)"
    )
    parser.add_argument(
        "--lab-timeout", type=float, default=LAB_TIMEOUT, help="seconds for a lab (%(default)s)"
    )
    parser.add_argument("--at-once", type=int, metavar="N", help="labs at a time (1 or 2)")
    parser.add_argument("--store", action="store_true", help="store the outputs in the notebooks")
    return parser.parse_args(arguments)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if every lab ran to the end, 1 if one failed, 2 if there is no such lab, 130 after Ctrl-C.
    """
    options = parse(arguments)
    if options.store:
        os.environ["PETS_SOURCE"] = "toy"  # what is stored is made from the bundled data
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        labs = notebooks.find_labs(options.labs, options.notebooks)
        at_once = options.at_once or (1 if options.store else fits_at_once())
        runs = run_labs(labs, options.out, options.timeout, options.lab_timeout, at_once)
    except CourseError as error:
        print(f"run_labs: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; labs finished before are in the summary.", file=sys.stderr)
        return 130
    print(table(runs))
    try:
        shown = options.out.resolve().relative_to(Path.cwd())
    except ValueError:
        shown = options.out
    print(f"\nPages: {shown / 'index.html'}   figures: {shown / 'summary.json'}")
    if options.store:
        names = ", ".join(path.name for path in store(runs, options.notebooks)) or "nothing"
        print(f"Stored with outputs: {names}")
        if options.notebooks == notebooks.NOTEBOOKS:
            write_measured(runs, README)
    return 0 if all(run.ok for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
