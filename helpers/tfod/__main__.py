"""Makes `python -m helpers.tfod` run the commands of `helpers.tfod.cli`."""

from helpers.tfod.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
