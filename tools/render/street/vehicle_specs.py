"""Shapes and dimensions of the Kerbside vehicles, as numbers for placement and ground truth.

A body is lofted through cross-sections ("stations") from nose to tail. A station is `(fraction of
the length from the nose, shoulder height, top height, width factor)`, heights in metres. No Blender
here: `vehicles` builds the meshes, `placement` and `truth` need only the dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

Station = tuple[float, float, float, float]


@dataclass(frozen=True)
class VehicleSpec:
    """One body shape. `label` is its instance class, `kind` its finer name."""

    kind: str
    label: str
    length: float
    width: float
    axles: tuple[float, float]  # y of the front and rear axle, from the middle of the vehicle
    wheel_radius: float
    ride: float  # height that the sill is derived from
    stations: tuple[Station, ...]
    windscreen: int  # glass lies between this station and the next
    rear_window: int | None
    pillar: int  # the side is painted, not glazed, between this station and the next
    doors: tuple[float, ...]  # y of the door gaps
    cabin_taper: float = 0.80
    side_glass_until: int = 99  # last station with side windows
    bed_from: int | None = None  # pick-up: from here on the top is a dark cover
    body_length: float | None = None  # truck: the loft is the cab alone
    weight: float = 1.0  # how often it is drawn

    @property
    def track(self) -> float:
        """Distance between the middles of the left and right tyre, metres."""
        return self.width - 0.26


def _y(length: float, *fractions: float) -> tuple[float, ...]:
    return tuple(length / 2 - f * length for f in fractions)


VEHICLES: dict[str, VehicleSpec] = {
    spec.kind: spec
    for spec in (
        VehicleSpec(
            "hatchback", "car", 4.05, 1.76, (1.32, -1.24), 0.31, 0.30,
            ((0, .52, .57, .80), (.025, .64, .69, .90), (.11, .77, .82, .965), (.26, .90, .96, 1),
             (.42, .94, 1.42, 1), (.58, .96, 1.49, 1), (.61, .96, 1.49, 1), (.86, .99, 1.42, .99),
             (.975, 1.0, 1.06, .95), (1, .80, .86, .88)),
            3, 7, 5, _y(4.05, .30, .595), weight=3,
        ),
        VehicleSpec(
            "saloon", "car", 4.65, 1.82, (1.52, -1.33), 0.315, 0.30,
            ((0, .50, .56, .80), (.02, .62, .67, .90), (.10, .74, .79, .965), (.27, .86, .93, 1),
             (.43, .91, 1.38, 1), (.55, .92, 1.44, 1), (.575, .92, 1.44, 1), (.70, .93, 1.37, 1),
             (.845, .95, 1.03, .99), (.965, .92, .99, .94), (1, .74, .78, .86)),
            3, 7, 5, _y(4.65, .30, .565, .77), weight=3,
        ),
        VehicleSpec(
            "estate", "car", 4.75, 1.83, (1.56, -1.37), 0.315, 0.30,
            ((0, .50, .56, .80), (.02, .62, .67, .90), (.10, .74, .80, .965), (.26, .87, .94, 1),
             (.40, .92, 1.39, 1), (.53, .93, 1.46, 1), (.555, .93, 1.46, 1), (.90, .97, 1.40, .985),
             (.98, .97, 1.02, .95), (1, .78, .82, .88)),
            3, 7, 5, _y(4.75, .29, .545, .75), weight=2,
        ),
        VehicleSpec(
            "suv", "car", 4.55, 1.88, (1.47, -1.33), 0.37, 0.37,
            ((0, .66, .72, .82), (.02, .84, .90, .93), (.09, .96, 1.01, .975), (.26, 1.05, 1.10, 1),
             (.39, 1.08, 1.62, 1), (.55, 1.10, 1.69, 1), (.575, 1.10, 1.69, 1),
             (.885, 1.12, 1.63, .99), (.975, 1.12, 1.20, .96), (1, .92, .98, .90)),
            3, 7, 5, _y(4.55, .29, .565, .77), weight=2.5,
        ),
        VehicleSpec(
            "city_car", "car", 3.55, 1.64, (1.22, -1.14), 0.29, 0.30,
            ((0, .56, .62, .82), (.03, .70, .75, .92), (.10, .82, .87, .97), (.21, .93, 1.0, 1),
             (.37, .96, 1.45, 1), (.56, .98, 1.53, 1), (.60, .98, 1.53, 1), (.90, 1.0, 1.47, .99),
             (.98, 1.0, 1.08, .96), (1, .84, .90, .90)),
            3, 7, 5, _y(3.55, .27, .62), weight=1.5,
        ),
        VehicleSpec(
            "pickup", "car", 5.15, 1.88, (1.68, -1.52), 0.38, 0.40,
            ((0, .72, .78, .84), (.02, .92, .97, .94), (.08, 1.02, 1.06, .98), (.25, 1.08, 1.13, 1),
             (.36, 1.10, 1.66, 1), (.48, 1.12, 1.74, 1), (.50, 1.12, 1.74, 1), (.61, 1.12, 1.68, 1),
             (.645, 1.10, 1.16, 1), (.975, 1.12, 1.15, .985), (1, 1.0, 1.05, .95)),
            3, 7, 5, _y(5.15, .28, .49, .635), bed_from=8, weight=0.8,
        ),
        VehicleSpec(
            "van", "van", 5.1, 1.95, (1.58, -1.48), 0.34, 0.34,
            ((0, .66, .72, .84), (.02, .88, .93, .93), (.07, 1.0, 1.05, .97), (.16, 1.12, 1.17, 1),
             (.30, 1.18, 1.88, 1), (.42, 1.18, 1.97, 1), (.445, 1.18, 1.97, 1),
             (.97, 1.2, 1.95, .985), (.99, 1.2, 1.9, .97), (1, 1.0, 1.6, .95)),
            3, None, 5, _y(5.1, .21, .43, .68), cabin_taper=0.88, side_glass_until=5, weight=1.6,
        ),
        VehicleSpec(
            "minibus", "van", 4.9, 1.92, (1.52, -1.42), 0.34, 0.34,
            ((0, .64, .70, .84), (.02, .86, .91, .93), (.07, .98, 1.03, .97), (.18, 1.10, 1.15, 1),
             (.32, 1.14, 1.84, 1), (.45, 1.15, 1.92, 1), (.47, 1.15, 1.92, 1),
             (.93, 1.16, 1.88, .985), (.99, 1.16, 1.26, .97), (1, 1.0, 1.1, .94)),
            3, 7, 5, _y(4.9, .23, .46, .70), cabin_taper=0.86, weight=1,
        ),
        VehicleSpec(
            "truck", "van", 6.2, 2.05, (2.15, -1.75), 0.40, 0.42,
            ((0, .80, .88, .88), (.04, 1.05, 1.12, .96), (.16, 1.22, 1.30, 1), (.22, 1.26, 1.34, 1),
             (.52, 1.34, 2.08, 1), (.72, 1.34, 2.16, 1), (.76, 1.34, 2.16, 1), (.96, 1.34, 2.14, 1),
             (1, 1.30, 2.05, .98)),
            3, None, 99, (2.5, 1.45), cabin_taper=0.88, side_glass_until=5, body_length=2.1,
            weight=0.8,
        ),
    )
}

#: Linear RGB of the paints, roughly in the proportions of European streets.
PAINTS: tuple[tuple[float, float, float], ...] = (
    (.80, .80, .79), (.75, .75, .75), (.52, .53, .55), (.40, .41, .43), (.22, .23, .25),
    (.10, .105, .115), (.03, .03, .033), (.02, .02, .02), (.015, .015, .018), (.35, .02, .02),
    (.50, .03, .02), (.02, .05, .20), (.05, .12, .30), (.12, .25, .42), (.02, .10, .05),
    (.16, .19, .12), (.60, .45, .10), (.55, .47, .36), (.25, .20, .15), (.80, .30, .03),
    (.10, .25, .35), (.22, .02, .05),
)

#: Vans and trucks are mostly white, silver or in the colours of a firm.
VAN_PAINTS: tuple[tuple[float, float, float], ...] = (
    (.82, .82, .80), (.78, .78, .78), (.80, .80, .82), (.45, .46, .48), (.60, .42, .03),
    (.03, .06, .22), (.30, .03, .02), (.05, .05, .055), (.05, .18, .10),
)
