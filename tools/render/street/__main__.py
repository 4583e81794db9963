"""Entry point of `python -m tools.render.street`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
