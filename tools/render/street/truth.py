"""Exact ground truth of a picture: visible and amodal masks, footprints, zone shares, depth.

Visible masks come from the label pass. Amodal masks (the whole silhouette inside the frame,
ignoring occlusion) come from ray casting the mesh of each instance through the pixel centres. Areas
on the ground come from exact polygon clipping.
"""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .camera import Camera
from .layout import Layout, Zone
from .mood import Light
from .placement import IN_ZONE, PersonState, VehicleState, zone_shares
from .truth_tags import occlusion_tag, size_tag

_TREES: dict[str, BVHTree] = {}


def amodal_mask(thing: bpy.types.Object, camera: Camera, visible: np.ndarray) -> np.ndarray:
    """Silhouette (H, W) bool of one object; visible pixels need no ray."""
    tree = _TREES.get(thing.data.name)
    if tree is None:
        mesh = thing.data
        tree = BVHTree.FromPolygons(
            [v.co for v in mesh.vertices], [p.vertices for p in mesh.polygons]
        )
        _TREES[thing.data.name] = tree
    origin, directions = camera.rays()
    inverse = thing.matrix_world.inverted()
    local_origin = inverse @ Vector(origin)
    turn = np.array(inverse.to_3x3())
    corners = camera.project(np.array([thing.matrix_world @ Vector(c) for c in thing.bound_box]))
    mask = visible.copy()
    if corners[:, 2].min() < 0.2:
        rows, columns = slice(0, camera.height), slice(0, camera.width)
    else:
        (u0, v0), (u1, v1) = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
        rows = slice(max(0, math.floor(v0)), max(0, min(camera.height, math.ceil(v1))))
        columns = slice(max(0, math.floor(u0)), max(0, min(camera.width, math.ceil(u1))))
    window = mask[rows, columns]
    rays = directions[rows, columns] @ turn.T
    for v, u in zip(*np.nonzero(~window), strict=True):
        window[v, u] = tree.ray_cast(local_origin, Vector(rays[v, u]))[0] is not None
    return mask


def describe(
    layout: Layout,
    zones: list[Zone],
    vehicles: list[VehicleState],
    people: list[PersonState],
    light: Light,
    ids: np.ndarray,
    objects: dict[int, bpy.types.Object],
    with_amodal: bool = True,
) -> tuple[list[dict], np.ndarray]:
    """Facts of every instance, nearest first, and their amodal masks (N, H, W) bool."""
    camera = layout.camera
    facts, masks = [], []
    for state in sorted([*vehicles, *people], key=lambda s: _depth(camera, s)):
        visible = ids == state.id
        amodal = amodal_mask(objects[state.id], camera, visible) if with_amodal else visible
        if isinstance(state, VehicleState):
            entry = _vehicle_facts(layout, zones, state)
            tag = _light_tag(state, light, objects[state.id])
        else:
            entry = dict(id=state.id, **{"class": "person"}, position=_rounded((state.x, state.y)))
            tag = light.mood
        entry["depth"] = round(_depth(camera, state), 3)
        _add_visibility(entry, visible, amodal)
        entry["tags"] = dict(
            occlusion=occlusion_tag(entry), size=size_tag(entry["visible_pixels"]), light=tag
        )
        facts.append(entry)
        masks.append(amodal)
    _add_occluders(facts, masks, ids)
    shape = (0, camera.height, camera.width)
    return facts, np.array(masks) if masks else np.zeros(shape, bool)


def _depth(camera: Camera, state: VehicleState | PersonState) -> float:
    """Distance of the instance's centre along the viewing direction, metres."""
    return float(camera.project(np.array((state.x, state.y, state.z + 0.7)))[0, 2])


def _vehicle_facts(layout: Layout, zones: list[Zone], state: VehicleState) -> dict:
    camera, spec = layout.camera, state.spec
    footprint, contact = state.footprint(), state.contact()
    shares = zone_shares(footprint, zones)
    forbidden = {
        z.name: shares[z.name] for z in zones if z.no_parking and shares.get(z.name, 0) >= IN_ZONE
    }
    strict = {z.name for z in zones if not z.needs_time} & set(forbidden)
    candidates = strict or set(forbidden)
    zone = max(candidates, key=forbidden.get) if candidates and state.standing else None
    return {
        "id": state.id,
        "class": spec.label,
        "kind": state.kind,
        "mode": state.mode,
        "standing": state.standing,
        "speed": round(state.speed, 3),
        "size": _rounded((spec.length * state.scale, spec.width * state.scale)),
        "position": _rounded((state.x, state.y)),
        "yaw": round(state.yaw, 5),
        "footprint": _rounded(footprint),
        "footprint_image": _rounded(_on_surface(layout, footprint), 2),
        "contact": _rounded(contact),
        "contact_image": _rounded(
            camera.project([(x, y, layout.ground_height(x, y)) for x, y in contact])[:, :2], 2
        ),
        "zone_shares": {name: round(share, 4) for name, share in shares.items()},
        "stands_in_zone": zone,
    }


def _on_surface(layout: Layout, footprint: np.ndarray) -> np.ndarray:
    """The footprint as the camera sees it, its corners on road or sidewalk, cut at the frame."""
    points = np.array([(x, y, layout.ground_height(x, y)) for x, y in footprint])
    return layout.camera.project_polygon(points)


def _add_visibility(entry: dict, visible: np.ndarray, amodal: np.ndarray) -> None:
    seen, whole = int(visible.sum()), int(amodal.sum())
    rows, columns = np.nonzero(visible.any(axis=1))[0], np.nonzero(visible.any(axis=0))[0]
    box = None
    if seen:
        box = [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]
    edge = amodal[0].any() or amodal[-1].any() or amodal[:, 0].any() or amodal[:, -1].any()
    entry.update(
        box=box,  # ymin, xmin, ymax, xmax in pixels; the far edges are exclusive
        visible_pixels=seen,
        amodal_pixels=whole,
        occlusion=round(1 - seen / whole, 4) if whole else None,
        truncated=bool(edge),
    )


def _add_occluders(facts: list[dict], masks: list[np.ndarray], ids: np.ndarray) -> None:
    """For each instance, which others cover part of it, by id."""
    known = {entry["id"] for entry in facts}
    for rank, (entry, mask) in enumerate(zip(facts, masks, strict=True)):
        covering = set(np.unique(ids[mask & (ids != entry["id"])]).tolist())
        entry["depth_rank"] = rank
        entry["occluded_by"] = sorted(covering & known)


def _light_tag(state: VehicleState, light: Light, thing: bpy.types.Object) -> str:
    """The mood, or sun and shade told apart by a ray from the roof towards the sun."""
    if light.mood not in ("clear", "low_sun"):
        return light.mood
    azimuth, elevation = math.radians(light.azimuth), math.radians(light.elevation)
    towards_sun = Vector((
        math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation),
        math.sin(elevation),
    ))
    roof = Vector((state.x, state.y, state.z + max(c[2] for c in thing.bound_box) + 0.1))
    graph = bpy.context.evaluated_depsgraph_get()
    hit = bpy.context.scene.ray_cast(graph, roof, towards_sun)[0]
    return "shade" if hit else "sun"


def _rounded(values, digits: int = 3):
    return np.round(np.asarray(values, float), digits).tolist()
