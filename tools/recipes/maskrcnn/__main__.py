"""Entry point of `python -m tools.recipes.maskrcnn`; the commands are in `cli`."""

from tools.recipes.maskrcnn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
