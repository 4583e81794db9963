"""Label maps as other people write them; `helpers.records.label_map_text` writes the course's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.errors import DataError


def read_label_map(path: str | Path, *, display_names: bool = False) -> dict[int, str]:
    """A label map by number, from TFOD2's text format: `item { id: 1 name: 'car' }`.

    Args:
        path: Label map, `label_map.pbtxt`.
        display_names: Whether `display_name`, where there is one, goes before `name`: for people.
            TFOD2's converters look classes up by `name`.

    Raises:
        DataError: No such file, no label map, or a number or a name twice.
    """
    from google.protobuf import text_format

    expected = "a label map, item { id: 1 name: 'car' }"
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        items = text_format.Parse(text, _label_map_message()).item
    except (OSError, UnicodeError, text_format.ParseError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise DataError(str(path), expected=expected, found=found) from error
    names: dict[int, str] = {}
    for item in items:
        name = (display_names and item.display_name) or item.name
        if item.id < 1 or not name or item.id in names or name in names.values():
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
