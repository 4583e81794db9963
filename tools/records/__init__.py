"""Conversion of annotations to record files, and their contents: `python -m tools.records`.

`coco`, `labelme` and `formats` (Pascal VOC, CVAT, YOLO) read; every reader returns an
`AnnotationSet` of `annotations`, whose objects are the `shapes`, and `convert` writes it as shards
with `helpers.records`, on this machine or on a Dask cluster. `contents` computes statistics of
record files and draws them. Lab 3 runs the commands; scoring on a COCO file uses the same readers.
"""
