"""Construction of a street with vehicles, people and light in Blender.

The street of a camera is built once; between scenes only vehicles, people and lights change. Ids
of the label pass: 0 is the sky, semantic class + 1 the street, `FIRST_INSTANCE_ID` and up the
instances.
"""

from __future__ import annotations

import math

import bpy
from mathutils import Matrix

from . import SEMANTIC_CLASSES
from .buildings import place_ending, place_house, place_side_street
from .events import Traffic
from .furniture import furniture_mesh
from .ground import build_ground
from .layout import Layout
from .light import apply_light
from .mesh import CACHED, place
from .mood import Light
from .people import person_mesh
from .placement import PersonState, VehicleState
from .trees import tree_mesh
from .vehicles import vehicle_mesh

#: Label id of each semantic class.
STUFF_ID = {name: i + 1 for i, name in enumerate(SEMANTIC_CLASSES)}


class StreetScene:
    """One street in Blender, with actors replaced for every scene."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.movable: list[bpy.types.Object] = []
        self.instances: dict[int, bpy.types.Object] = {}
        _wipe()
        build_ground(layout, STUFF_ID)
        for house in layout.houses:
            place_house(house, STUFF_ID["building"])
        place_ending(layout.ending, layout.seed, STUFF_ID["building"], STUFF_ID["vegetation"])
        if layout.side_street:
            side, y0, y1 = layout.side_street
            out = layout.towards_kerb(side)
            x = layout.kerb[side] + out * layout.sidewalk_width[side]
            place_side_street(y0, y1, x, out, layout.seed, STUFF_ID["building"])
        for tree in layout.trees:
            place(tree_mesh(tree.kind), STUFF_ID["vegetation"], (tree.x, tree.y, tree.z),
                  (0, 0, tree.yaw), tree.scale, tree.colour)
        for item in (*layout.furniture, *layout.lamps):
            place(furniture_mesh(item.kind), STUFF_ID["pole"], (item.x, item.y, item.z),
                  (0, 0, item.yaw), item.scale, item.colour)
        _hang_camera(layout)

    def fill(self, vehicles: list[VehicleState], people: list[PersonState], light: Light) -> None:
        """Replace vehicles, people and light."""
        for thing in self.movable:
            data = thing.data
            bpy.data.objects.remove(thing)
            if isinstance(data, bpy.types.Light):
                bpy.data.lights.remove(data)
        self.instances = {}
        # Cycles draws an object's random number from its name, so names must not depend on history.
        for vehicle in vehicles:
            self.instances[vehicle.id] = place(
                vehicle_mesh(vehicle.kind), vehicle.id, scale=vehicle.scale
            )
        for person in people:
            self.instances[person.id] = place(
                person_mesh(person.look, person.phase), person.id, scale=person.scale,
                colour=person.colour,
            )
        for number, thing in self.instances.items():
            thing.name = f"instance {number}"
        self.move(vehicles, people)
        self.movable = [*self.instances.values(), *apply_light(light, self.layout)]

    def fill_clip(self, traffic: Traffic, light: Light) -> None:
        """Bring in everybody who appears at any time in a clip."""
        first = [next(s for s in t.states if s) for t in traffic.vehicles]
        self.fill(first, [next(s for s in t.states if s) for t in traffic.people], light)

    def move_to_frame(
        self, traffic: Traffic, k: int
    ) -> tuple[list[VehicleState], list[PersonState]]:
        """Show frame k of a clip; returns who is there."""
        vehicles = [t.states[k] for t in traffic.vehicles if t.states[k]]
        people = [t.states[k] for t in traffic.people if t.states[k]]
        present = {s.id for s in (*vehicles, *people)}
        for number, thing in self.instances.items():
            thing.hide_render = thing.hide_viewport = number not in present
        self.move(vehicles, people)
        return vehicles, people

    def move(self, vehicles: list[VehicleState], people: list[PersonState]) -> None:
        """Put vehicles and people to their places, in their poses and with their lights."""
        for v in vehicles:
            turn = Matrix.Rotation(v.yaw, 4, "Z") @ Matrix.Rotation(v.pitch, 4, "X")
            turn = turn @ Matrix.Rotation(v.roll, 4, "Y")
            thing = self.instances[v.id]
            thing.location, thing.rotation_euler = (v.x, v.y, v.z), turn.to_euler()
            running = not v.standing or v.mode in ("waiting", "brief_stop")
            thing.color = (*v.paint, float(running))
        for p in people:
            thing = self.instances[p.id]
            thing.data = person_mesh(p.look, p.phase)
            thing.location, thing.rotation_euler = (p.x, p.y, p.z), (0, 0, p.yaw)
        bpy.context.view_layer.update()


def _wipe() -> None:
    """Remove everything of the last street except the cached meshes and the materials."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    bpy.data.batch_remove([m for m in bpy.data.meshes if m.name not in CACHED])
    bpy.data.batch_remove([*bpy.data.lights, *bpy.data.cameras])


def _hang_camera(layout: Layout) -> None:
    """Give Blender's camera the pose and the picture size of `layout.camera`."""
    camera = layout.camera
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = camera.width, camera.height
    render.resolution_percentage = 100
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "HORIZONTAL"
    data.angle_x = camera.field_of_view
    data.clip_start, data.clip_end = 0.05, 1000.0
    thing = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(thing)
    right, down, forward = camera.rotation()
    pose = Matrix.Identity(4)
    for row in range(3):
        pose[row][0], pose[row][1], pose[row][2] = right[row], -down[row], -forward[row]
        pose[row][3] = camera.position[row]
    thing.matrix_world = pose
    bpy.context.scene.camera = thing
    assert math.isclose(data.angle_x, camera.field_of_view, rel_tol=1e-5)
