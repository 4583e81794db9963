"""Instance segmentation models: loading one, wherever it lies, and running it on pictures.

Introduced in lab 4, used again in lab 5. One function loads the course's own model, every TFOD2
export, an archive of the TFOD2 zoo and an export of TF Model Garden; the answer always has boxes in
pixels and masks of the picture's size. Arrays that do not fit are an `ArrayError`.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers import BUILD, DATA, fetch
from helpers.errors import ArrayError, WeightsError
from helpers.files import read_json
from helpers.masks import check_image

# The model that the course trained; the record beside it has its data and scores.
SHIPPED = DATA / "weights" / "maskrcnn_kerbside"
# COCO's 80 classes, numbered from 1 to 90 with gaps, as models of the zoo have them.
COCO_CLASSES = DATA / "tfod2" / "coco_classes.json"
# Published models with masks, trained on COCO.
ZOO = {
    "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8": "http://download.tensorflow.org/models/"
    "object_detection/tf2/20200711/mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8.tar.gz",
}
CACHE = BUILD / "models"  # where archives are unpacked; nothing is downloaded or unpacked twice
# In a SavedModel of the course: its class names, and how its masks lie in their boxes.
DESCRIPTION = Path("assets.extra") / "detector.json"
ALIGNMENTS = ("centres", "corners")

# Lower ones change the mask AP on Kerbside val by less than 0.001 and take time.
LEAST_SCORE = 0.01
MAX_PIXELS = 25_000_000  # a hundred masks of a larger picture would take gigabytes
_REQUIRED = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
_MASKS = ("detection_masks_reframed", "detection_masks")


@dataclass(frozen=True)
class Detections:
    """The objects that a model found in one picture, best score first."""

    boxes: np.ndarray  # (N, 4) float32: ymin, xmin, ymax, xmax in pixels
    classes: np.ndarray  # (N,) int64, from 1
    scores: np.ndarray  # (N,) float32, 0 to 1
    masks: np.ndarray  # (N, H, W) bool
    class_names: tuple[str, ...]  # (N,)
    box_masks: np.ndarray | None = None  # (N, M, M) float32, what `masks` were pasted from, if so
    features: np.ndarray | None = None  # (N, F) float32, the classifier's inputs, if given

    def take(self, rows: np.ndarray) -> Detections:
        """Detections with the given row numbers, in that order, or those marked by (N,) bool."""
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
        """Find the objects in a picture, (H, W, 3) uint8 RGB, that score at least `threshold`.

        An empty or a huge picture, or a size that the model cannot take, is an `ArrayError`.
        """
        image = check_image(image)
        height, width = image.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            expected, found = f"1 to {MAX_PIXELS:,} pixels", f"{height} x {width}"
            do = "Make it smaller first: `cv2.resize(image, None, fx=0.5, fy=0.5)`."
            raise ArrayError("image", expected=expected, found=found, do=do)
        if not 0 <= threshold <= 1:
            raise ArrayError("threshold", expected="0 to 1", found=str(threshold))
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
            found = f"{image.shape[0]} x {image.shape[1]}"
            raise ArrayError("image", expected=expected, found=found, do="Resize it.")
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
        """Masks of the picture's size, and the small ones they were pasted from, if any."""
        name = next(key for key in _MASKS if key in answer)
        masks = answer[name][kept]
        fixed = self.signature.structured_outputs[name].shape[-2:].is_fully_defined()
        # A picture may happen to have the size of the box masks. Their size is fixed in the
        # signature; that of masks of the whole picture is not.
        if name == _MASKS[0] or (masks.shape[1:] == size and not fixed):
            return masks > 0.5, None
        masks = masks.astype(np.float32)
        rule = {"alignment": self.alignment, "threshold": self.mask_threshold}
        return paste(masks, boxes, size, **rule), masks


def paste(
    box_masks: np.ndarray,
    boxes: np.ndarray,
    size: Sequence[int],
    *,
    alignment: str = "centres",
    threshold: float = 0.5,
) -> NDArray[np.bool_]:
    """Paste small masks into their boxes: (N, H, W) bool, False outside the box.

    Args:
        box_masks: (N, M, M) float, 0 to 1, each over the area of its box.
        boxes: (N, 4) `ymin, xmin, ymax, xmax` in pixels; may reach beyond the picture.
        size: Height and width of the picture.
        alignment: "centres" if each number stands in the middle of its cell of the box (RoIAlign,
            TF Model Garden, Detectron2); "corners" if the outer numbers lie on the box's edges
            (TFOD2, whose `reframe_box_masks_to_image_masks` this then reproduces).
        threshold: A pixel belongs to a mask if its interpolated value is larger.

    >>> paste(np.ones((1, 28, 28)), np.array([[0, 1, 2, 3]]), (2, 4)).astype(int).tolist()
    [[[0, 1, 1, 0], [0, 1, 1, 0]]]
    """
    box_masks, boxes = np.asarray(box_masks, np.float32), np.asarray(boxes, float)
    if box_masks.ndim != 3 or 0 in box_masks.shape[1:]:
        found = f"shape {box_masks.shape}"
        raise ArrayError("box_masks", expected="(N, M, M) with M > 0", found=found)
    if boxes.shape != (len(box_masks), 4):
        expected = f"shape ({len(box_masks)}, 4), one box for each mask"
        raise ArrayError("boxes", expected=expected, found=f"shape {boxes.shape}")
    if alignment not in ALIGNMENTS:
        expected = " or ".join(map(repr, ALIGNMENTS))
        raise ArrayError("alignment", expected=expected, found=repr(alignment))
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
    distance = np.abs(places[inside, None] - np.arange(cells))
    return int(inside.argmax()), (1 - distance).clip(0).astype(np.float32)


def load_detector(
    name_or_path: str | Path = "kerbside", *, label_map: Mapping[int, str] | None = None
) -> Detector:
    """Load a model with masks.

    Args:
        name_or_path: "kerbside" (the course's), a name of `ZOO`, a folder with a SavedModel, an
            archive (.tar, .tar.gz), or the address of one.
        label_map: Names of the classes by number; by default the model's own, and COCO's for a
            model of the zoo.

    Where there is none, or one without masks, it is a `WeightsError`.

    >>> detect = load_detector()
    >>> detect.class_names
    {1: 'car', 2: 'van', 3: 'person'}
    >>> detect(np.zeros((240, 320, 3), np.uint8))  # nothing to see
    Detections()
    """
    import tensorflow as tf

    name = str(name_or_path)
    folder = _folder(ZOO.get(name, name))
    try:
        model = tf.saved_model.load(folder)
    except Exception as error:  # TensorFlow raises anything here, from DecodeError to KeyError
        found = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise WeightsError(str(folder), expected="a whole SavedModel", found=found) from error
    signature = _checked_signature(model, folder)
    (input_name,) = signature.structured_input_signature[1]
    described = _description(folder, garden="image_info" in signature.structured_outputs)
    if label_map is None and (name in ZOO or Path(name).name.split(".tar")[0] in ZOO):
        coco = read_json(fetch(COCO_CLASSES))
        label_map = {int(number): class_name for number, class_name in coco.items()}
    label_map = described["classes"] if label_map is None else dict(label_map)
    alignment, threshold = described["alignment"], described["mask_threshold"]
    return Detector(signature, input_name, label_map, alignment, threshold, model)


def _folder(name: str) -> Path:
    """The folder that holds saved_model.pb."""
    if name == "kerbside":
        name = str(fetch(SHIPPED))
    path = Path(name)
    if "://" in name or path.is_file():
        path = _unpacked(name)
    if not path.is_dir():
        do = f'Names are "kerbside" and {", ".join(map(repr, ZOO))}; or give a path or an address.'
        raise WeightsError(name, expected="a model", found="no such file or folder", do=do)
    # A TFOD2 export has it in saved_model/, an archive of the zoo one folder deeper.
    found = sorted(path.rglob("saved_model.pb"), key=lambda file: len(file.parts))
    if not found:
        do = "Checkpoints alone do not do: export the model first."
        raise WeightsError(name, expected="saved_model.pb in it", found="none", do=do)
    return found[0].parent


def _unpacked(name: str) -> Path:
    """The folder that an archive unpacks to, complete or not at all."""
    import keras

    origin = name if "://" in name else Path(name).resolve().as_uri()
    state = None if "://" in name else Path(name).stat().st_mtime_ns
    key = zlib.crc32(repr((origin, state)).encode())
    folder = CACHE.resolve() / f"{Path(name).name.split('.tar')[0]}-{key:08x}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as new:
            file = keras.utils.get_file("a", origin, cache_dir=new, cache_subdir=".")
            with tarfile.open(file) as tar:
                tar.extractall(Path(new, "model"), filter="data")  # nothing outside the folder
                while tar.fileobj.read(1 << 20):
                    pass  # to the end, where gzip keeps its checksum
            os.replace(Path(new, "model"), folder)
    except Exception as error:  # Keras raises a plain Exception where a download fails
        found, expected = f"{type(error).__name__}: {error}", "a whole .tar or .tar.gz archive"
        raise WeightsError(name, expected=expected, found=found) from error
    return folder


def _checked_signature(model: Any, folder: Path) -> Any:
    """The signature, once it is certain that it is like TFOD2's."""
    signature = getattr(model, "signatures", {}).get("serving_default")
    if signature is None:
        raise WeightsError(str(folder), expected="a signature serving_default", found="none")
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    specs = [f"{spec.dtype.name} {spec.shape}" for spec in inputs.values()]
    spec = next(iter(inputs.values()), None)
    if len(inputs) != 1 or spec.dtype.name != "uint8" or spec.shape.rank != 4 or (
        not spec.shape.is_compatible_with([1, None, None, 3])
    ):  # fmt: skip
        expected, found = "one input, a picture uint8 (1, H, W, 3)", " and ".join(specs) or "none"
        do = "Export it with the input type image_tensor."
        raise WeightsError(str(folder), expected=expected, found=found, do=do)
    if not set(_REQUIRED) <= set(outputs) or not set(_MASKS) & set(outputs):
        expected = f"the outputs {', '.join((*_REQUIRED, _MASKS[1]))}"
        found = ", ".join(sorted(outputs))
        do = "Take a Mask R-CNN: other detectors give boxes only."
        raise WeightsError(str(folder), expected=expected, found=found, do=do)
    return signature


def _description(folder: Path, *, garden: bool) -> dict:
    """Class names and alignment of masks as stored with the model, or else the usual ones."""
    usual = {"classes": {}, "alignment": "centres" if garden else "corners", "mask_threshold": 0.5}
    path = folder / DESCRIPTION
    if not path.is_file():
        return usual
    try:
        stored = usual | {"alignment": None} | read_json(path)
        names = {int(number): str(name) for number, name in stored["classes"].items()}
        if stored["alignment"] not in ALIGNMENTS:
            raise ValueError(f"alignment {stored['alignment']}")
        return stored | {"classes": names, "mask_threshold": float(stored["mask_threshold"])}
    except (ValueError, TypeError, AttributeError) as error:
        expected = "JSON with classes, alignment and mask_threshold"
        raise WeightsError(str(path), expected=expected, found=str(error)) from error
