"""Record files: pictures with objects in the TensorFlow Object Detection API's own form.

Lab 3 introduces them. `read`, `write` and `Example` are what a lab needs:

    for example in records.read("street.tfrecord"):
        example.image, example.boxes, example.masks

`examples` has them and the list of keys. Below it stand `raw` (framing and checksums), `message`
(protocol buffers), `fields` (a key's values, checked), `png` (masks), `jpeg` (sizes) and `reader`
(threads, damaged records). Above it, `sources`, `tasks`, `shards`, `converters`, `labelme` and
`beam` write records from annotations, `statistics` counts, and `cli` is
`python -m helpers.records`.
"""

from helpers.records.examples import SIDES, Example, parse, read, serialise, write

__all__ = ["SIDES", "Example", "parse", "read", "serialise", "write"]
