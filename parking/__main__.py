"""Makes `python -m parking` run the commands of `parking.cli`."""

from parking.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
