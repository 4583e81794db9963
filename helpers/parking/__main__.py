"""Makes `python -m helpers.parking` run the commands of `helpers.parking.cli`."""

from helpers.parking.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
