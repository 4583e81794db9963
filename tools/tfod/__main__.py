"""Commands of `python -m tools.tfod`: install TFOD2, diagnose it, run its own programs.

Lab 3 introduces them.

    python -m tools.tfod install                TFOD2 into a separate folder of the environment
    python -m tools.tfod doctor                 problems of this environment and their remedies
    python -m tools.tfod doctor --log FILE      the known failure in a traceback or log
    python -m tools.tfod run PROGRAM ...        a program of TFOD2, such as model_main_tf2
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers import environment
from helpers.errors import CourseError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m tools.tfod", description=__doc__.split("\n", maxsplit=1)[0]
    )
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install TFOD2 into a separate folder")
    doctor = commands.add_parser("doctor", help="find problems and their remedies")
    doctor.add_argument("--offline", action="store_true", help="do not test the network")
    doctor.add_argument("--log", type=Path, help="file with a traceback or pip output to diagnose")
    run = commands.add_parser(
        "run",
        help="run a program of TFOD2",
        description="Run a program of TFOD2 on current TensorFlow. Options of this "
        "command go before the name of the program, those of the program after it.",
    )
    run.add_argument(
        "--seed",
        type=int,
        help="seed of initial weights and sampling; runs begin alike",
    )
    run.add_argument(
        "--log-every",
        type=int,
        metavar="N",
        help="for model_main_tf2: log every N steps and stop at a multiple of N (TFOD2: 100)",
    )
    run.add_argument("program", help="such as model_main_tf2, exporter_main_v2; or tensorboard")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the program")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 if everything works, 1 otherwise; a program of TFOD2 sets its own exit status.
    """
    options = parser().parse_args(arguments)
    try:
        if options.command == "install":
            environment.install_tfod2()
            folder = environment.TFOD2_FOLDER.name
            print(f"TFOD2 is in {folder}/. Check it: python -m tools.tfod doctor")
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
