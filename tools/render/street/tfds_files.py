"""The two files that make the shards a dataset of TensorFlow Datasets (TFDS).

TFDS flattens nested features to keys joined by a slash. A structure of dictionaries named like
TFOD2's keys therefore describes TFOD2's own records, and no byte is stored twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from . import HEIGHT, WIDTH

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

DESCRIPTION = (
    "Kerbside: rendered street-camera pictures with exact instance masks (visible and amodal), "
    "semantic labels, ground footprints and zones, for a course on image segmentation. All "
    "pictures are computer-generated; see data/README.md."
)
FILENAME = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"


def features() -> tfds.features.FeaturesDict:
    """TFOD2's keys as a nested structure."""
    import numpy as np
    import tensorflow_datasets as tfds

    f = tfds.features
    mask = f.Image(shape=(HEIGHT, WIDTH, 1), encoding_format="png")
    number = f.Scalar(np.float32)
    whole = f.Scalar(np.int64)
    return f.FeaturesDict({
        "image": f.FeaturesDict({
            "encoded": f.Image(shape=(HEIGHT, WIDTH, 3), encoding_format="jpeg"),
            "source_id": f.Text(),
            "height": whole,
            "width": whole,
            "facts": f.Text(),
            "segmentation": f.FeaturesDict({"encoded": mask}),
            "object": f.FeaturesDict({
                "bbox": f.FeaturesDict({
                    side: f.Sequence(number) for side in ("ymin", "xmin", "ymax", "xmax")
                }),
                "class": f.FeaturesDict({"label": f.Sequence(whole), "text": f.Sequence(f.Text())}),
                "is_crowd": f.Sequence(whole),
                "area": f.Sequence(number),
                "mask": f.Sequence(mask),
                "amodal_mask": f.Sequence(mask),
            }),
        }),
    })


def write_tfds_metadata(folder: Path, shards: dict[str, list[dict]]) -> None:
    """Write `features.json` and `dataset_info.json` beside the shards."""
    import tensorflow_datasets as tfds

    template = tfds.core.ShardedFileTemplate(
        dataset_name="kerbside", data_dir=folder, filetype_suffix="tfrecord", template=FILENAME
    )
    splits = [
        tfds.core.SplitInfo(
            name=split,
            shard_lengths=[shard["examples"] for shard in listed],
            num_bytes=sum(shard["bytes"] for shard in listed),
            filename_template=template,
        )
        for split, listed in shards.items()
        if listed
    ]
    tfds.folder_dataset.write_metadata(
        data_dir=folder,
        features=features(),
        split_infos=splits,
        description=DESCRIPTION,
        check_data=False,
    )
    info_path = folder / "dataset_info.json"
    info = json.loads(info_path.read_text())
    info.update(name="kerbside", version=folder.name)
    info["redistributionInfo"] = {"license": "CC BY 4.0"}
    info_path.write_text(json.dumps(info, indent=2, sort_keys=True) + "\n")
