"""Rendering of stills and clips to finished frames, from layout and traffic to ground truth.

A `Studio` keeps the street of the last camera, so that the scenes of one camera share it.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from . import CLIP_FPS, FIRST_INSTANCE_ID
from .events import DWELL_LIMIT, Traffic
from .frames import Frame, is_finished, save_frame
from .mood import Light, draw_light
from .placement import PersonState, VehicleState, place_scene
from .plan import ClipJob, StillJob
from .render import Renderer
from .scene import StreetScene
from .sensor import Sensor
from .street_plan import make_layout
from .traffic import make_traffic
from .truth import describe

#: Frames of a clip that are rendered before their labels; a kill costs at most these.
BATCH = 12


class Studio:
    """A renderer with its current street."""

    def __init__(self, threads: int = 1) -> None:
        self.renderer = Renderer(threads)
        self.scene: StreetScene | None = None
        self._times = 1  # scale of its pictures

    def close(self) -> None:
        """Remove scratch files."""
        self.renderer.close()

    def street(self, camera: int, times: int = 1) -> StreetScene:
        """The street of a camera, `times` as large; built unless it is the present one."""
        if self.scene is None or (self.scene.layout.seed, self._times) != (camera, times):
            self.scene, self._times = StreetScene(make_layout(camera).enlarged(times)), times
        return self.scene

    def still(self, camera: int, scene_seed: int) -> Frame:
        """Render one still."""
        scene = self.street(camera)
        vehicles, people = place_scene(scene.layout, scene_seed, FIRST_INSTANCE_ID)
        light = draw_light(f"{camera} {scene_seed}")
        scene.fill(vehicles, people, light)
        seed = camera * 1000 + scene_seed
        image = Sensor(seed, light.exposure_key).develop(self.renderer.picture(seed), seed)
        facts = dict(camera=camera, scene=scene_seed, light=light.facts())
        return self._frame(scene, vehicles, people, light, image, facts)

    def save_still(self, job: StillJob, frames: Path) -> None:
        """Render a still into the folder of finished frames."""
        save_frame(job.path(frames), self.still(job.camera, job.scene))

    def _frame(
        self,
        scene: StreetScene,
        vehicles: list[VehicleState],
        people: list[PersonState],
        light: Light,
        image: np.ndarray,
        facts: dict,
    ) -> Frame:
        ids = self.renderer.labels()
        zones = scene.layout.zones()
        instances, amodal = describe(
            scene.layout, zones, vehicles, people, light, ids, scene.instances
        )
        return Frame(image, ids, amodal, {**facts, "instances": instances})

    def clip(
        self, job: ClipJob, frames: Path, progress: Callable[[int], object] = lambda done: None
    ) -> None:
        """Render the frames of a clip that are not there yet; tells `progress` how many are done.

        Pictures and labels come in batches: swapping the materials after every frame would throw
        away what Cycles keeps from one frame to the next.
        """
        missing = [k for k in range(job.frames) if not is_finished(job.path(frames, k))]
        progress(job.frames - len(missing))
        if not missing:
            return
        scene = self.street(job.camera, job.times)
        traffic = make_traffic(scene.layout, job.scene, job.frames, CLIP_FPS, FIRST_INSTANCE_ID)
        light = draw_light(f"{job.camera} {job.scene}")
        scene.fill_clip(traffic, light)
        seed = job.camera * 1000 + job.scene
        sensor = Sensor(seed, light.exposure_key)
        scene.move_to_frame(traffic, 0)
        sensor.meter(self.renderer.picture(seed))
        shared = dict(
            camera=job.camera,
            scene=job.scene,
            fps=CLIP_FPS,
            light=light.facts(),
            timeline=timeline(traffic),
        )
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            images = []
            for k in batch:
                scene.move_to_frame(traffic, k)
                images.append(sensor.develop(self.renderer.picture(seed), seed * 1000 + k))
            for k, image in zip(batch, images, strict=True):
                vehicles, people = scene.move_to_frame(traffic, k)
                facts = {**shared, "frame": k}
                frame = self._frame(scene, vehicles, people, light, image, facts)
                save_frame(job.path(frames, k), frame)
                progress(1)


def timeline(traffic: Traffic) -> dict:
    """Behaviours and events of a clip as stored with every frame."""
    return dict(
        dwell_limit_seconds=DWELL_LIMIT,
        behaviours={str(track.id): track.behaviour for track in traffic.vehicles},
        events=[asdict(event) for event in traffic.events],
    )


_studio: Studio | None = None


def shared_studio() -> Studio:
    """The only studio of this process, created on first use, since Blender has one scene."""
    global _studio
    if _studio is None:
        _studio = Studio()
        atexit.register(_studio.close)
    return _studio
