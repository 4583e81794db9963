"""Generator of the Kerbside dataset: rendered street-camera pictures with exact ground truth.

The package has two halves. `geometry`, `camera`, `layout`, `vehicle_specs`, `placement`, `traffic`
and `plan` are plain Python: they determine the position of every object, and can be tested
anywhere. The other modules build the scene in Blender (`bpy`) and render it. Labs never import this
package; they read its output in `data/kerbside/`.
"""

from __future__ import annotations

GENERATOR_VERSION = "1.0.0"

#: Picture size in pixels, the same for every still and clip.
WIDTH, HEIGHT = 320, 240

#: Frames a second of the clips.
CLIP_FPS = 2

#: Semantic classes; the stored label of a pixel is the position in this tuple.
#: `pole` holds all street furniture: poles, signs, lamps, hydrants, bins, benches, bicycles.
SEMANTIC_CLASSES = (
    "sky",
    "road",
    "sidewalk",
    "crossing",
    "building",
    "vegetation",
    "vehicle",
    "person",
    "pole",
)

#: Instance classes, numbered from 1 as in `label_map.pbtxt`. Light trucks count as vans.
INSTANCE_CLASSES = ("car", "van", "person")

#: Instances are numbered from here on in the label pass; smaller ids are semantic class + 1.
FIRST_INSTANCE_ID = 16
