"""Loads an instance segmentation model from where it lies, and runs it on pictures.

Introduced in lab 4, used again in lab 5. One function loads the course's own model, every TFOD2
export, an archive of the TFOD2 zoo and an export of TF Model Garden; the answer always has boxes in
pixels and masks of the picture's size, whatever the model itself gives. Rests on TensorFlow.
"""

from __future__ import annotations

import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers import BUILD, DATA, fetch, records
from helpers.errors import ArrayError, WeightsError
from helpers.masks import check_image

SHIPPED = DATA / "weights" / "maskrcnn_kerbside"
"""The model that the course trained; the record beside it says on what."""

COCO_LABEL_MAP = DATA / "tfod2" / "coco_label_map.pbtxt"
"""COCO's 80 classes, numbered from 1 to 90 with gaps, as models of the zoo have them."""

ZOO = {
    "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8": "http://download.tensorflow.org/models/"
    "object_detection/tf2/20200711/mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8.tar.gz",
}
"""Published models with masks, trained on COCO."""

CACHE = BUILD / "models"
"""Where archives are kept and unpacked; nothing is downloaded or unpacked twice."""

DESCRIPTION = Path("assets.extra") / "detector.json"
"""In a SavedModel of the course: its class names, and how its masks lie in their boxes."""

ALIGNMENTS = ("centres", "corners")

LEAST_SCORE = 0.05
"""Detections with a lower score change no AP in the digits reported, and take time."""

MAX_PIXELS = 25_000_000
"""A hundred masks of a larger picture would take gigabytes."""

_REQUIRED = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
_MASKS = ("detection_masks_reframed", "detection_masks")


@dataclass(frozen=True)
class Detections:
    """What a model found in one picture, best score first."""

    boxes: np.ndarray  # (N, 4) float32: ymin, xmin, ymax, xmax in pixels
    classes: np.ndarray  # (N,) int64, from 1
    scores: np.ndarray  # (N,) float32, 0 to 1
    masks: np.ndarray  # (N, H, W) bool
    class_names: tuple[str, ...]  # (N,)
    box_masks: np.ndarray | None = None  # (N, M, M) float32, what `masks` were pasted from, if so
    features: np.ndarray | None = None  # (N, F) float32, what classes were decided by, if given

    def take(self, rows: np.ndarray) -> Detections:
        """Some of them, by number or by a mask (N,) bool, in the order given."""
        rows = np.arange(len(self))[rows]
        names = ("boxes", "classes", "scores", "masks", "box_masks", "features")
        parts = {name: getattr(self, name) for name in names}
        parts = {name: None if part is None else part[rows] for name, part in parts.items()}
        return Detections(class_names=tuple(self.class_names[row] for row in rows), **parts)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        named = zip(self.class_names, self.scores, strict=True)
        return f"Detections({', '.join(f'{name} {score:.2f}' for name, score in named)})"


@dataclass(frozen=True)
class Detector:
    """A loaded model; call it with a picture. `load_detector` makes one."""

    signature: Any  # function from (1, H, W, 3) uint8 to a dictionary of tensors
    input_name: str
    class_names: Mapping[int, str]
    alignment: str  # of masks in their boxes, see `paste`
    mask_threshold: float  # a pixel belongs to a mask if its value is larger
    model: Any = field(repr=False)  # the SavedModel, which the signature needs to stay alive

    def __call__(self, image: np.ndarray, threshold: float = 0.5) -> Detections:
        """Finds the objects in one picture.

        Args:
            image: (H, W, 3) uint8 RGB.
            threshold: Least score of a detection.

        Raises:
            ArrayError: an empty or a huge picture, or a threshold outside 0 to 1.
        """
        image = check_image(image)
        height, width = image.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            do = "Make it smaller first: `cv2.resize(image, None, fx=0.5, fy=0.5)`."
            _refuse(f"1 to {MAX_PIXELS:,} pixels", f"{height} x {width}", do, of="image")
        if not 0 <= threshold <= 1:
            _refuse("0 to 1", str(threshold), of="threshold")
        answer = {k: v.numpy()[0] for k, v in self._run(image).items() if k != "image_info"}
        scores = answer["detection_scores"][: int(answer["num_detections"])]
        kept = np.flatnonzero(scores >= threshold)
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        boxes = answer["detection_boxes"][kept].astype(np.float32)
        boxes = boxes.clip(0, np.array([height, width, height, width], np.float32))
        numbers = answer["detection_classes"][kept].astype(np.int64)
        names = tuple(self.class_names.get(int(n), f"class {n}") for n in numbers)
        masks, box_masks = self._masks(answer, kept, boxes, (height, width))
        features = answer["detection_features"][kept] if "detection_features" in answer else None
        scores = scores[kept].astype(np.float32)
        return Detections(boxes, numbers, scores, masks, names, box_masks, features)

    def _run(self, image: np.ndarray) -> dict:
        """The model's own answer, but with boxes in pixels of the picture."""
        import tensorflow as tf

        wanted = self.signature.structured_input_signature[1][self.input_name].shape
        if not wanted.is_compatible_with((1, *image.shape)):
            expected = f"{wanted[1]} x {wanted[2]} pixels, the only size of this model"
            _refuse(expected, f"{image.shape[0]} x {image.shape[1]}", "Resize it.", of="image")
        answer = dict(self.signature(**{self.input_name: tf.constant(image[None])}))
        boxes = answer["detection_boxes"]
        if "image_info" in answer:
            # A Model Garden export: pixels of the picture as it was scaled for the network.
            info = answer["image_info"]
            scale, offset = info[:, 2], info[:, 3]
            boxes = (boxes + tf.tile(offset, [1, 2])[:, None]) / tf.tile(scale, [1, 2])[:, None]
        else:
            boxes = boxes * np.array([*image.shape[:2]] * 2, np.float32)
        return answer | {"detection_boxes": boxes}

    def _masks(
        self, answer: dict, kept: np.ndarray, boxes: np.ndarray, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Masks of the picture's size, and the small ones that they come from, if they do."""
        name = next(key for key in _MASKS if key in answer)
        masks = answer[name][kept]
        fixed = self.signature.structured_outputs[name].shape[-2:].is_fully_defined()
        # A picture may happen to be of the size of the box masks; these never change size, while
        # masks of the whole picture do, and so their size is not fixed in the signature.
        if name == _MASKS[0] or (masks.shape[1:] == size and not fixed):
            return masks > 0.5, None
        masks = masks.astype(np.float32)
        how = {"alignment": self.alignment, "threshold": self.mask_threshold}
        return paste(masks, boxes, size, **how), masks


def _refuse(expected: str, found: str, do: str = "", *, of: str, kind: Any = ArrayError):
    raise kind(of, expected=expected, found=found, do=do)


# --- from small masks, one for each box, to masks of the whole picture ------------------------


def paste(
    box_masks: np.ndarray,
    boxes: np.ndarray,
    size: Sequence[int],
    *,
    alignment: str = "centres",
    threshold: float = 0.5,
) -> NDArray[np.bool_]:
    """Puts small masks into their boxes.

    Args:
        box_masks: (N, M, M) float, 0 to 1, each over the area of its box.
        boxes: (N, 4) `ymin, xmin, ymax, xmax` in pixels; may reach beyond the picture.
        size: Height and width of the picture.
        alignment: "centres" if each number stands in the middle of its cell of the box (RoIAlign,
            TF Model Garden, Detectron2); "corners" if the outer numbers lie on the box's edges
            (TFOD2, whose `reframe_box_masks_to_image_masks` this then reproduces).
        threshold: A pixel belongs to a mask if its interpolated value is larger.

    Returns:
        (N, H, W) bool; False outside the box.

    >>> paste(np.ones((1, 28, 28)), np.array([[0, 1, 2, 3]]), (2, 4)).astype(int).tolist()
    [[[0, 1, 1, 0], [0, 1, 1, 0]]]
    """
    box_masks, boxes = np.asarray(box_masks, np.float32), np.asarray(boxes, float)
    if box_masks.ndim != 3 or 0 in box_masks.shape[1:]:
        _refuse("(N, M, M) with M > 0", f"shape {box_masks.shape}", of="box_masks")
    if boxes.shape != (len(box_masks), 4):
        expected = f"shape ({len(box_masks)}, 4), one box for each mask"
        _refuse(expected, f"shape {boxes.shape}", of="boxes")
    if alignment not in ALIGNMENTS:
        _refuse(" or ".join(map(repr, ALIGNMENTS)), repr(alignment), of="alignment")
    height, width = size
    masks = np.zeros((len(boxes), height, width), bool)
    for mask, values, (ymin, xmin, ymax, xmax) in zip(masks, box_masks, boxes, strict=True):
        top, rows = _weights(ymin, ymax, height, values.shape[0], alignment)
        left, columns = _weights(xmin, xmax, width, values.shape[1], alignment)
        # Bilinear interpolation is one product for the rows and one for the columns, and only the
        # pixels of the box are computed: this is what makes it fast.
        pixels = rows @ values @ columns.T
        mask[top : top + len(rows), left : left + len(columns)] = pixels > threshold
    return masks


def _weights(
    low: float, high: float, pixels: int, cells: int, alignment: str
) -> tuple[int, NDArray[np.float32]]:
    """Along one axis: the first pixel of the box, and (K, cells) weights of its K pixels."""
    if not (np.isfinite([low, high]).all() and low < high):
        return 0, np.zeros((0, cells), np.float32)
    index = np.arange(pixels)
    if alignment == "centres":
        inside = (index + 0.5 >= low) & (index + 0.5 < high)
        places = ((index + 0.5 - low) / (high - low)) * cells - 0.5
        places = places.clip(0, cells - 1)  # beyond the outermost numbers there is nothing to mix
    else:
        # TFOD2 counts pixel 0 as 0 and the last one as 1, so its pixels are a little too wide.
        shares = index / (pixels - 1) if pixels > 1 else np.array([0.5])
        places = (shares - low / pixels) / ((high - low) / pixels) * (cells - 1)
        inside = (places >= 0) & (places <= cells - 1)
    index, places = index[inside], places[inside]
    lower = np.floor(places).astype(int).clip(0, max(0, cells - 2))
    share = places - lower
    weights = np.zeros((len(index), cells), np.float32)
    row = np.arange(len(index))
    weights[row, lower] = 1 - share
    weights[row, np.minimum(lower + 1, cells - 1)] += share
    return (int(index[0]) if len(index) else 0), weights


# --- loading ----------------------------------------------------------------------------------


def load_detector(
    name_or_path: str | Path = "kerbside",
    *,
    sha256: str | None = None,
    label_map: str | Path | Mapping[int, str] | None = None,
    cache: Path = CACHE,
) -> Detector:
    """Loads a model with masks.

    Args:
        name_or_path: "kerbside" (the course's), a name of `ZOO`, a folder with a SavedModel, an
            archive (.tar, .tar.gz), or the address of one.
        sha256: Checksum that an archive must have.
        label_map: File of a label map, or {number: name}; by default the model's own, and COCO's
            for a model of the zoo.
        cache: Folder where archives are kept and unpacked.

    Raises:
        WeightsError: no such model, one without masks, or an archive not to be trusted.
    """
    import tensorflow as tf

    name = str(name_or_path)
    if name in ZOO or Path(name).name.split(".tar")[0] in ZOO:
        label_map = fetch(COCO_LABEL_MAP) if label_map is None else label_map
    folder = _folder(ZOO.get(name, name), sha256, cache)
    try:
        model = tf.saved_model.load(folder)
    except Exception as error:  # TensorFlow raises anything here, from DecodeError to KeyError
        found = f"{type(error).__name__}: {str(error).split(chr(10))[0][:200]}"
        _refuse("a whole SavedModel", found, of=str(folder), kind=WeightsError)
    signature = _checked_signature(model, folder)
    (input_name,) = signature.structured_input_signature[1]
    described = _description(folder, garden="image_info" in signature.structured_outputs)
    if label_map is None:
        label_map = described["classes"]
    elif not isinstance(label_map, Mapping):
        label_map = records.read_label_map(label_map, display_names=True)
    how = described["alignment"], described["mask_threshold"]
    return Detector(signature, input_name, dict(label_map), *how, model)


def _folder(name: str, sha256: str | None, cache: Path) -> Path:
    """The folder that holds saved_model.pb."""
    if name == "kerbside":
        name = str(fetch(SHIPPED))
    path = Path(name)
    if "://" in name or path.is_file():
        path = _unpacked(name, sha256, cache)
    if not path.is_dir():
        do = f'Names are "kerbside" and {", ".join(map(repr, ZOO))}; or give a path or an address.'
        _refuse("a model", "no such file or folder", do, of=name, kind=WeightsError)
    # A TFOD2 export has it in saved_model/, an archive of the zoo one folder deeper.
    found = sorted(path.rglob("saved_model.pb"), key=lambda file: len(file.parts))
    if not found:
        do = "Checkpoints alone do not do: export the model first."
        _refuse("saved_model.pb in it", "none", do, of=name, kind=WeightsError)
    return found[0].parent


def _unpacked(name: str, sha256: str | None, cache: Path) -> Path:
    """The folder that an archive unpacks to, complete or not at all."""
    import keras

    origin = name if "://" in name else Path(name).resolve().as_uri()
    state = None if "://" in name else Path(name).stat().st_mtime_ns
    key = zlib.crc32(repr((origin, state, sha256)).encode())
    folder = Path(cache).resolve() / f"{Path(name).name.split('.tar')[0]}-{key:08x}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as new:
            check = {"file_hash": sha256 and sha256.lower(), "hash_algorithm": "sha256"}
            file = keras.utils.get_file("a", origin, cache_dir=new, cache_subdir=".", **check)
            with tarfile.open(file) as tar:
                tar.extractall(Path(new, "model"), filter="data")  # nothing outside the folder
                while tar.fileobj.read(1 << 20):
                    pass  # to the end, where gzip keeps its checksum
            os.replace(Path(new, "model"), folder)
    except Exception as error:  # Keras raises a plain Exception where a download fails
        expected = "a whole .tar or .tar.gz archive" + (f" with SHA-256 {sha256}" if sha256 else "")
        _refuse(expected, f"{type(error).__name__}: {error}", of=name, kind=WeightsError)
    return folder


def _checked_signature(model: Any, folder: Path) -> Any:
    """The signature, once it is certain that it is like TFOD2's."""
    refuse = partial(_refuse, of=str(folder), kind=WeightsError)
    signatures = getattr(model, "signatures", {})
    if "serving_default" not in signatures:
        refuse("a signature serving_default", ", ".join(signatures) or "no signatures")
    signature = signatures["serving_default"]
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    if len(inputs) != 1:
        refuse("one input, the picture", f"{len(inputs)}: {', '.join(inputs)}")
    (spec,) = inputs.values()
    if spec.dtype.name != "uint8":
        refuse("an input of dtype uint8", spec.dtype.name, "Export it as image_tensor.")
    if not spec.shape.is_compatible_with([1, None, None, 3]) or spec.shape.rank != 4:
        refuse("an input of shape (1, H, W, 3)", str(spec.shape))
    if missing := [key for key in _REQUIRED if key not in outputs]:
        refuse(f"the outputs {', '.join(_REQUIRED)}", f"no {', '.join(missing)}")
    if not any(key in outputs for key in _MASKS):
        refuse("the output detection_masks", "boxes only", "Take a Mask R-CNN.")
    return signature


def _description(folder: Path, *, garden: bool) -> dict:
    """Class names and way of pasting as the model's maker wrote them down, else what is usual."""
    usual = {"classes": {}, "alignment": "centres" if garden else "corners", "mask_threshold": 0.5}
    path = folder / DESCRIPTION
    if not path.is_file():
        return usual
    try:
        stored = usual | {"alignment": None} | json.loads(path.read_text(encoding="utf-8"))
        names = {int(number): str(name) for number, name in stored["classes"].items()}
        if stored["alignment"] not in ALIGNMENTS:
            raise ValueError(f"alignment {stored['alignment']}")
        return stored | {"classes": names, "mask_threshold": float(stored["mask_threshold"])}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        expected = "JSON with classes, alignment and mask_threshold"
        _refuse(expected, str(error), of=str(path), kind=WeightsError)
