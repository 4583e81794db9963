"""The commands of `python -m helpers.tfod`: TFOD2 installed, examined and looked through.

Lab 3 introduces them. Rests on `helpers.tfod.activation`, `helpers.tfod.doctor` and
`helpers.tfod.zoo`, which are imported when their command is given.

    python -m helpers.tfod install    TFOD2 from requirements/tfod2.txt (`make setup` does it too)
    python -m helpers.tfod doctor     what is wrong with this environment, and what mends it
    python -m helpers.tfod configs    the model configurations; --masks, --architecture NAME
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.errors import SetupError
from helpers.tfod.activation import FOLDER, install


def main(arguments: list[str] | None = None) -> int:
    """Runs a command.

    Returns:
        0 if all is well, 1 if something is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.tfod", description="TFOD2.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install TFOD2 into a folder of its own")
    doctor = commands.add_parser("doctor", help="find what is wrong and what mends it")
    doctor.add_argument("--offline", action="store_true", help="do not try the network")
    doctor.add_argument("--log", type=Path, help="a traceback or pip's output: name its failure")
    configs = commands.add_parser("configs", help="list the model configurations")
    configs.add_argument("--masks", action="store_true", help="only those that give masks")
    configs.add_argument("--architecture", help="such as 'Mask R-CNN'")
    options = parser.parse_args(arguments)
    try:
        if options.command == "install":
            install()
            print(f"TFOD2 is in {FOLDER.name}/. Check it: python -m helpers.tfod doctor")
            return 0
        if options.command == "doctor":
            from helpers.tfod.doctor import examine, examine_log, report

            if options.log:
                text = options.log.read_text(encoding="utf-8", errors="replace")
                return report([examine_log(text)])
            return report(examine(network=not options.offline))
        from helpers.tfod import zoo

        wanted = {"masks": True} if options.masks else {}
        if options.architecture:
            wanted["architecture"] = options.architecture
        print(zoo.table(zoo.models(**wanted)))
        return 0
    except SetupError as error:
        print(f"helpers.tfod: {error}", file=sys.stderr)
        return 1
