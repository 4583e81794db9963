"""Names of classes as other people write them: TFOD2's label maps, YOLO's `data.yaml`.

`helpers.records.label_map_text` writes the course's label maps.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from helpers.errors import DataError
from helpers.files import once
from helpers.records import label_map_text
from tools.records.finding import read_text


def read_label_map(path: str | Path, *, display_names: bool = False) -> dict[int, str]:
    """A label map by number, from TFOD2's text format: `item { id: 1 name: 'car' }`.

    Args:
        path: Label map, `label_map.pbtxt`.
        display_names: Whether `display_name`, if present, takes precedence over `name`: it is for
            people, while TFOD2's converters look classes up by `name`.

    Raises:
        DataError: No such file, no label map, or a number or a name twice.
    """
    from google.protobuf import text_format

    expected = "a label map, item { id: 1 name: 'car' }"
    try:
        items = text_format.Parse(read_text(path, expected), _label_map_message()).item
    except text_format.ParseError as error:
        raise DataError(str(path), expected=expected, found=str(error)) from error
    names: dict[int, str] = {}
    for item in items:
        name = (display_names and item.display_name) or item.name
        taken = {"", *map(str.strip, names.values())}
        if item.id < 1 or item.id in names or name.strip() in taken:
            expected = "items with an id from 1 and a name, each once"
            found = " ".join(text_format.MessageToString(item, as_utf8=True).split())
            raise DataError(str(path), expected=expected, found=found)
        names[item.id] = name
    if not names:
        raise DataError(str(path), expected=expected, found="no item")
    return names


def _label_map_message() -> Any:
    """TFOD2's `StringIntLabelMap`, which protobuf reads here without TFOD2."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="label_map.proto", package="labels")
    texts, numbers, repeated = ({"type": kind} for kind in (9, 5, 5))
    repeated["label"] = 3
    keypoints, items, frequency = (
        {"type": kind, "label": label, "type_name": f".labels.{name}"}
        for name, kind, label in (("Keypoint", 11, 3), ("Item", 11, 3), ("Frequency", 14, 1))
    )
    for part, fields in {
        "Keypoint": {"id": numbers, "label": texts},
        "Item": {"name": texts, "id": numbers, "display_name": texts, "keypoints": keypoints}
        | {"ancestor_ids": repeated, "descendant_ids": repeated}
        | {"frequency": frequency, "instance_count": numbers},
        "Map": {"item": items},
    }.items():
        message = file.message_type.add(name=part)
        for number, (name, kind) in enumerate(fields.items(), start=1):
            message.field.add(**{"name": name, "number": number, "label": 1} | kind)
    values = file.enum_type.add(name="Frequency").value
    for number, name in enumerate(("UNSPECIFIED", "FREQUENT", "COMMON", "RARE")):
        values.add(name=name, number=number)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("labels.Map"))()


def read_names(file: Path) -> dict[int, str]:
    """Classes, from 1, of YOLO's `data.yaml`, or of a text file with one name per line.

    A number without a name has no class, and the next one stays what it is.

    Raises:
        DataError: No such file, no names, or a number or a name twice.
    """
    if file.suffix.lower() in (".yaml", ".yml"):
        content = _read_yaml(file)
        content = content if isinstance(content, dict) else {}
        found, count = content.get("names"), content.get("nc")
        if isinstance(found, list) and count not in (None, f"{len(found)}"):
            raise DataError(str(file), expected=f"{count} names, as nc says", found=f"{len(found)}")
        if "kpt_shape" in content:  # a box and points, which would pass for corners
            raise DataError(str(file), expected="labels of outlines", found="kpt_shape: keypoints")
    else:
        found = read_text(file, "names of classes").splitlines()
    found = dict(enumerate(found)) if isinstance(found, list) else found
    if not isinstance(found, dict) or not all(
        f"{key}".isdecimal() and isinstance(name, str) for key, name in found.items()
    ):
        expected = "names of classes, a list or numbers from 0"
        raise DataError(str(file), expected=expected, found=f"{found!r:.60}")
    classes = {int(key) + 1: name.strip() for key, name in found.items() if name.strip()}
    if not classes:
        raise DataError(str(file), expected="names of classes", found="none")
    if all(re.match(rf"({k - 1}|{k})([\s:;,]|[.)]\s)", name) for k, name in classes.items()):
        raise DataError(str(file), expected="names without numbers", found=f"{classes}"[:60])
    if odd := [name for name in classes.values() if re.match(r"[#\[{]", name)]:
        raise DataError(str(file), expected="names, one per line", found=f"{odd[0]!r:.60}")
    label_map_text(classes)  # refuses what is no name, or one twice
    return classes


def _read_yaml(file: Path) -> Any:
    """All scalars as they are written: YAML's own types make False of `no`, and 1.1 of 1.10."""
    import yaml

    class Loader(yaml.BaseLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
            return once(self.construct_pairs(node, deep=True))

    text = read_text(file, "names of classes")
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        found = " ".join(str(error).split())[:200]
        raise DataError(str(file), expected="YAML", found=found) from error
