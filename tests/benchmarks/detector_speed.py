"""How fast the shipped Mask R-CNN detects, beside a full-size one: a table, no assertion.

    python -m tests.benchmarks.detector_speed --size 240 320 --rounds 5

A picture a call, from pixels to pasted masks at a score of 0.01, both by `helpers.detector`. The
other one is TF Model Garden's own configuration for COCO (ResNet-50, feature pyramid, 1,024 x 1,024
pixels) with random weights: speed hardly depends on them, but its scores are near 1/91 and so
nearly nothing is pasted, which favours it. Each runs in a process of its own, so that the peak of
memory is its own; the two take turns, and the fastest round of each counts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import helpers

FULL = "maskrcnn_resnetfpn_coco"


def export_full(folder: Path) -> Path:
    """The garden's full-size Mask R-CNN with random weights, by the garden's own exporter."""
    import tensorflow as tf
    from official.core import exp_factory
    from official.vision.serving import detection

    tf.random.set_seed(0)
    config = exp_factory.get_exp_config(FULL)
    size = config.task.model.input_size[:2]
    config.task.model.norm_activation.use_sync_bn = False
    module = detection.DetectionModule(
        params=config, batch_size=1, input_image_size=size, input_type="image_tensor"
    )
    functions = module.get_inference_signatures({"image_tensor": "serving_default"})
    tf.saved_model.save(module, str(folder), signatures=functions)
    return folder


def measure(model: str, size: tuple[int, int], rounds: int, pictures: int) -> None:
    """In a process of its own: after each line on standard input, a round; prints JSON lines."""
    import resource
    import time

    import cv2

    from helpers import detector, kerbside, records

    detect = detector.load_detector(model)
    files = kerbside.record_files("test")
    cases = list(itertools.islice(records.read(files), pictures))
    images = [cv2.resize(case.image, size[::-1]) for case in cases]
    pasted = len(detect(images[0], detector.LEAST_SCORE))  # sets TensorFlow up as well
    print(json.dumps({"ready": pasted}), flush=True)
    for _ in range(rounds):
        sys.stdin.readline()
        start = time.perf_counter()
        found = sum(len(detect(image, detector.LEAST_SCORE)) for image in images)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
        line = {"speed": len(images) / seconds, "masks": found / len(images), "peak": peak}
        print(json.dumps(line), flush=True)


def compare(models: dict[str, str], options: argparse.Namespace) -> list[tuple]:
    """Name, size on disk in MB, pictures a second, masks a picture and peak memory of each."""
    workers, rows = {}, []
    for name, model in models.items():
        command = [sys.executable, "-m", "tests.benchmarks.detector_speed", "--measure", model]
        count = options.pictures if model == "kerbside" else max(1, options.pictures // 10)
        command += ["--size", *map(str, options.size), "--rounds", str(options.rounds)]
        workers[name] = subprocess.Popen(
            [*command, "--pictures", str(count)], cwd=helpers.ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        json.loads(workers[name].stdout.readline())
    best: dict[str, dict] = {}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            result = json.loads(worker.stdout.readline())
            if result["speed"] > best.get(name, result)["speed"] or name not in best:
                best[name] = result
    for name, model in models.items():
        workers[name].stdin.close()
        workers[name].wait()
        folder = helpers.DATA / "weights" / "maskrcnn_kerbside" if model == "kerbside" else model
        disk = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6
        rows.append((name, disk, *best[name].values()))
    return rows


def table(rows: list[tuple]) -> str:
    lines = [f"{'model':24}{'MB on disk':>12}{'images/s':>10}{'masks/image':>13}{'peak MB':>9}"]
    for name, disk, speed, found, peak in rows:
        lines.append(f"{name:24}{disk:>12.1f}{speed:>10.2f}{found:>13.1f}{peak:>9.0f}")
    if len(rows) > 1:
        lines.append(f"{'ratio':24}{'':12}{rows[0][2] / rows[1][2]:>9.1f}x")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(240, 320), help="of the pictures")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, default 5")
    parser.add_argument("--pictures", type=int, default=40, help="in a turn; a tenth for the large")
    parser.add_argument("--only", action="store_true", help="without the full-size model")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    helpers.setup(quiet=bool(options.measure))
    if options.measure:
        measure(options.measure, tuple(options.size), options.rounds, options.pictures)
        return
    with tempfile.TemporaryDirectory() as folder:
        models = {"MobileNetV2, shipped": "kerbside"}
        if not options.only:
            models["ResNet-50, full size"] = str(export_full(Path(folder)))
        rows = compare(models, options)
    print(f"pictures of {options.size[1]} x {options.size[0]} pixels, one at a time")
    print(table(rows))


if __name__ == "__main__":
    main()
