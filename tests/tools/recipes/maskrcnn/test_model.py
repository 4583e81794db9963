"""Mask R-CNN from records to a SavedModel: one interrupted training, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from helpers import detector, weights
from helpers.errors import ArrayError, CourseError, DataError, WeightsError
from tests.tools.recipes.maskrcnn.shapes import shape_example
from tools.recipes import maskrcnn
from tools.recipes.maskrcnn import cli, model, photographs
from tools.recipes.maskrcnn import scores as recipe_scores

tf = pytest.importorskip("tensorflow")
pytest.importorskip("official", reason="TF Model Garden is not installed")

from tools.recipes.maskrcnn import export, training  # noqa: E402

SIZE = (64, 96)


class Killed(BaseException):
    """Stands for the signal that nobody can catch."""


@pytest.fixture(scope="module")
def plan(records_file):
    return training.Plan((str(records_file),), steps=4, batch_size=2, size=SIZE, seed=1)


@pytest.fixture(scope="module")
def run(plan, tmp_path_factory):
    """A training of 4 steps that is killed in step 3 and goes on, and the steps reported."""
    folder = tmp_path_factory.mktemp("run")
    report, build, resume = training._report, training._model, training._resume
    make_batches = training.data.training_batches
    calls, network, stored, batches, seeds = [], [], [], [], []

    def values():
        return [variable.numpy() for variable in network[0].variables]

    def interrupt(metrics, number):
        calls.append(number)
        if number == 2:
            stored.append(values())
        if number == 3 and calls.count(3) == 1:
            raise Killed
        return report(metrics, number)

    def build_once(config, plan):
        """Building takes ten seconds; the second try has the same network, its weights gone."""
        if not network:
            network.append(build(config, plan))
        else:
            for variable in network[0].variables:
                variable.assign(tf.zeros_like(variable))
        return network[0]

    def batches_once(*arguments, seed, **options):
        """Tracing their graph takes seconds, too."""
        seeds.append(seed)
        if not batches:
            batches.append(make_batches(*arguments, seed=seed, **options))
        return batches[0]

    def resume_and_look(checkpoint, manager):
        resume(checkpoint, manager)
        if stored:
            for found, expected in zip(values(), stored[0], strict=True):
                np.testing.assert_array_equal(found, expected)

    patch = pytest.MonkeyPatch()
    patch.setattr(training, "_report", interrupt)
    patch.setattr(training, "_model", build_once)
    patch.setattr(training, "_resume", resume_and_look)
    patch.setattr(training.data, "training_batches", batches_once)
    options = {"checkpoint_every": 2, "report_every": 1}
    # Compiling a step takes longer than four steps; the slow test below trains compiled.
    tf.config.run_functions_eagerly(True)
    try:
        with pytest.raises(Killed):
            training.train(plan, folder, **options)
        trained = training.train(plan, folder, **options)
    finally:
        tf.config.run_functions_eagerly(False)
        patch.undo()
    assert seeds == [plan.seed, plan.seed + 2]  # not the same pictures once more
    return folder, trained, calls


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """What `python -m tools.recipes.maskrcnn export` makes of that training."""
    folder, trained, _ = run
    before = [variable.numpy() for variable in trained.model.variables]
    for variable in trained.model.variables:
        variable.assign(tf.zeros_like(variable))
    patch = pytest.MonkeyPatch()
    patch.setattr(cli, "RUNS", folder.parent)
    patch.setattr(training, "build", lambda config: trained.model)  # which takes ten seconds
    output = tmp_path_factory.mktemp("export") / "model"
    assert cli.main(["export", "--name", folder.name, "--output", str(output)]) == 0
    patch.undo()
    for variable, value in zip(trained.model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)  # as the last checkpoint has it
    return output


@pytest.fixture(scope="module")
def detect(exported):
    return detector.load_detector(exported)


# --- configuration and building -----------------------------------------------------------------


def test_the_input_is_padded_to_whole_cells():
    assert maskrcnn.padded_size((240, 320)) == [256, 320]
    assert maskrcnn.padded_size((1, 33)) == [32, 64]
    with pytest.raises(ArrayError, match="size: expected height and width"):
        maskrcnn.padded_size((0, 320))


def test_what_keeps_the_garden_from_failing_is_set():
    """Each of these cost a training or an exception with the garden's defaults."""
    config = maskrcnn.configuration()
    norm = config.model.norm_activation
    assert (norm.norm_momentum, norm.use_sync_bn, config.annotation_file) == (0.9, False, None)
    assert config.model.num_classes == 4  # with background
    assert config.losses.rpn_score_weight * 256 == config.model.roi_sampler.num_sampled_rois


def test_the_backbone_sees_what_mobilenet_was_trained_on(shared_data):
    """The garden's normalisation and ours undo each other, and the weights are in their places."""
    import keras
    from official.vision.ops import preprocess_ops

    file = shared_data / "backbones" / "mobilenet_v2_1.0_224_no_top.weights.h5"
    backbone = model._mobilenet((64, 96, 3), file)
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.uint8)
    ours = backbone(preprocess_ops.normalize_image(tf.constant(image)))
    reference = keras.applications.MobileNetV2(
        include_top=False, weights=str(file), input_shape=(64, 96, 3)
    )
    expected = reference(image / 127.5 - 1.0)
    np.testing.assert_allclose(ours["5"], expected, atol=1e-3)
    assert [tuple(ours[level].shape[1:3]) for level in "2345"] == [
        (16, 24), (8, 12), (4, 6), (2, 3),
    ]  # fmt: skip


def test_without_batch_normalisation_the_backbone_computes_the_same():
    import tf_keras

    draw = np.random.default_rng(0)
    network = tf_keras.applications.MobileNetV2((64, 96, 3), include_top=False, weights=None)
    for layer in network.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            low, high = ([0.5, -0.2, -0.2, 0.5], [1.5, 0.2, 0.2, 1.5])
            channels = layer.gamma.shape[0]
            layer.set_weights(draw.uniform(low, high, (channels, 4)).T.astype(np.float32))
    folded = model.folded(network)
    pictures = draw.uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)
    expected = network(pictures, training=False).numpy()
    assert not any("Normalization" in type(layer).__name__ for layer in folded.layers)
    assert expected.std() > 0.01
    np.testing.assert_allclose(folded(pictures).numpy(), expected, rtol=1e-4, atol=1e-4)


def test_the_mask_head_alone_sees_the_fine_level():
    """Maps whose values say where their cells lie show where each number was taken."""
    features = {}
    for level in model._TAPS:
        stride = 2 ** int(level)
        places = np.arange(128 // stride, dtype=np.float32) * stride
        places += 1.5 if level == model.FINE else 0
        features[level] = tf.constant(np.stack(np.meshgrid(places, places), -1)[None])
    box_aligner, mask_aligner = model._aligners(model.configuration(size=(128, 128)).model)
    box = [20.0, 30.0, 76.0, 58.0]  # ymin, xmin, ymax, xmax: 56 x 28 pixels
    boxes = tf.constant([[box]])

    assert box_aligner(features, boxes).shape == (1, 1, 7, 7, 2)
    crop = mask_aligner(features, boxes).numpy()[0, 0]
    assert crop.shape == (14, 14, 2 + 4 * 2)
    # The middle of each of 28 x 28 cells of the box; four neighbours are one cell's channels.
    fine = np.moveaxis(crop[..., 2:].reshape(14, 14, 2, 2, 2), 2, 1).reshape(28, 28, 2)
    np.testing.assert_allclose(fine[:, 5, 1], 20 + (np.arange(28) + 0.5) * 2, atol=1e-3)
    np.testing.assert_allclose(fine[5, :, 0], 30 + (np.arange(28) + 0.5) * 1, atol=1e-3)
    np.testing.assert_allclose(crop[:, 5, 1], 20 + (np.arange(14) + 0.5) * 4, atol=1e-3)


def test_where_the_cells_of_the_fine_level_lie():
    """The part of the picture that a cell depends on has its middle at 2 k + 1.5."""
    backbone = model._mobilenet((64, 64, 3), None)
    picture = tf.Variable(tf.random.stateless_normal((1, 64, 64, 3), seed=(0, 1)))
    with tf.GradientTape() as tape:
        cell = tf.reduce_sum(backbone(picture)[model.FINE][0, 10, 12])
    rows, columns, _ = np.nonzero(tape.gradient(cell, picture)[0].numpy())
    assert (rows.min() + rows.max() + 1) / 2 == 2 * 10 + 1.5
    assert (columns.min() + columns.max() + 1) / 2 == 2 * 12 + 1.5


def test_weights_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"none.h5: expected weights, found no such file"):
        model._mobilenet((64, 96, 3), tmp_path / "none.h5")
    (tmp_path / "bad.weights.h5").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"bad.weights.h5: expected ImageNet weights"):
        model._mobilenet((64, 96, 3), tmp_path / "bad.weights.h5")


# --- training -----------------------------------------------------------------------------------


def test_it_goes_on_after_the_last_checkpoint(run):
    folder, _, calls = run
    assert calls == [1, 2, 3, 3, 4]
    names = {path.name for path in (folder / "checkpoints").glob("*.index")}
    assert names == {"ckpt-2.index", "ckpt-4.index"}


def test_the_rate_falls_to_zero_with_the_steps_or_with_the_time():
    plan = training.Plan(("a",), steps=1000, learning_rate=2e-3)
    assert training._rate(plan, 0) == 0
    assert training._rate(plan, 50) == pytest.approx(1e-3)  # half of the warm-up
    assert training._rate(plan, 100) == pytest.approx(2e-3)
    assert training._rate(plan, 550) == pytest.approx(1e-3)
    assert training._rate(plan, 1000) == pytest.approx(0)
    # Half of the time is over after a fifth of the steps: the time counts.
    assert training._rate(plan, 200, 0.5) == pytest.approx(1e-3)
    assert training._rate(plan, 300, 1.0) == pytest.approx(0)


def test_losses_are_finite_and_logged_for_tensorboard(run):
    folder, trained, _ = run
    assert set(trained.losses) >= {"total", "rpn_score", "rpn_box", "frcnn_cls", "mask"}
    assert all(np.isfinite(value) for value in trained.losses.values())
    assert trained.losses["mask"] > 0
    steps = []
    for file in sorted((folder / "logs").glob("*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            steps += [event.step for value in event.summary.value if value.tag == "loss/total"]
    assert steps == [1, 2, 3, 4]


def test_a_folder_belongs_to_one_plan(run, plan):
    folder, _, _ = run
    other = training.Plan(plan.files, steps=6, size=SIZE)
    with pytest.raises(WeightsError, match="a training with other options"):
        training.train(other, folder)


def test_a_training_that_never_began_does_not_claim_its_folder(tmp_path, plan):
    """Stopped by weights that cannot be read, it is repeated with the right ones."""
    training._claim(tmp_path, replace(plan, initial="typo"))
    training._claim(tmp_path, plan)
    assert '"initial": null' in (tmp_path / "plan.json").read_text()


def test_a_missing_file_is_named(tmp_path):
    plan = training.Plan((str(tmp_path / "no.tfrecord"),), steps=1)
    with pytest.raises(DataError, match=r"no.tfrecord: expected a TFRecord file"):
        training.train(plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_file_of_photographs_is_one_line_that_names_it(
    records_file, tmp_path, monkeypatch, capsys
):
    """And where it is damaged, before anything is built."""
    monkeypatch.setattr(cli, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(training, "_model", lambda *_: pytest.fail("it was built"))
    damaged, content = tmp_path / "street.tfrecord", bytearray(records_file.read_bytes())
    second = int.from_bytes(content[:8], "little") + 16
    content[second + 20] ^= 1
    damaged.write_bytes(content)
    photographs.description(damaged).write_text('{"licence": "CC0"}')
    mixed = "--photographs", f"{damaged}=0.5", "--output", tmp_path / "model"
    status, _, errors = call(capsys, "train", "--data", records_file, *mixed)
    assert (status, errors) == (
        1,
        f"error: {damaged}, record 1 at byte {second}, payload: expected its checksum, found "
        "another one. The file is truncated or damaged: fetch or write it again.\n",
    )
    assert not (tmp_path / "runs").exists()


def test_a_loss_that_is_not_finite_stops_the_training():
    metric = tf.keras.metrics.Mean("total_loss")
    metric.update_state(np.nan)
    with pytest.raises(CourseError, match="loss: expected a finite number, found nan after 7"):
        training._report([metric], 7)


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(tmp_path, capsys):
    variable = tf.Variable(0.0)
    checkpoint = tf.train.Checkpoint(variable=variable)
    manager = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
    for number in (1, 2):
        variable.assign(number)
        manager.save(number)
    for file in tmp_path.glob("ckpt-2.*"):
        file.write_bytes(file.read_bytes()[:10])
    variable.assign(9)
    training._resume(checkpoint, manager)
    assert float(variable) == 1
    assert "ckpt-2 cannot be read" in capsys.readouterr().err
    for file in tmp_path.glob("ckpt-1.*"):
        file.write_bytes(b"")
    with pytest.raises(WeightsError, match="expected a whole checkpoint, found damaged ones"):
        training._resume(checkpoint, manager)


# --- the export ---------------------------------------------------------------------------------


def test_the_signature_is_that_of_a_tfod2_export(detect):
    signature = detect.model.signatures["serving_default"]
    (spec,) = signature.structured_input_signature[1].values()
    assert (spec.dtype, spec.shape.as_list()) == (tf.uint8, [None, None, None, 3])
    outputs = signature.structured_outputs
    assert set(outputs) == {*detector._REQUIRED, "detection_masks", "detection_features"}
    assert {output.dtype for output in outputs.values()} == {tf.float32}
    assert outputs["detection_masks"].shape[1:].as_list() == [30, 28, 28]


def test_tensorflow_alone_loads_and_runs_it(exported):
    """In a process that cannot import the garden, Keras 2 or this project."""
    code = (
        "import sys; sys.modules.update(official=None, tf_keras=None, helpers=None)\n"
        "import numpy as np, tensorflow as tf\n"
        f"f = tf.saved_model.load({str(exported)!r}).signatures['serving_default']\n"
        "out = f(input_tensor=tf.zeros((2, 30, 50, 3), tf.uint8))\n"
        "print(out['detection_boxes'].shape, float(tf.reduce_max(out['detection_boxes'])) <= 1)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=exported.parent
    )
    assert result.stdout.strip() == "(2, 30, 4) True", result.stderr[-500:]


def test_it_is_small_and_says_its_classes(exported, detect):
    assert sum(f.stat().st_size for f in exported.rglob("*") if f.is_file()) < 30e6
    assert detect.class_names == dict(enumerate(maskrcnn.CLASSES, 1))
    assert (detect.alignment, detect.mask_threshold) == ("centres", model.MASK_THRESHOLD)


def test_it_answers_as_the_model_does(run, detect):
    _, trained, _ = run
    image = shape_example(3).image
    signature = detect.model.signatures["serving_default"]
    answer = signature(input_tensor=tf.constant(image[None]))
    expected = export._serve(
        trained.model, trained.task_config.model, tf.constant(image[None]), SIZE
    )
    assert answer.keys() == expected.keys()
    ours, model = ({k: v.numpy()[0] for k, v in each.items()} for each in (answer, expected))
    np.testing.assert_allclose(ours["detection_scores"], model["detection_scores"], atol=1e-4)
    # After four steps many scores are nearly equal, so rounding decides about the order and about
    # whom suppression keeps: each detection is compared with its like, and a few may lack one.
    keys = [
        np.concatenate([d["detection_boxes"], d["detection_classes"][:, None]], 1)
        for d in (ours, model)
    ]
    distance = abs(keys[0][:, None] - keys[1][None]).max(-1)
    same = distance.min(1) < 1e-4
    assert same.mean() > 0.7
    masks = model["detection_masks"][distance.argmin(1)]
    assert (abs(ours["detection_masks"] - masks).max((1, 2)) < 1e-3)[same].mean() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (48, 64), (200, 30)])
def test_pictures_of_every_size(size, detect):
    found = detect(np.full((*size, 3), 128, np.uint8), 0)
    assert found.masks.shape == (len(found), *size)
    assert (found.boxes[:, :2] >= 0).all()
    assert (found.boxes[:, 2:] <= size).all()


def test_sure_masks_come_first():
    masks = np.zeros((1, 4, 28, 28), np.float32)  # the last one is empty
    masks[0, 0, :5], masks[0, 1, 5:], masks[0, 2, :9] = 0.6, 0.9, 1.0
    answer = {
        "detection_boxes": np.arange(16, dtype=np.float32).reshape(1, 4, 4),
        "detection_classes": np.array([[1, 2, 3, 1]]),
        "detection_scores": np.array([[0.9, 0.8, 0.5, 0.4]], np.float32),
        "detection_masks": masks,
        "num_detections": np.array([4]),
    }
    found = {name: np.asarray(value)[0] for name, value in export._ranked(answer).items()}
    np.testing.assert_allclose(found["detection_scores"], [0.72, 0.54, 0.5, 0], rtol=1e-6)
    assert found["detection_classes"].tolist() == [2, 1, 3, 1]
    assert found["detection_boxes"][:, 0].tolist() == [4, 0, 8, 12]
    np.testing.assert_array_equal(found["detection_masks"], masks[0, [1, 0, 2, 3]])


def test_the_stages_lead_to_the_answer(detect):
    stages = detect.model.signatures[export.STAGES]
    image = shape_example(4).image
    opened = {k: v.numpy()[0] for k, v in stages(input_tensor=tf.constant(image[None])).items()}
    # Two scales and three shapes of anchors in each cell.
    cells = sum(-(-SIZE[0] // 2**level) * -(-SIZE[1] // 2**level) for level in (2, 3, 4, 5))
    assert opened["anchors"].shape == opened["decoded_boxes"].shape == (6 * cells, 4)
    assert opened["objectness"].shape == (6 * cells,)
    np.testing.assert_allclose(opened["class_scores"].sum(-1), 1, atol=1e-5)
    assert set(opened["proposal_levels"]) <= {2.0, 3.0, 4.0, 5.0}
    np.testing.assert_allclose(opened["scale"], [64 / 48, 64 / 48], rtol=0.02)
    # The features of detections lead to the classes: the last layer says what the box head said.
    assert opened["mask_logits"].shape == (30, 28, 28, 3)
    served = detect.model.signatures["serving_default"](input_tensor=tf.constant(image[None]))
    served = {name: value.numpy()[0] for name, value in served.items()}
    assert served["detection_features"].shape == (30, opened["class_kernel"].shape[0])
    chosen = served["detection_classes"].astype(int)
    logits = opened["mask_logits"][np.arange(30), ..., np.maximum(chosen - 1, 0)]
    real = chosen > 0
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits[real])), served["detection_masks"][real], atol=1e-4
    )
    for level in range(2, 6):
        assert opened[f"level_{level}"].shape[-1] == opened["roi_features"].shape[-1] == 64
    # Every proposal is one of the decoded boxes, which are clipped to the picture.
    inside = opened["proposals"][opened["proposal_scores"] > 0]
    assert len(inside)
    distance = abs(inside[:, None] - opened["decoded_boxes"][None]).max(-1).min(1)
    assert distance.max() < 0.01


def test_weights_come_back_from_an_export(run, exported):
    _, trained, _ = run
    before = [variable.numpy() for variable in trained.model.variables]
    trained.model.variables[0].assign_add(tf.ones_like(trained.model.variables[0]))
    export.restore(trained.model, exported)
    for variable, value in zip(trained.model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    with pytest.raises(WeightsError, match="expected an export with the"):
        export.restore(trained.model, exported.parent)


def test_freezing_a_layer_does_not_change_the_order_of_exported_weights(run):
    _, trained, _ = run
    head = trained.model.rpn_head
    order = [id(weight) for weight in export._weights(trained.model)]
    keras_order = [id(weight) for weight in trained.model.variables]
    assert set(order) == set(keras_order)
    head.trainable = False
    try:
        assert keras_order != [id(weight) for weight in trained.model.variables]
        assert order == [id(weight) for weight in export._weights(trained.model)]
    finally:
        head.trainable = True


def test_a_checkpoint_can_be_built_for_another_size(run, monkeypatch):
    folder, trained, _ = run
    built = []

    def build(config):
        built.append(config.model.input_size)
        return trained.model

    monkeypatch.setattr(training, "build", build)
    _, larger = training.load_checkpoint(folder, size=(100, 150))
    assert built == [[128, 160, 3]]  # rounded up to multiples of 32
    assert larger.steps == trained.steps == 4


def test_a_training_that_ends_early_says_so_in_its_command(plan):
    early = replace(plan, initial="somewhere/first", encoder_weights="folder/encoder.h5")
    command = cli._repeating(early, 3, (128, 160), None)
    assert command.startswith("python -m tools.recipes.maskrcnn train --steps 4 --batch-size 2")
    for words in ("--stop-at 3", "--export-size 128 160", "--initial first", "weights encoder.h5"):
        assert words in command
    assert "--stop-at" not in cli._repeating(plan, 4, (64, 96), None)


def test_a_training_ends_at_the_step_that_was_asked_for(run, plan, monkeypatch):
    """All four steps are done: asked to stop at the third, it takes no further one."""
    folder, trained, _ = run
    monkeypatch.setattr(training, "_model", lambda config, plan: trained.model)
    none = tf.data.Dataset.range(0)
    monkeypatch.setattr(training.data, "training_batches", lambda *_, **__: none)
    again = training.train(plan, folder, stop_at=3)
    assert again.steps == 4
    assert again.losses == {}


def test_other_files_are_not_overwritten(run, tmp_path):
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(WeightsError, match="a new folder or one with a SavedModel"):
        export.check_destination(tmp_path)


@pytest.mark.parametrize("error", [Killed, OSError])
def test_an_export_that_ends_between_its_renames_loses_no_model(tmp_path, monkeypatch, error):
    folder, new = tmp_path / "model", tmp_path / ".model-new"
    for each in (folder, new):
        each.mkdir()
        (each / "saved_model.pb").write_text(each.name)
    rename, failed = os.replace, []

    def replace_once(source, target):
        if source == new and not failed:
            failed.append(sorted(file.read_text() for file in tmp_path.glob("*/saved_model.pb")))
            raise error
        rename(source, target)

    monkeypatch.setattr(export.os, "replace", replace_once)
    with pytest.raises(error):
        export._put(new, folder)
    assert failed == [[".model-new", "model"]]
    if error is OSError:  # it can still be put back
        assert (folder / "saved_model.pb").read_text() == "model"
        export._put(new, folder)
        assert (folder / "saved_model.pb").read_text() == ".model-new"
        assert list(tmp_path.iterdir()) == [folder]


def test_a_blend_lies_between_its_parts(monkeypatch):
    """Two exports of a made-up network of two weights."""
    stored = {"first": [1.0, 2.0], "second": [3.0, -2.0]}
    network = [tf.Variable(0.0), tf.Variable(0.0)]

    def restore(model, folder):
        for variable, value in zip(model, stored[folder], strict=True):
            variable.assign(value)

    monkeypatch.setattr(export, "restore", restore)
    monkeypatch.setattr(export, "_weights", lambda model: model)
    export.blended(network, [("first", 0.75), ("second", 0.25)])
    assert [float(each) for each in network] == [1.5, 1.0]
    with pytest.raises(WeightsError, match=r"shares: expected numbers that add up to 1, found 0.9"):
        export.blended(network, [("first", 0.75), ("second", 0.15)])


def test_a_model_blended_with_itself_is_the_same(run, exported, tmp_path, monkeypatch, capsys):
    _, trained, _ = run

    def write(model, config, folder, *, size, class_names):
        """Exporting takes seconds, and was done."""
        assert (model, size, class_names) == (trained.model, SIZE, maskrcnn.CLASSES)
        shutil.copytree(exported, folder)

    monkeypatch.setattr(export, "export", write)
    before = [variable.numpy() for variable in trained.model.variables]
    monkeypatch.setattr(model, "build", lambda config: trained.model)
    arguments = ["blend", f"{exported}=0.5", f"{exported}=0.5", "--output", tmp_path / "blend"]
    status, printed, _ = call(capsys, *arguments, "--export-size", *SIZE)
    assert status == 0
    record = weights.read_record(tmp_path / "blend")
    assert record["blend"] == printed["blend"]
    assert [part["share"] for part in record["blend"]] == [0.5, 0.5]
    assert record["scores"] == {} and record["steps"] == trained.steps
    for variable, value in zip(trained.model.variables, before, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-6)


# --- the command line ---------------------------------------------------------------------------


def call(capsys, *arguments) -> tuple[int, dict, str]:
    status = cli.main([str(each) for each in arguments])
    printed = capsys.readouterr()
    last = printed.out.strip().splitlines()[-1] if printed.out.strip() else "{}"
    return status, json.loads(last), printed.err


@pytest.fixture
def loaded(detect, monkeypatch):
    """Loading takes seconds; the tests of the command line share one model."""
    monkeypatch.setattr(detector, "load_detector", lambda name: detect)


def test_the_record_says_how_the_model_was_made(run, exported):
    _, trained, _ = run
    record = json.loads(weights.record_path(exported).read_text())
    assert record["data"] == ["shapes.tfrecord"]
    assert "train --steps 4 --batch-size 2" in record["command"]
    assert record["parameters"] == trained.model.count_params()
    assert record["seconds"] == pytest.approx(trained.seconds, abs=0.1)
    assert record["megabytes"] < 30


def test_evaluate_ends_with_json_and_may_record_it(exported, loaded, records_file, capsys):
    status, scores, _ = call(
        capsys, "evaluate", "--model", exported, "--data", records_file, "--record"
    )
    assert status == 0
    wanted = ("mask_ap", "mask_ap50", "mask_ap75", "box_ap", "boundary_ap", "images_per_second")
    assert scores["images"] == 8
    assert all(0 <= scores[name] < 1000 for name in wanted)
    stored = json.loads(weights.record_path(exported).read_text())
    assert stored["scores"]["test"] == scores
    assert stored["seed"] == 1


def test_evaluate_on_coco(exported, loaded, shared_data, tmp_path, capsys):
    content = json.loads((shared_data / "coco" / "instances.json").read_text())
    cars = next(each["id"] for each in content["categories"] if each["name"] == "car")
    number = next(a["image_id"] for a in content["annotations"] if a["category_id"] == cars)
    content["images"] = [each for each in content["images"] if each["id"] == number]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] == number]
    (tmp_path / "one.json").write_text(json.dumps(content))
    (images,) = [p for p in (shared_data / "coco").iterdir() if p.is_dir()]
    given = ("--coco", tmp_path / "one.json", "--images", images)
    status, scores, _ = call(
        capsys, "evaluate", "--model", exported, *given, "--category", "car",
        "--detected-as", "car", "van",
    )  # fmt: skip
    assert (status, scores["images"]) == (0, 1)
    assert scores["objects"] > 0
    status, _, errors = call(capsys, "evaluate", "--model", exported, *given, "--category", "zebra")
    assert status == 1
    assert "error: model: expected a class 'zebra', found car, van, person" in errors


def test_a_bad_argument_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "RUNS", tmp_path)
    status, _, errors = call(capsys, "evaluate", "--model", tmp_path / "none")
    assert (status, errors.count("\n")) == (1, 1)
    assert "expected a model" in errors
    status, _, errors = call(capsys, "export", "--name", "none")
    assert status == 1
    assert "expected the folder of a training" in errors


def test_perfect_detections_score_1():
    example = shape_example(5)
    case = replace(example, facts={})
    found = detector.Detections(
        example.boxes, example.classes, np.ones(len(example.classes)), example.masks, ("x",) * 3
    )
    scores = recipe_scores.summary([(found, case)], 12.345678)
    assert scores["mask_ap"] == scores["box_ap"] == scores["boundary_ap"] == 1.0
    assert scores["boxes_as_masks_ap"] < 1.0
    assert scores["images_per_second"] == 12.3457


@pytest.mark.slow
def test_a_killed_command_goes_on(records_file, tmp_path):
    """SIGKILL, which no handler sees, at an arbitrary moment."""
    import signal
    import time

    code = (
        "from tools.recipes.maskrcnn import cli; from pathlib import Path; import sys\n"
        f"cli.RUNS = Path({str(tmp_path)!r})\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    arguments = ["train", "--steps", "230", "--batch-size", "1", "--data", str(records_file),
                 "--encoder-weights", "none", "--output", str(tmp_path / "model")]  # fmt: skip
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(cli.helpers.ROOT)}
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("kerbside/checkpoints/checkpoint")):
        assert first.poll() is None
        time.sleep(0.2)
    time.sleep(5)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr[-1000:]
    assert "Resuming after step" in second.stdout
    assert json.loads(second.stdout.splitlines()[-1])["steps"] == 230
