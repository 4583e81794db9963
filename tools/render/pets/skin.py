"""Skin of a pet: mesh, body part of every vertex, colours and hair.

It combines `body`, `head`, `coats` and `hair`. No lab introduces it.
"""

from __future__ import annotations

import random

import numpy as np

from tools.render.pets import materials
from tools.render.pets.blender import add_curves, add_mesh
from tools.render.pets.body import Body
from tools.render.pets.canvas import Canvas
from tools.render.pets.coats import paint
from tools.render.pets.geometry import fractal_noise, lerp, smoothstep, vec
from tools.render.pets.hair import Style, grow
from tools.render.pets.head import Head, muzzle_tip
from tools.render.pets.implicit import Capsule, Primitive, mesh_of, vertex_normals

PET_INDEX = 1
"""Object index of everything that counts as pet in the label pass."""

BODY_CELL = 0.052
HEAD_CELLS = 19
"""Grid cells per head size: eyelids and lips need a finer grid than the trunk."""
BARE_BELOW = 0.03
"""Pets with shorter hair than this (decimetres) show their skin."""


class Skin:
    """Mesh of the skin with the vertex data for hair and coat."""

    def __init__(self, body: Body, head: Head, coat: str, seed: int, rnd: random.Random):
        self.body, self.head, self.breed, self.rnd = body, head, body.breed, rnd
        self.bare = self.breed.fur < BARE_BELOW
        self._build_mesh(seed)
        self._weigh_parts()
        self.on_face = head.local(self.vertices)
        canvas = Canvas(
            self.vertices,
            self.weights,
            self.along,
            self.above,
            self.on_face,
            self.breed.tail_length,
            seed,
            rnd,
        )
        self.colours = paint(coat, canvas)
        self._paint_bare_places()

    def _build_mesh(self, seed: int) -> None:
        body, head, breed = self.body, self.head, self.breed
        # The neck belongs to both meshes, so that they overlap and no seam shows.
        bridge = Capsule(
            "neck",
            lerp(body.neck_base, body.neck_end, 0.35),
            head.at(-0.25, 0, -0.2),
            breed.neck * 1.05,
            breed.neck * 0.98,
            blend=0.2,
            up=body.neck_direction,
            hair=1.2,
            flow=body.neck_end - body.neck_base,
        )
        self.primitives: list[Primitive] = [*body.primitives, bridge, *head.primitives]
        trunk = mesh_of([*body.primitives, bridge], BODY_CELL)
        skull = mesh_of([bridge, *head.primitives], head.size / HEAD_CELLS, head.cuts)
        self.vertices = np.concatenate([trunk[0], skull[0]])
        self.quads = np.concatenate([trunk[1], skull[1] + len(trunk[0])])
        if self.bare:
            self._wrinkle(seed)

    def _wrinkle(self, seed: int) -> None:
        """Folds of loose skin: ridged noise, stretched across the body, none round the eyes."""
        ridges = 1 - np.abs(2 * fractal_noise(self.vertices * vec(3.4, 1.2, 3.4), seed + 31) - 1)
        fine = 1 - np.abs(2 * fractal_noise(self.vertices * vec(9, 3, 9), seed + 37, 2) - 1)
        depth = 0.030 * smoothstep(ridges, 0.55, 1.0) + 0.007 * smoothstep(fine, 0.6, 1.0)
        calm = smoothstep(self._eye_distance(), 0.22, 0.5)
        normals = vertex_normals(self.vertices, self.quads)
        self.vertices = self.vertices - normals * (depth * calm)[:, None]

    def _eye_distance(self) -> np.ndarray:
        """Distance of every vertex from the nearer eye, in head sizes."""
        centres = [eye.opening.centre for eye in self.head.eyes]
        distances = [np.linalg.norm(self.vertices - centre, axis=1) for centre in centres]
        return np.min(distances, axis=0) / self.head.size

    def _weigh_parts(self) -> None:
        """Share of every part at every vertex, by distance, and coordinates mixed by it."""
        distance = np.stack([p.distance(self.vertices) for p in self.primitives], axis=1)
        share = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / 0.05)
        share /= share.sum(axis=1, keepdims=True)
        count = len(self.vertices)
        self.weights: dict[str, np.ndarray] = {}
        self.along, self.above, self.hair = np.zeros(count), np.zeros(count), np.zeros(count)
        self.flow = np.zeros((count, 3))
        for i, primitive in enumerate(self.primitives):
            own = share[:, i]
            self.weights[primitive.part] = self.weights.get(primitive.part, 0) + own
            along, above = primitive.coordinates(self.vertices)
            self.along += own * along
            self.above += own * above
            self.hair += own * primitive.hair
            self.flow += own[:, None] * primitive.flow

    def _paint_bare_places(self) -> None:
        """Skin inside the ears, dark rims round the eyes, closed lids and the line of the mouth."""
        head, count = self.head, len(self.vertices)
        self.inner_ear, rim = np.zeros(count), np.zeros(count)
        for hollow in head.ear_hollows:
            near = 1 - smoothstep(hollow.distance(self.vertices), 0.0, 0.035)
            self.inner_ear = np.maximum(self.inner_ear, near)
        if not head.asleep:
            width = (0.04 if head.is_cat else 0.022) * head.size / 0.52
            for eye in head.eyes:
                near = 1 - smoothstep(eye.opening.distance(self.vertices), 0.004, width)
                rim = np.maximum(rim, near)
        dark = self.colours.mean() <= 0.05 and self.rnd.random() >= 0.3
        ear_skin = vec(0.09, 0.055, 0.05) if dark else vec(0.50, 0.26, 0.21)
        inside = lerp(ear_skin, self.colours, 0.35)
        self.colours = lerp(self.colours, inside, (self.inner_ear * 0.85)[:, None])
        lines = np.maximum(rim * 0.9, self._seams() * 0.85)[:, None]
        self.colours = lerp(self.colours, vec(0.012, 0.009, 0.008), lines)

    def _seams(self) -> np.ndarray:
        """Mouth and closed eyelids, 0 to 1 at every vertex."""
        head = self.head
        forward, across, up = self.on_face.T
        across = np.abs(across)
        if head.is_cat:
            front = forward > muzzle_tip(head) + 0.02
            cleft = (across < 0.025) & (up < -0.2) & (up > -0.42)
            smile = (np.abs(up + 0.47 - 0.25 * across) < 0.035) & (across < 0.3)
            seams = (front & (cleft | smile)).astype(float)
        else:
            level = np.abs(up + 0.56 + 0.1 * self.breed.jowl)
            on_muzzle = smoothstep(self.weights["muzzle"], 0.4, 0.7)
            seams = (1 - smoothstep(level, 0.02, 0.05)) * (forward > 0.5) * on_muzzle
        if head.asleep:
            for eye in head.eyes:
                local = (self.vertices - eye.opening.centre) @ eye.opening.axes / eye.radius
                curve = np.abs(local[:, 2] + 0.25 - 0.35 * local[:, 1] ** 2)
                lid = (1 - smoothstep(curve, 0.05, 0.18)) * (np.abs(local[:, 1]) < 0.95)
                seams = np.maximum(seams, lid * (local[:, 0] > -0.8))
        return seams

    def add(self, rng: np.random.Generator) -> None:
        """Put skin and hair into the scene."""
        look = materials.skin() if self.bare else materials.painted(0.7, 0.25, sheen=0.15)
        shade = 0.9 if self.bare else 0.8
        add_mesh("skin", self.vertices, self.quads, look, self.colours * shade, index=PET_INDEX)
        fur, rnd = self.breed.fur, self.rnd
        if self.bare:
            # Peach fuzz: not seen as hair, but it softens the edge and the highlight.
            style = Style(lift=0.5, clump=0.0, wildness=0.3, radius=0.0025, weight=0.1)
            lengths, count, colours = np.full(len(self.vertices), 0.02), 20_000, self.colours
        else:
            lift = rnd.uniform(0.12, 0.22) + 0.35 * min(fur, 0.4)
            style = Style(
                lift=lift,
                clump=0.12 + 0.6 * fur,
                wildness=0.08,
                radius=0.0085,
                weight=0.12 + 0.5 * fur,
            )
            lengths = np.maximum(self._hair_lengths(), 0.012)
            count, colours = (60_000 if fur < 0.2 else 80_000), self.colours
        strands = grow(
            self.vertices,
            self.quads,
            colours,
            lengths,
            self.flow,
            count,
            style,
            rng,
            self._may_carry_hair,
        )
        add_curves("coat", strands, materials.painted(0.5, 0.25), index=PET_INDEX)

    def _hair_lengths(self) -> np.ndarray:
        """The face is combed short, most of all round the eyes and on the muzzle."""
        breed = self.breed
        face = self.weights["head"] * smoothstep(self.on_face[:, 0], -0.3, 0.6)
        face = face * (0.75 if breed.fur > 0.2 else 0.3)
        lengths = breed.fur * self.hair * (1 - 0.6 * self.inner_ear) * (1 - face)
        if not breed.beard:
            lengths = lengths * (1 - 0.6 * self.weights["muzzle"])
        lengths = lengths * (1 - 0.35 * self.weights["head"])
        return lengths * (0.25 + 0.75 * smoothstep(self._eye_distance(), 0.25, 0.7))

    def _may_carry_hair(self, roots: np.ndarray) -> np.ndarray:
        """No hair in the eyes or on the nose."""
        head = self.head
        nose, radii = head.nose
        keep = ((((roots - nose) @ head.frame) / (radii * 1.25)) ** 2).sum(axis=1) > 1
        if not head.asleep:
            for eye in head.eyes:
                local = (roots - eye.opening.centre) @ eye.opening.axes
                keep &= ((local / (eye.opening.radii * 1.12)) ** 2).sum(axis=1) > 1
        return keep
