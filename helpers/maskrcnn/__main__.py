"""Makes `python -m helpers.maskrcnn` run the commands of `helpers.maskrcnn.cli`."""

from helpers.maskrcnn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
