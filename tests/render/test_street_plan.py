"""What the Kerbside generator decides before it renders: geometry, zones, placement, traffic.

No Blender here, so these tests run with all the others.
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest

from tools.render.street import FIRST_INSTANCE_ID
from tools.render.street.events import DWELL_LIMIT
from tools.render.street.geometry import (
    clip_convex,
    oriented_rectangle,
    overlap_share,
    rectangle,
    separation,
    signed_area,
)
from tools.render.street.placement import (
    CLEAR_OF_ZONE,
    IN_ZONE,
    MODES,
    contact_points,
    place_scene,
    rest,
    shares_by_kind,
)
from tools.render.street.plan import (
    SPLITS,
    ClipJob,
    all_jobs,
    camera_seeds,
    clip_jobs,
    large_jobs,
    still_jobs,
)
from tools.render.street.street_plan import make_layout
from tools.render.street.traffic import make_traffic
from tools.render.street.vehicle_specs import VEHICLES

CAMERAS = (1000, 1007, 2003, 3005)


@pytest.fixture(scope="module")
def layouts():
    return {seed: make_layout(seed) for seed in CAMERAS}


@pytest.fixture(scope="module")
def scenes(layouts):
    return [
        (layout, *place_scene(layout, scene, FIRST_INSTANCE_ID))
        for layout in layouts.values()
        for scene in range(4)
    ]


@pytest.fixture(scope="module", params=[3001, 2001])
def clip(request):
    layout = make_layout(request.param)
    return layout, make_traffic(layout, 100, 48, 2, FIRST_INSTANCE_ID)


# Geometry ------------------------------------------------------------------------------------


def test_overlap_by_hand():
    square = rectangle(0, 2, 0, 2)
    assert overlap_share(square, rectangle(1, 5, 1, 5)) == pytest.approx(0.25)
    assert overlap_share(square, rectangle(3, 5, 0, 2)) == 0
    diamond = oriented_rectangle(2, 1, math.sqrt(2), math.sqrt(2), math.pi / 4)
    assert overlap_share(diamond, square) == pytest.approx(0.5)


def test_overlap_agrees_with_counting_points(rng):
    grid = np.stack(np.meshgrid(*[np.linspace(-4, 4, 801)] * 2), axis=-1).reshape(-1, 2)
    for _ in range(5):
        x, y, yaw = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0, 6)
        car = oriented_rectangle(x, y, 4.4, 1.8, yaw)
        zone = rectangle(-1, 1.5, -2, 1)
        inside = np.ones(len(grid), bool)
        for a, b in zip(car, np.roll(car, -1, axis=0), strict=True):
            inside &= (b[0] - a[0]) * (grid[:, 1] - a[1]) >= (b[1] - a[1]) * (grid[:, 0] - a[0])
        in_zone = (grid[:, 0] >= -1) & (grid[:, 0] <= 1.5) & (grid[:, 1] >= -2) & (grid[:, 1] <= 1)
        counted = (inside & in_zone).sum() / inside.sum()
        assert overlap_share(car, zone) == pytest.approx(counted, abs=6e-3)


def test_clipping_keeps_the_orientation():
    piece = clip_convex(oriented_rectangle(0, 0, 3, 1, 0.4), rectangle(-1, 1, -1, 1))
    assert signed_area(piece) > 0


def test_separation_of_rectangles():
    a = oriented_rectangle(0, 0, 4, 2, 0)
    assert separation(a, oriented_rectangle(3.5, 0, 4, 2, 0)) == pytest.approx(1.5)
    assert separation(a, oriented_rectangle(1.5, 0, 4, 2, 0)) == pytest.approx(-0.5)
    assert separation(a, oriented_rectangle(2.2, 0, 4, 2, math.pi / 2)) < 0


# Camera --------------------------------------------------------------------------------------


def test_homography_and_matrix_agree_on_the_ground(layouts):
    camera = layouts[1000].camera
    ground = np.array(((0.0, 12.0), (2.0, 30.0), (-3.0, 18.0)))
    for height in (0.0, 0.12):
        expected = camera.project(np.column_stack((ground, np.full(3, height))))[:, :2]
        image = np.column_stack((ground, np.ones(3))) @ camera.homography(height).T
        np.testing.assert_allclose(image[:, :2] / image[:, 2:], expected)


def test_rays_and_projection_are_inverse(layouts):
    camera = layouts[1007].camera
    origin, directions = camera.rays()
    points = origin + 17.0 * directions[::40, ::40].reshape(-1, 3)
    rows, columns = np.mgrid[0 : camera.height : 40, 0 : camera.width : 40]
    expected = np.column_stack((columns.ravel() + 0.5, rows.ravel() + 0.5, np.full(rows.size, 17)))
    np.testing.assert_allclose(camera.project(points), expected)


def test_polygons_that_reach_behind_the_camera_are_cut(layouts):
    layout = layouts[1000]
    for zone in layout.zones():
        image = layout.camera.project_polygon(zone.points())
        assert np.isfinite(image).all()
        if len(image):
            assert image.min() >= -1e-6
            assert image[:, 0].max() <= layout.camera.width + 1e-6
            assert image[:, 1].max() <= layout.camera.height + 1e-6
            # The picture's y points down, so a polygon seen from above changes orientation.
            assert signed_area(image) < 0


# Streets and scenes --------------------------------------------------------------------------


def test_same_seed_same_street_and_scene():
    assert make_layout(1003) == make_layout(1003)
    layout = make_layout(1003)
    assert place_scene(layout, 5, 16) == place_scene(layout, 5, 16)
    assert place_scene(layout, 5, 16) != place_scene(layout, 6, 16)


def test_no_parking_zones_do_not_overlap(layouts):
    for layout in layouts.values():
        strict = [z for z in layout.zones() if z.no_parking and not z.needs_time]
        for a, b in combinations(strict, 2):
            assert overlap_share(np.array(a.polygon), np.array(b.polygon)) < 1e-9, (a.name, b.name)


def test_nobody_stands_inside_anybody(scenes):
    for _, vehicles, people in scenes:
        for a, b in combinations([*vehicles, *people], 2):
            assert separation(a.footprint(), b.footprint()) > 0.05


def test_verdicts_have_a_margin(scenes):
    """A vehicle that offends is well inside a zone, one that does not is next to none."""
    seen = set()
    for layout, vehicles, _ in scenes:
        for vehicle in vehicles:
            shares = shares_by_kind(vehicle.footprint(), layout.zones())
            violated = MODES[vehicle.mode][1]
            seen.add(vehicle.mode)
            strict = {k: shares.get(k, 0) for k in ("sidewalk", "crossing", "bus_lane", "hydrant")}
            if violated in strict:
                assert strict[violated] >= IN_ZONE
            else:
                assert max(strict.values()) <= CLEAR_OF_ZONE
    assert len(seen) >= 6


def test_tyres_rest_on_the_surface(scenes):
    for layout, vehicles, _ in scenes:
        for v in vehicles:
            heights = [layout.ground_height(x, y) for x, y in v.contact()]
            pose = rest(layout, v.spec, v.scale, v.x, v.y, v.yaw)
            if max(heights) - min(heights) < 1e-9:
                assert pose["pitch"] == pose["roll"] == 0
                assert pose["z"] == pytest.approx(heights[0])
            if v.mode == "half_on_sidewalk":
                assert abs(pose["roll"]) > 0.02


@pytest.mark.parametrize("kind", VEHICLES)
def test_contact_points_lie_under_the_body(kind):
    spec = VEHICLES[kind]
    contact = contact_points(spec, 1.0, 3.0, 20.0, 0.7)
    body = oriented_rectangle(3.0, 20.0, spec.length, spec.width, 0.7)
    assert overlap_share(contact, body) == pytest.approx(1)
    assert signed_area(contact) == pytest.approx(spec.track * (spec.axles[0] - spec.axles[1]))


# Clips ---------------------------------------------------------------------------------------


def moments(states) -> list[np.ndarray | None]:
    """Footprints at every frame and half-way between two frames."""
    footprints = [state and state.footprint() for state in states]
    between = [None if a is None or b is None else (a + b) / 2 for a, b in pairwise(footprints)]
    return [*footprints, *between]


def test_nothing_passes_through_anything(clip):
    _, traffic = clip
    tracks = [moments(t.states) for t in (*traffic.vehicles, *traffic.people)]
    checked = 0
    for a, b in combinations(tracks, 2):
        for one, other in zip(a, b, strict=True):
            if one is not None and other is not None:
                checked += 1
                assert separation(one, other) > 0.15
    assert checked > 1000


def test_a_collision_would_be_found(clip):
    _, traffic = clip
    state = next(s for s in traffic.vehicles[0].states if s)
    beside = state.footprint() + np.array((0.5, 0.2))
    assert separation(state.footprint(), beside) < 0


def test_motion_is_smooth(clip):
    """No vehicle jumps, and what stands does not move."""
    _, traffic = clip
    for track in traffic.vehicles:
        for a, b in zip(track.states, track.states[1:], strict=False):
            if a and b:
                step = math.hypot(b.x - a.x, b.y - a.y)
                assert step < 10 / traffic.fps + 0.2
                if a.standing and b.standing:
                    assert step < 0.05


def test_events_tell_what_the_states_say(clip):
    layout, traffic = clip
    zones = {zone.name: zone for zone in layout.zones()}
    states = {track.id: track.states for track in traffic.vehicles}
    behaviours = {track.id: track.behaviour for track in traffic.vehicles}
    assert {e.behaviour for e in traffic.events} >= {"waiting", "illegal_parking", "brief_stop"}
    for event in traffic.events:
        own = states[event.vehicle]
        assert behaviours[event.vehicle] == event.behaviour
        span = own[event.first_frame : event.last_frame + 1]
        assert all(state.standing for state in span)
        for outside in (event.first_frame - 1, event.last_frame + 1):
            if 0 <= outside < traffic.frames and own[outside]:
                assert not own[outside].standing
        share = overlap_share(span[0].footprint(), np.array(zones[event.zone].polygon))
        assert share == pytest.approx(event.share, abs=1e-4)
        assert share >= IN_ZONE
        seconds = len(span) / traffic.fps
        assert event.violation == (seconds >= DWELL_LIMIT)
        assert event.violation == (event.behaviour in ("illegal_parking", "parked_illegally"))


def test_who_drives_through_never_stands(clip):
    _, traffic = clip
    through = [t for t in traffic.vehicles if t.behaviour == "drive_through"]
    assert through
    for track in through:
        assert not any(state and state.standing for state in track.states)


# The plan ------------------------------------------------------------------------------------


def test_splits_share_no_camera():
    seeds = {split: set(camera_seeds(split)) for split in SPLITS}
    for a, b in combinations(seeds.values(), 2):
        assert not a & b


def test_the_plan_is_as_large_as_promised():
    assert len(still_jobs("train")) >= 800
    assert len(still_jobs("val")) >= 150
    assert len(still_jobs("test")) >= 250
    clips = [job for split in SPLITS for job in clip_jobs(split)]
    assert len(clips) >= 24
    assert all(job.frames >= 40 for job in clips)


def test_a_larger_picture_shows_the_same_place_in_more_pixels():
    (job,) = large_jobs("test")
    assert job.name != clip_jobs("test")[0].name and job.scene == clip_jobs("test")[0].scene
    small = make_layout(job.camera)
    large = small.enlarged(job.times)
    assert (large.camera.width, large.camera.height) == (640, 480)
    points = np.array([(0.0, 12.0, 0.0), (2.0, 25.0, 1.5)])
    pixels = small.camera.project(points)
    np.testing.assert_allclose(large.camera.project(points)[:, :2], 2 * pixels[:, :2])
    assert large.zones()[0].name == small.zones()[0].name


def test_every_job_comes_once():
    jobs = all_jobs()
    wanted = [
        j for split in SPLITS for j in (*still_jobs(split), *clip_jobs(split), *large_jobs(split))
    ]
    assert len(jobs) == len(wanted)
    assert {(type(j), j.name) for j in jobs} == {(type(j), j.name) for j in wanted}
    assert isinstance(jobs[-1], ClipJob)
