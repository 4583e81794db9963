"""Loads an instance segmentation model from where it lies and runs it on a picture.

Introduced in lab 4, used again in lab 5. One function loads the course's own model, every TFOD2
export, an archive of the TFOD2 zoo and an export of TF Model Garden; what comes back always is
boxes in pixels and masks of the picture's size, whatever the model itself answers. Rests on
TensorFlow, `helpers.mask_pasting` and `helpers.model_archives`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from helpers import DATA, label_maps, model_archives
from helpers.errors import ArrayError, WeightsError, explain
from helpers.mask_pasting import paste
from helpers.masks import check_image

SHIPPED = DATA / "weights" / "maskrcnn_kerbside"
"""The model that the course trained on Kerbside."""

ZOO = {
    "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8": "http://download.tensorflow.org/models/"
    "object_detection/tf2/20200711/mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8.tar.gz",
}
"""Published models with masks, trained on COCO."""

DESCRIPTION = Path("assets.extra") / "detector.json"
"""In a SavedModel of the course: its class names and how its masks lie in their boxes."""

MAX_PIXELS = 25_000_000
"""A hundred masks of a larger picture would take gigabytes."""

REQUIRED = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
MASKS = ("detection_masks_reframed", "detection_masks")
_FEATURES = "detection_features"


@dataclass(frozen=True)
class Detections:
    """What a model found in one picture, best score first."""

    boxes: np.ndarray  # (N, 4) float32: ymin, xmin, ymax, xmax in pixels
    classes: np.ndarray  # (N,) int64, from 1
    scores: np.ndarray  # (N,) float32, 0 to 1
    masks: np.ndarray  # (N, H, W) bool
    class_names: tuple[str, ...]  # (N,)
    box_masks: np.ndarray | None = field(default=None, repr=False)
    """(N, M, M) float32, what `masks` were pasted from; None if the model pastes them itself."""
    features: np.ndarray | None = field(default=None, repr=False)
    """(N, F) float32, what the classes were decided by; None if the model does not give it."""

    def take(self, rows: np.ndarray) -> Detections:
        """Some of them, by number or by a mask (N,) bool, in the order given."""
        rows = np.arange(len(self))[rows]
        return Detections(
            boxes=self.boxes[rows],
            classes=self.classes[rows],
            scores=self.scores[rows],
            masks=self.masks[rows],
            class_names=tuple(self.class_names[row] for row in rows),
            box_masks=None if self.box_masks is None else self.box_masks[rows],
            features=None if self.features is None else self.features[rows],
        )

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        named = zip(self.class_names, self.scores, strict=True)
        return f"Detections({', '.join(f'{name} {score:.2f}' for name, score in named)})"


@dataclass(frozen=True)
class Detector:
    """A loaded model; call it with a picture. `load_detector` makes one."""

    signature: Any = field(repr=False)
    """The model's function from (1, H, W, 3) uint8 to a dictionary of tensors."""
    input_name: str = field(repr=False)
    class_names: Mapping[int, str]
    alignment: str
    """Of masks in their boxes, see `helpers.mask_pasting`."""
    mask_threshold: float
    """A pixel belongs to a mask if its value is larger; for masks that come in boxes."""
    model: Any = field(repr=False)
    """The SavedModel itself, which the signature needs to stay alive; it has more signatures."""

    def __call__(self, image: np.ndarray, threshold: float = 0.5) -> Detections:
        """Finds the objects in one picture.

        Args:
            image: (H, W, 3) uint8 RGB.
            threshold: detections with a lower score are left out.

        Raises:
            ArrayError: no such picture, an empty or a huge one, or a threshold outside 0 to 1.
        """
        image = check_image(image)
        height, width = image.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            expected = f"1 to {MAX_PIXELS:,} pixels"
            do = "Make it smaller first: `cv2.resize(image, None, fx=0.5, fy=0.5)`."
            raise ArrayError(
                explain("image", expected=expected, found=f"{height} x {width}", do=do)
            )
        if not 0 <= threshold <= 1:
            raise ArrayError(explain("threshold", expected="0 to 1", found=str(threshold)))
        answer = {k: v.numpy()[0] for k, v in self._run(image).items() if k != "image_info"}
        count = int(answer["num_detections"])
        scores = answer["detection_scores"][:count]
        kept = np.flatnonzero(scores >= threshold)
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        boxes = answer["detection_boxes"][kept].astype(np.float32)
        boxes = boxes.clip(0, np.array([height, width, height, width], np.float32))
        numbers = answer["detection_classes"][kept].astype(np.int64)
        masks, box_masks = self._masks(answer, kept, boxes, (height, width))
        return Detections(
            boxes=boxes,
            classes=numbers,
            scores=scores[kept].astype(np.float32),
            masks=masks,
            class_names=tuple(self.class_names.get(int(n), f"class {n}") for n in numbers),
            box_masks=box_masks,
            features=answer[_FEATURES][kept] if _FEATURES in answer else None,
        )

    def _run(self, image: np.ndarray) -> dict:
        """The model's own answer, but with boxes in pixels of the picture."""
        import tensorflow as tf

        wanted = self.signature.structured_input_signature[1][self.input_name].shape
        if not wanted.is_compatible_with((1, *image.shape)):
            expected = f"{wanted[1]} x {wanted[2]} pixels, the only size of this model"
            found = f"{image.shape[0]} x {image.shape[1]}"
            raise ArrayError(explain("image", expected=expected, found=found, do="Resize it."))
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
        if MASKS[0] in answer:
            return _full(answer[MASKS[0]][kept], size), None
        masks = answer[MASKS[1]][kept]
        fixed = self.signature.structured_outputs[MASKS[1]].shape[-2:].is_fully_defined()
        # A picture may happen to be of the size of the box masks; these never change size, while
        # masks of the whole picture do, and so their size is not fixed in the signature.
        if masks.shape[1:] == size and not fixed:
            return _full(masks, size), None
        masks = masks.astype(np.float32)
        how = {"alignment": self.alignment, "threshold": self.mask_threshold}
        return paste(masks, boxes, size, **how), masks


def _full(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks that the model already put into the picture, as bool."""
    if masks.shape[1:] != size:
        found = f"{masks.shape[1]} x {masks.shape[2]}"
        expected = f"the picture's {size[0]} x {size[1]} pixels"
        raise WeightsError(explain("detection_masks_reframed", expected=expected, found=found))
    return masks > 0.5


# --- loading ----------------------------------------------------------------------------------


def load_detector(
    name_or_path: str | Path = "kerbside",
    *,
    sha256: str | None = None,
    label_map: str | Path | Mapping[int, str] | None = None,
    cache: Path = model_archives.CACHE,
) -> Detector:
    """Loads a model with masks.

    Args:
        name_or_path: "kerbside" (the course's), a name of `ZOO`, a folder with a SavedModel, an
            archive (.tar.gz), or the address of one.
        sha256: the checksum that an archive must have.
        label_map: a label map's file or {number: name}; by default the model's own, and COCO's for
            a model of the zoo.
        cache: where archives are kept and unpacked.

    Raises:
        WeightsError: no such model, no SavedModel, one without masks or with another signature, or
            an archive that is damaged or not to be trusted.
    """
    name = str(name_or_path)
    if name in ZOO or Path(name).name.split(".tar")[0] in ZOO:
        label_map = label_maps.coco() if label_map is None else label_map
    folder = _folder(ZOO.get(name, name), sha256, cache)
    model = _load(folder)
    signature = _checked_signature(model, folder)
    (input_name,) = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    description = _description(folder, garden="image_info" in outputs)
    if label_map is None:
        label_map = description["classes"]
    elif not isinstance(label_map, Mapping):
        label_map = label_maps.read(label_map)
    return Detector(
        signature,
        input_name,
        dict(label_map),
        description["alignment"],
        description["mask_threshold"],
        model,
    )


def _folder(name: str, sha256: str | None, cache: Path) -> Path:
    """The folder that holds saved_model.pb."""
    if name == "kerbside":
        name = str(SHIPPED)
    if "://" in name:
        name = str(model_archives.download(name, sha256=sha256, cache=cache))
    path = Path(name)
    if path.is_file():
        path = model_archives.unpack(path, sha256=sha256, cache=cache)
    if not path.is_dir():
        do = f'Names are "kerbside" and {", ".join(map(repr, ZOO))}; or give a path or an address.'
        raise WeightsError(explain(name, expected="a model", found="no such file or folder", do=do))
    # A TFOD2 export has it in saved_model/, an archive of the zoo one folder deeper.
    found = sorted(path.rglob("saved_model.pb"), key=lambda file: len(file.parts))
    if not found:
        do = "Checkpoints alone do not do: export the model first."
        raise WeightsError(explain(name, expected="saved_model.pb in it", found="none", do=do))
    return found[0].parent


def _load(folder: Path) -> Any:
    import tensorflow as tf

    try:
        return tf.saved_model.load(folder)
    except Exception as error:  # TensorFlow raises anything here, from DecodeError to KeyError
        found = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
        expected = "a whole SavedModel"
        raise WeightsError(explain(str(folder), expected=expected, found=found)) from error


def _checked_signature(model: Any, folder: Path) -> Any:
    """The signature, once it is sure that it is like TFOD2's."""
    import tensorflow as tf

    def refuse(expected: str, found: str, do: str = "") -> None:
        raise WeightsError(explain(str(folder), expected=expected, found=found, do=do))

    signatures = getattr(model, "signatures", {})
    if "serving_default" not in signatures:
        refuse("a signature serving_default", ", ".join(signatures) or "no signatures")
    signature = signatures["serving_default"]
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    if len(inputs) != 1:
        refuse("one input, the picture", f"{len(inputs)}: {', '.join(inputs)}")
    (spec,) = inputs.values()
    if spec.dtype != tf.uint8:
        do = "Export it with input_type=image_tensor."
        refuse("an input of dtype uint8", spec.dtype.name, do)
    if not spec.shape.is_compatible_with([1, None, None, 3]) or spec.shape.rank != 4:
        refuse("an input of shape (1, H, W, 3)", str(spec.shape))
    if missing := [key for key in REQUIRED if key not in outputs]:
        refuse(f"the outputs {', '.join(REQUIRED)}", f"no {', '.join(missing)}")
    if not any(key in outputs for key in MASKS):
        do = "It finds boxes only: take a Mask R-CNN."
        refuse("the output detection_masks", ", ".join(sorted(outputs)), do)
    return signature


def _description(folder: Path, *, garden: bool) -> dict:
    """Class names and how to paste as the model's maker wrote them down, else what is usual."""
    path = folder / DESCRIPTION
    if not path.is_file():
        alignment = "centres" if garden else "corners"
        return {"classes": {}, "alignment": alignment, "mask_threshold": 0.5}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        classes = {int(number): str(name) for number, name in stored["classes"].items()}
        threshold = float(stored.get("mask_threshold", 0.5))
        return {
            "classes": classes,
            "alignment": stored["alignment"],
            "mask_threshold": threshold,
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        expected = "JSON with classes, alignment and mask_threshold"
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error
