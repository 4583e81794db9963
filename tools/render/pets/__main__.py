"""Command line of the toy pets: render one picture, render all, or pack the dataset.

    python -m tools.render.pets --seed 30 --out scene-30/
    python -m tools.render.pets --all --frames DIR --workers 2
    python -m tools.render.pets --pack --frames DIR

The first two need Blender's module (`pip install -r requirements/render.txt`), the third needs
the course's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from helpers import files
from tools.render.pets.contract import NotEnoughFrames


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run one of the three commands."""
    options = _parser().parse_args(arguments)
    try:
        if options.seed is not None:
            result = _render_one(options.seed, options.out or Path(f"pet-{options.seed}"))
        elif options.all:
            from tools.render.pets.batch import render_all

            render_all(options.frames, options.workers)
            result = {"frames": str(options.frames)}
        else:
            from tools.render.pets.pack import pack

            result = {"dataset": str(pack(options.frames, options.out or Path("data/pets")))}
    except (ImportError, NotEnoughFrames) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.render.pets", description=__doc__.splitlines()[0]
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--seed", type=int, help="render this one picture to look at")
    action.add_argument("--all", action="store_true", help="render all pictures; resumable")
    action.add_argument("--pack", action="store_true", help="write the dataset from the frames")
    parser.add_argument("--out", type=Path, help="folder to write to (--pack: data/pets)")
    parser.add_argument(
        "--frames",
        type=Path,
        default=Path("build/pets_frames"),
        help="folder of rendered pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that render (default: one for each core, %(default)s here)",
    )
    return parser


def _render_one(seed: int, out: Path) -> dict:
    """Picture, trimap, overlay and facts of one seed; also of one that the rule rejects."""
    from tools.render.pets import picture, picture_files, render
    from tools.render.pets.overlay import overlay

    render.set_up(os.cpu_count() or 1)
    made = picture.make_picture(seed, even_if_rejected=True)
    out.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out / "image.jpg", picture_files.jpeg(made.image))
    files.write_bytes(out / "trimap.png", picture_files.png(made.trimap))
    shown = overlay(made.image, made.trimap, made.frame.head_bbox)
    files.write_bytes(out / "overlay.png", picture_files.png(shown))
    facts = asdict(made.frame)
    files.write_text(out / "facts.json", json.dumps(facts, indent=1) + "\n")
    return facts


if __name__ == "__main__":
    sys.exit(main())
