"""Makes `python -m tools.recipes.maskrcnn` run the commands of `tools.recipes.maskrcnn.cli`."""

from tools.recipes.maskrcnn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
