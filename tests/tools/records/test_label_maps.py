"""Label maps: protobuf's text format in full; what is not understood is refused."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from helpers.errors import DataError
from helpers.records import label_map_text
from tools.records.label_maps import _label_map_message, read_label_map


@pytest.fixture
def read(tmp_path):
    def read(text: str, **options) -> dict[int, str]:
        (tmp_path / "map.pbtxt").write_text(text, encoding="utf-8")
        return read_label_map(tmp_path / "map.pbtxt", **options)

    return read


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("item { id: 1 name: 'car' }", {1: "car"}),
        ("item: { id: 1 name: 'car' } item { name: \"van\" id: 2 }", {1: "car", 2: "van"}),
        ("item < id: 1, name: 'car'; >", {1: "car"}),
        ("item { name: 'car'  # was id: 9\n id: 1 }", {1: "car"}),
        ('# item { id: 9 name: "no" }\nitem{name:"a b" id:1}', {1: "a b"}),
        ("item { id: 0x10 name: 'hot ' 'dog' }", {16: "hot dog"}),
        (r"item { id: 1 name: 'v\303\251lo' } item { id: 2 name: 'driver\'s \\' }",
         {1: "vélo", 2: "driver's \\"}),
        ("item { id: 1 name: 'car {small}' }", {1: "car {small}"}),
        ("\ufeffitem { id: 1\r\n name: 'car' }", {1: "car"}),
        ("item { id: 1 name: 'person' keypoints { id: 0 label: 'nose' } keypoints: < id: 1 > }"
         "item { id: 2 name: 'car' ancestor_ids: [3, 4] frequency: RARE instance_count: 7 }",
         {1: "person", 2: "car"}),
    ],
)  # fmt: skip
def test_the_text_format_of_protobuf(read, text, names):
    assert read(text) == names


def test_tfods_converters_go_by_the_name_and_people_by_the_display_name(read):
    text = "item { name: '/m/01g317' id: 1 display_name: 'person' } item { name: 'n2' id: 2 }"
    assert read(text) == {1: "/m/01g317", 2: "n2"}
    assert read(text, display_names=True) == {1: "person", 2: "n2"}


@pytest.mark.parametrize(
    "text",
    [
        "", "car\nvan\n", "item { name: 'car' }", "item { id: 1 }", "item { id: 0 name: 'car' }",
        "item { id: 1 name: 'car'", "item { id: 1 name: “car” }", "item { id: 1 name: car }",
        "item { id: 1 nmae: 'car' }", "item { id: 1 name: 'a' } items { id: 2 name: 'b' }",
        "item { id: 1 id: 2 name: 'a' }", "item { id: 1 name: 'a' } item { id: 1 name: 'b' }",
        "item { id: 1 name: 'a' } item { id: 2 name: 'a' }", "item { id: one name: 'a' }",
    ],
)  # fmt: skip
def test_what_is_no_label_map_is_refused(read, text):
    with pytest.raises(DataError, match=r"map\.pbtxt: expected"):
        read(text)


def test_files_that_are_none(tmp_path):
    (tmp_path / "utf16").write_text("item { id: 1 name: 'a' }", encoding="utf-16")
    for name in ("missing", "utf16"):
        with pytest.raises(DataError, match=f"{name}: expected a label map"):
            read_label_map(tmp_path / name)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.dictionaries(st.integers(1, 2**31 - 1), names, min_size=1, max_size=6))
def test_protobuf_reads_back_what_is_written(found):
    different = {name.strip() for name in found.values()} - {""}
    if len(different) < len(found):
        with pytest.raises(DataError, match="each with its own name"):
            label_map_text(found)
        return
    items = text_format.Parse(label_map_text(found), _label_map_message()).item
    assert {item.id: item.name for item in items} == found


@pytest.mark.parametrize(
    "wrong",
    [
        *({0: "a"}, {-1: "a"}, {2**31: "a"}, {1: ""}, {1: "\ud800"}, {1: "a", 2: "a"}),
        *({1: "a", 2: "a "}, {1: " "}),
    ],
)
def test_what_a_label_map_cannot_hold_is_not_written(wrong):
    with pytest.raises(DataError, match=r"classes numbered from 1 to \d+, each with its own name"):
        label_map_text(wrong)
