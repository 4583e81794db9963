"""Makes `python -m helpers.records` run the commands of `helpers.records.cli`."""

from helpers.records.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
