"""The light of a scene as numbers: clear, low sun, overcast, dusk, or rain (overcast and wet).

Plain Python; `light` builds it in Blender.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass

#: mood -> how often
MOODS = {"clear": 5.0, "low_sun": 3.0, "overcast": 2.5, "dusk": 2.0, "rain": 1.5}


@dataclass(frozen=True)
class Light:
    """The light of a scene; angles in degrees, `wet` and `night` in [0, 1]."""

    mood: str
    elevation: float
    azimuth: float
    haze: float
    wet: float
    night: float
    exposure_key: float  # what the camera's automatic exposure aims at
    cloud_seed: int

    def facts(self) -> dict:
        """As stored in the truth."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


def draw_light(seed_text: str) -> Light:
    """Draw a mood and its numbers."""
    rnd = random.Random(f"kerbside light {seed_text}")
    mood = rnd.choices(list(MOODS), list(MOODS.values()))[0]
    elevation = {
        "clear": rnd.uniform(25, 60), "low_sun": rnd.uniform(9, 20), "overcast": 40.0,
        "dusk": rnd.uniform(-2, 3), "rain": 35.0,
    }[mood]
    wet = {"rain": rnd.uniform(0.7, 1.0), "dusk": rnd.choice((0.0, 0.0, 0.8))}.get(mood, 0.0)
    return Light(
        mood=mood,
        elevation=elevation,
        azimuth=rnd.uniform(0, 360),
        haze=rnd.uniform(0.6, 2.5),
        wet=wet,
        night={"dusk": 1.0, "rain": 0.25, "overcast": 0.12}.get(mood, 0.0),
        exposure_key={"dusk": 0.085, "overcast": 0.13, "rain": 0.115}.get(mood, 0.14),
        cloud_seed=rnd.randrange(100),
    )
