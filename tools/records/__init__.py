"""Record files from the annotations of others, and what is in them: `python -m tools.records`.

`annotations` reads COCO and LabelMe, `formats` Pascal VOC, CVAT and YOLO; each gives the same kind
of set, which `convert` writes as shards of `helpers.records`, on this machine or on a Dask cluster.
`contents` counts and draws what record files hold. Lab 3 runs the commands; scoring on a COCO file
uses the same readers.
"""
