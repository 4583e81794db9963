"""Camera files: pose, matrices and zones in ground and image coordinates.

`cameras/<seed>.json` is the file that a city would keep for each camera. Plain Python, no Blender.
"""

from __future__ import annotations

import numpy as np

from . import HEIGHT, SEMANTIC_CLASSES, WIDTH
from .layout import Layout


def camera_file(layout: Layout) -> dict:
    """The content of `cameras/<seed>.json`: pose, matrices, zones."""
    camera = layout.camera
    return dict(
        camera=layout.seed,
        width=WIDTH,
        height=HEIGHT,
        position=np.round(camera.position, 6).tolist(),
        field_of_view_degrees=round(float(np.degrees(camera.field_of_view)), 6),
        matrix=camera.matrix().tolist(),
        homography_ground_to_image=camera.homography().tolist(),
        kerb_height=layout.kerb_height,
        semantic_classes=list(SEMANTIC_CLASSES),
        zones=[
            dict(
                name=zone.name,
                kind=zone.kind,
                no_parking=zone.no_parking,
                needs_time=zone.needs_time,
                height=zone.height,
                polygon_ground=np.round(zone.polygon, 6).tolist(),
                polygon_image=np.round(camera.project_polygon(zone.points()), 3).tolist(),
            )
            for zone in layout.zones()
        ],
    )
