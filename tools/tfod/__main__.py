"""The commands of `python -m tools.tfod`: TFOD2 installed, examined, and its own programs run.

Lab 3 introduces them.

    python -m tools.tfod install                TFOD2 into a folder of its own in the environment
    python -m tools.tfod doctor                 what is wrong with this environment, what mends it
    python -m tools.tfod doctor --log FILE      which known failure a traceback or log shows
    python -m tools.tfod run PROGRAM ...        a program of TFOD2, such as model_main_tf2
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers import tfod
from helpers.errors import CourseError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m tools.tfod", description=__doc__.split("\n", maxsplit=1)[0]
    )
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install TFOD2 into a folder of its own")
    doctor = commands.add_parser("doctor", help="find what is wrong and what mends it")
    doctor.add_argument("--offline", action="store_true", help="do not try the network")
    doctor.add_argument("--log", type=Path, help="a traceback or pip's output: name its failure")
    run = commands.add_parser(
        "run",
        help="run a program of TFOD2",
        description="Runs a program of TFOD2 with what it misses given back. Options of this "
        "command stand before the program's name, the program's own after it.",
    )
    run.add_argument(
        "--seed",
        type=int,
        help="seed of weights and samples: the same numbers in each run on one machine",
    )
    run.add_argument(
        "--log-every",
        type=int,
        metavar="N",
        help="of model_main_tf2: log each N steps, and end at a multiple of N (TFOD2: 100)",
    )
    run.add_argument("program", help="such as model_main_tf2, exporter_main_v2; or tensorboard")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="the program's own arguments")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs a command.

    Returns:
        0 if all is well, 1 if something is wrong; a program of TFOD2 ends as it wants to.
    """
    options = parser().parse_args(arguments)
    try:
        if options.command == "install":
            tfod.install()
            print(f"TFOD2 is in {tfod.FOLDER.name}/. Check it: python -m tools.tfod doctor")
            return 0
        if options.command == "doctor":
            from tools.tfod import doctor

            if options.log:
                finding = doctor.examine_log(doctor.read_log(options.log))
                doctor.report([finding])
                return int(finding.subject == doctor.TRIED)  # the failure is not known
            return doctor.report(doctor.examine(network=not options.offline))
        from tools.tfod.run import run

        run(options.program, options.arguments, seed=options.seed, log_every=options.log_every)
        return 0
    except CourseError as error:
        print(f"tools.tfod: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
