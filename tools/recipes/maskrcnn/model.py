"""Configuration and construction of the Mask R-CNN that the course trains and ships.

Introduced in lab 4. The network, its losses and its targets are those of TF Model Garden
(`tf-models-official`), configured small enough for two CPU cores: MobileNetV2 as backbone, a narrow
feature pyramid, light heads. The sibling module `data` is its input pipeline, `training` trains it,
`export` writes a SavedModel, and `helpers.detector` runs that.

From the shell: `python -m tools.recipes.maskrcnn train|evaluate|export --help`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers import kerbside
from helpers.errors import ArrayError
from helpers.weights import reading_encoder

if TYPE_CHECKING:
    import tf_keras
    from official.vision.configs.maskrcnn import MaskRCNN, MaskRCNNTask

SIZE = (432, 576)
"""Height and width that the shipped network works at; other pictures are scaled to fit. Its
training began with smaller ones, for time, and ended with this."""

CLASSES = kerbside.OBJECTS
"""Numbered from 1 as in the label map."""

MASK_THRESHOLD = 0.45
"""A pixel belongs to an object from this probability on: of 0.3, 0.35, ... 0.55 the best on val.
Where an outline is unsure, as round a small person, IoU gains more from a right pixel than it
loses by a wrong one."""

MIN_LEVEL, MAX_LEVEL = 2, 5
"""Levels of the pyramid; a cell of level l is 2**l pixels wide."""

FROZEN_UP_TO = "block_2_add"
"""Layers of the backbone up to this one keep ImageNet's weights: edges and colours are the same
everywhere, and training them costs a fifth of the time of a step."""

FINE = "1"
"""A level below the pyramid, a cell of it 2 pixels wide: the end of MobileNetV2's first block. The
mask head alone looks at it; a walking person is only four cells of level 2 wide."""

_TAPS = {
    FINE: "expanded_conv_project",
    "2": "block_3_expand_relu",
    "3": "block_6_expand_relu",
    "4": "block_13_expand_relu",
    "5": "out_relu",
}


# --- configuration ----------------------------------------------------------------------------


def configuration(
    *, num_classes: int = len(CLASSES), size: Sequence[int] = SIZE, proposals: int = 100
) -> MaskRCNNTask:
    """Configuration of the task from which Model Garden builds network, targets and losses.

    Args:
        num_classes: Number of classes, without background.
        size: Height and width of the network input; padded to a multiple of 32.
        proposals: Number of proposals per picture for the second stage.
    """
    # `official.*` and not `tensorflow_models`: the latter imports all of the garden.
    from official.vision.configs import common, decoders, maskrcnn

    model = maskrcnn.MaskRCNN(
        num_classes=num_classes + 1,
        input_size=[*padded_size(size), 3],
        min_level=MIN_LEVEL,
        max_level=MAX_LEVEL,
        # From 14 to 160 pixels, and one narrow shape: in Kerbside a walking person is 9 x 23,
        # which is 16 x 41 at the shipped network's size.
        anchor=maskrcnn.Anchor(num_scales=2, aspect_ratios=[0.4, 1.0, 2.0], anchor_size=3.5),
        decoder=decoders.Decoder(
            type="fpn", fpn=decoders.FPN(num_filters=64, use_separable_conv=True)
        ),
        rpn_head=maskrcnn.RPNHead(num_convs=1, num_filters=64, use_separable_conv=True),
        detection_head=maskrcnn.DetectionHead(
            num_convs=1, num_filters=64, use_separable_conv=True, num_fcs=1, fc_dims=256
        ),
        mask_head=maskrcnn.MaskHead(num_convs=3, num_filters=64, use_separable_conv=True),
        # Batched: one operation of TensorFlow instead of loops in its graph; 20 ms a picture less.
        roi_generator=maskrcnn.ROIGenerator(
            pre_nms_top_k=500,
            num_proposals=2 * proposals,
            test_pre_nms_top_k=300,
            test_num_proposals=proposals,
            use_batched_nms=True,
        ),
        roi_sampler=maskrcnn.ROISampler(num_sampled_rois=64),
        mask_sampler=maskrcnn.MaskSampler(num_sampled_masks=32),
        # The garden's least class probability, 0.05, cuts off the end of the precision-recall
        # curve: mask AP50 on Kerbside val is 0.890 with it, 0.897 with 0.01.
        detection_generator=maskrcnn.DetectionGenerator(
            pre_nms_top_k=300,
            pre_nms_score_threshold=0.01,
            max_num_detections=30,
            nms_version="batched",
        ),
        # The garden's default momentum of 0.997 needs far more steps than the course takes.
        norm_activation=common.NormActivation(
            activation="relu", norm_momentum=0.9, norm_epsilon=0.001, use_sync_bn=False
        ),
    )
    # The garden divides the loss of the 256 sampled anchors by the number of sampled regions, 64.
    losses = maskrcnn.Losses(rpn_score_weight=0.25)
    return maskrcnn.MaskRCNNTask(model=model, losses=losses, annotation_file=None)


def padded_size(size: Sequence[int]) -> list[int]:
    """Height and width, rounded up to a multiple of the coarsest stride."""
    step = 2**MAX_LEVEL
    if len(size) != 2 or min(size) < 1:
        raise ArrayError("size", expected="height and width", found=str(size))
    return [-(-side // step) * step for side in size]


# --- building ---------------------------------------------------------------------------------


def build(
    task_config: MaskRCNNTask, *, encoder_weights: str | os.PathLike | None = None
) -> tf_keras.Model:
    """Build the Mask R-CNN of Model Garden with MobileNetV2 from `tf_keras.applications`.

    The backbone's first layers are frozen if they come from ImageNet. Its batch normalisation is
    folded into the convolutions, see `folded`.

    Args:
        task_config: Task configuration from `configuration`.
        encoder_weights: None for random weights, "imagenet" to download them, or a weights file of
            `keras.applications.MobileNetV2(include_top=False)`.

    Raises:
        WeightsError: The encoder weights cannot be read.
    """
    import tensorflow as tf

    # No layer needs AutoGraph to rewrite its source, which would take half of the time.
    return tf.autograph.experimental.do_not_convert(_build)(task_config, encoder_weights)


def _build(task_config: MaskRCNNTask, encoder_weights: str | os.PathLike | None) -> tf_keras.Model:
    import tf_keras
    from official.vision.modeling import factory
    from official.vision.modeling.decoders import factory as decoders

    config = task_config.model
    backbone = _mobilenet(config.input_size, encoder_weights)
    pyramid = decoders.build_decoder(_without_fine(backbone.output_specs), config)
    inputs = {level: tf_keras.Input(shape[1:]) for level, shape in backbone.output_specs.items()}
    outputs = pyramid(_without_fine(inputs))
    decoder = tf_keras.Model(inputs, {FINE: inputs[FINE], **outputs}, name="decoder")
    model = factory.build_maskrcnn(
        tf_keras.layers.InputSpec(shape=[None, *config.input_size]),
        config,
        backbone=backbone,
        decoder=decoder,
    )
    model.roi_aligner, model.mask_roi_aligner = _aligners(config)
    model.roi_sampler, model.mask_sampler = _samplers(config)
    # Called once, so that all weights exist.
    model(tf_keras.Input(config.input_size), image_shape=tf_keras.Input([2]), training=False)
    return model


def _without_fine(levels: dict) -> dict:
    return {level: value for level, value in levels.items() if level != FINE}


def _aligners(config: MaskRCNN) -> tuple[tf_keras.layers.Layer, tf_keras.layers.Layer]:
    """RoIAlign layers for the box head and the mask head."""
    import tensorflow as tf
    from official.vision.modeling.layers import roi_aligner
    from official.vision.ops import spatial_transform_ops

    class PyramidAligner(roi_aligner.MultilevelROIAligner):
        """Aligner of Model Garden on the pyramid levels, without the fine level."""

        def call(self, features: dict, boxes: tf.Tensor, training: bool | None = None):
            return super().call(_without_fine(features), boxes, training)

    class FineAligner(PyramidAligner):
        """Concatenates features of the fine level with those of the pyramid.

        An M x M RoI of the pyramid has semantic but blurred features: bilinear interpolation
        between cells of 4 pixels. Edges come from the fine level (following PointRend, Kirillov et
        al., 2020), sampled at the mask resolution of 2M x 2M; each block of 2 x 2 values becomes
        channels of one cell.
        """

        def call(self, features: dict, boxes: tf.Tensor, training: bool | None = None):
            pyramid = super().call(features, boxes, training)
            size = pyramid.shape[2]
            # The garden takes cell k as lying at 2 k. A stride of 2 with TensorFlow's padding puts
            # its middle at 2 k + 1.5; nothing learnt comes in between that could make up for it.
            fine = spatial_transform_ops.multilevel_crop_and_resize(
                {FINE: features[FINE]}, boxes - 1.5, output_size=2 * size
            )
            cells = tf.nn.space_to_depth(tf.reshape(fine, [-1, *fine.shape[2:]]), 2)
            cells = tf.reshape(cells, [-1, pyramid.shape[1], size, size, cells.shape[-1]])
            return tf.concat([pyramid, cells], axis=-1)

    return (
        PyramidAligner(config.roi_aligner.crop_size, config.roi_aligner.sample_offset),
        FineAligner(config.mask_roi_aligner.crop_size, config.mask_roi_aligner.sample_offset),
    )


def _samplers(config: MaskRCNN) -> tuple[list[tf_keras.layers.Layer], tf_keras.layers.Layer]:
    """Samplers of the training targets of the second stage: regions of interest and masks.

    They extend those of Model Garden by the unknown parts of photographs that
    `tools.recipes.maskrcnn.data` marks: ignored regions, given as objects of class 0, and missing
    masks, whose values are -1.
    """
    import tensorflow as tf
    from official.vision.modeling.layers import mask_sampler, roi_sampler

    from tools.recipes.maskrcnn import data

    class Sampler(roi_sampler.ROISampler):
        """Assigns class -1, which has zero loss, to ignored regions."""

        def call(self, boxes: tf.Tensor, gt_boxes: tf.Tensor, gt_classes: tf.Tensor):
            crowd = (gt_classes == 0)[..., None]
            objects = tf.where(crowd, -1.0, gt_boxes)
            rois, matched, classes, indices = super().call(boxes, objects, gt_classes)
            crowds = tf.where(crowd, gt_boxes, -1.0)
            free = (classes == 0) & data.outside(rois, objects, crowds)
            # The box loss takes the logarithm of the target's size before it leaves the target out.
            matched = tf.where(free[..., None], rois, matched)
            return rois, matched, tf.where(free, tf.cast(-1, classes.dtype), classes), indices

    class DrawnMasks(mask_sampler.MaskSampler):
        """Excludes objects without an annotated mask from the sampled masks."""

        def call(self, rois, gt_boxes, gt_classes, gt_indices, gt_masks):
            drawn = tf.reduce_mean(gt_masks, axis=[2, 3]) >= 0
            own = tf.gather(drawn, tf.maximum(gt_indices, 0), batch_dims=1) & (gt_classes > 0)
            gt_classes = tf.where(own, gt_classes, tf.zeros_like(gt_classes))
            return super().call(rois, gt_boxes, gt_classes, gt_indices, gt_masks)

    sampler, masks = config.roi_sampler, config.mask_sampler
    return (
        [
            Sampler(
                mix_gt_boxes=sampler.mix_gt_boxes,
                num_sampled_rois=sampler.num_sampled_rois,
                foreground_fraction=sampler.foreground_fraction,
                foreground_iou_threshold=sampler.foreground_iou_threshold,
                background_iou_high_threshold=sampler.background_iou_high_threshold,
                background_iou_low_threshold=sampler.background_iou_low_threshold,
            )
        ],
        DrawnMasks(
            mask_target_size=config.mask_roi_aligner.crop_size * config.mask_head.upsample_factor,
            num_sampled_masks=masks.num_sampled_masks,
        ),
    )


def _mobilenet(input_size: Sequence[int], weights: str | os.PathLike | None) -> tf_keras.Model:
    """MobileNetV2 with one output per level and the inputs of Model Garden's backbones."""
    import tf_keras
    from official.vision.ops import preprocess_ops

    with reading_encoder(weights):
        network = tf_keras.applications.MobileNetV2(
            input_shape=tuple(input_size),
            include_top=False,
            weights="imagenet" if weights == "imagenet" else None,
        )
        if weights not in (None, "imagenet"):
            network.load_weights(weights)
    network = folded(network)
    if weights is not None:
        names = [layer.name for layer in network.layers]
        for layer in network.layers[: names.index(FROZEN_UP_TO) + 1]:
            layer.trainable = False
    taps = tf_keras.Model(
        network.input, {level: network.get_layer(name).output for level, name in _TAPS.items()}
    )
    # The garden's parser subtracts ImageNet's mean and divides by its deviation; MobileNetV2 wants
    # the pixels in [-1, 1]. Both are linear, so one layer leads from the first to the second.
    inputs = tf_keras.Input(tuple(input_size), name="normalised_image")
    scale = [deviation / 127.5 for deviation in preprocess_ops.STDDEV_RGB]
    offset = [mean / 127.5 - 1 for mean in preprocess_ops.MEAN_RGB]
    backbone = tf_keras.Model(
        inputs, taps(tf_keras.layers.Rescaling(scale, offset)(inputs)), name="mobilenet_v2"
    )
    backbone.output_specs = {level: output.shape for level, output in backbone.output.items()}
    return backbone


def folded(network: tf_keras.Model) -> tf_keras.Model:
    """Fold batch normalisation into the convolutions of a MobileNetV2.

    With fixed statistics, batch normalisation is one scale and one offset per channel, which the
    preceding convolution can absorb (Jacob et al., 2018, section 3.2). Fixed statistics are
    preferable here: those of ImageNet are more reliable than those of a small batch. The padding
    before a strided convolution is merged into it, which for even sides adds the same row and
    column of zeros in the same place. The running time per picture falls by a quarter.
    """
    import tf_keras

    layers = tf_keras.layers
    norms = {
        norm.input.node.layer.name: norm
        for norm in network.layers
        if isinstance(norm, layers.BatchNormalization)
    }

    def clone(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if isinstance(layer, layers.BatchNormalization | layers.ZeroPadding2D):
            return layers.Identity(name=layer.name)
        changes = {"use_bias": True, "padding": "same"} if layer.name in norms else {}
        return type(layer).from_config(layer.get_config() | changes)

    result = tf_keras.models.clone_model(network, clone_function=clone)
    for name, norm in norms.items():
        (kernel,) = network.get_layer(name).get_weights()
        gamma, beta, mean, variance = norm.get_weights()
        factor = gamma / np.sqrt(variance + norm.epsilon)
        # A depthwise kernel is (H, W, channels, 1), any other one (H, W, inputs, channels).
        depthwise = isinstance(network.get_layer(name), layers.DepthwiseConv2D)
        kernel = kernel * (factor[:, None] if depthwise else factor)
        result.get_layer(name).set_weights([kernel, beta - mean * factor])
    return result
