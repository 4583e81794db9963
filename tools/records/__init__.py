"""Conversion of annotations to record files, and their contents: `python -m tools.records`.

`annotations` reads COCO and LabelMe, `formats` reads Pascal VOC, CVAT and YOLO; every reader
returns an `AnnotationSet`, which `convert` writes as shards with `helpers.records`, on this machine
or on a Dask cluster. `contents` computes statistics of record files and draws them. Lab 3 runs the
commands; scoring on a COCO file uses the same readers.
"""
