"""Label maps, as TFOD2 writes them and as people do."""

from __future__ import annotations

import json

import pytest

from helpers import label_maps
from helpers.errors import DataError


def test_what_is_written_is_read(tmp_path):
    names = {1: "car", 2: "van", 10: "traffic light", 11: "driver's cab"}
    path = tmp_path / "map.pbtxt"
    path.write_text(label_maps.write(names))
    assert label_maps.read(path) == names


def test_other_layouts_comments_and_display_names(tmp_path):
    path = tmp_path / "map.pbtxt"
    path.write_text(
        '# item { id: 9 name: "no" }\nitem{name:"/m/01g317" id:1 display_name:"person"}\n'
        "item {\n  name: 'n2'\n\n  id: 2\n}"
    )
    assert label_maps.read(path) == {1: "person", 2: "n2"}


@pytest.mark.parametrize("text", ["", "car\nvan\n", "item { name: 'car' }", "item { id: 1 }"])
def test_what_is_no_label_map_is_refused(text, tmp_path):
    path = tmp_path / "map.pbtxt"
    path.write_text(text)
    with pytest.raises(DataError, match=r"map.pbtxt: expected"):
        label_maps.read(path)


def test_coco_has_80_classes_up_to_90(shared_data):
    names = label_maps.coco()
    stored = json.loads((shared_data / "coco" / "instances.json").read_text())["categories"]
    assert names == {each["id"]: each["name"] for each in stored}
    assert (len(names), max(names)) == (80, 90)
