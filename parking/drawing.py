"""Pictures of what was found: annotated frames, evidence and a film, people and plates hidden.

Introduced in lab 5. Whoever is detected as a person is pixelated as a whole, a vehicle where its
plate is, before anything is drawn or stored; wheels and kerb stay as they are, for the reviewer.
*What was found is hidden*: a person whom the detector does not see stays visible, and lab 5
measures how many do. Colours are those of Okabe and Ito, and never the only sign of an offence.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path

import cv2
import imageio.v2 as imageio
import numpy as np

from helpers.detector import Detections
from helpers.errors import DataError
from helpers.masks import Image, Mask, mask_to_box, outline
from parking.clips import Clip
from parking.events import DOUBTFUL, Event, Frame, Place
from parking.footprint import grown
from parking.rules import VEHICLES
from parking.tracking import Moment, Track
from parking.zones import Camera

VERMILION, ORANGE, GREEN, BLUE = (213, 94, 0), (230, 159, 0), (0, 158, 115), (0, 114, 178)
WHITE = (255, 255, 255)

PRIVATE = 0.05
"""Least detection score of who is hidden. A parking ticket needs certainty, a face does not."""
GROWN = 0.15
"""By this share of its height a person's box grows on each side: masks tend to end at the neck."""
PLATES = 0.55  # lower share of a vehicle's height in which plates are
WHEELS = 0.1  # lowest share of it, in each column, that stays visible: tyres and kerb


def hidden_regions(found: Detections) -> Iterator[tuple[Mask, int]]:
    """Regions that have to be unreadable, (H, W) bool, and how wide their coarse squares are.

    Squares are at least 6 pixels wide and at least a tenth of the vehicle's or the person's height:
    a plate, whose characters are less than a twelfth of a car's height, keeps none of them.

    >>> still = next(records.read(kerbside.record_files("val")))
    >>> [int(region.sum()) for region, _ in hidden_regions(scores.true_detections(still))][:3]
    [1782, 1005, 1134]
    """
    size = found.masks.shape[1:]
    for mask, box, name in zip(found.masks, found.boxes, found.class_names, strict=True):
        rows = np.flatnonzero(mask.any(axis=1))
        if name not in VEHICLES:
            tall = box[2] - box[0]
            margin = 2 + GROWN * tall
            top, left = np.maximum(box[:2] - margin, 0).astype(int)
            bottom, right = (box[2:] + margin).astype(int) + 1
            region = np.zeros(size, bool)
            region[top:bottom, left:right] = True
            yield region, int(max(6, tall / 10))
        elif len(rows):
            tall = rows[-1] - rows[0] + 1
            clear = max(2, round(WHEELS * tall))
            lowest = size[0] - 1 - np.argmax(mask[::-1], axis=0)  # of each column
            region = grown(mask) & (lowest - np.arange(size[0])[:, None] >= clear)
            region[rows[-1] + 1 - clear :] = False
            region[: max(int(rows[-1] + 1 - PLATES * tall), 0)] = False
            yield region, int(max(6, tall / 10))


def private(image: Image, found: Detections) -> Image:
    """A copy of (H, W, 3) uint8 RGB with coarse squares for people and plates that were found.

    `found`: detections down to a score of `PRIVATE`, in a picture of any size of the same view.

    >>> still = next(records.read(kerbside.record_files("val")))
    >>> f"{(private(still.image, scores.true_detections(still)) != still.image).mean():.0%} changed"
    '8% changed'
    """
    result, size = image.copy(), image.shape[1::-1]
    for region, square in hidden_regions(found):
        square = max(2, round(square * size[0] / region.shape[1]))
        region = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        x, y, wide, tall = cv2.boundingRect(region)
        if not wide:
            continue
        part = np.s_[y : y + tall, x : x + wide]
        small = max(1, wide // square), max(1, tall // square)
        coarse = cv2.resize(image[part], small, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(coarse, (wide, tall), interpolation=cv2.INTER_NEAREST)
        result[part] = np.where(region[part][..., None], coarse, result[part])
    return result


def polygon(image: Image, points: np.ndarray, colour: tuple, fill: float = 0.0) -> None:
    """Draw a closed polygon, (K, 2) x, y, into the picture; `fill` is the opacity of its area."""
    if not len(points) or not np.isfinite(points).all():
        return
    corners = [np.round(points * 8 - 4).astype(np.int32)]
    if fill:
        layer = image.copy()
        cv2.fillPoly(layer, corners, colour, cv2.LINE_AA, shift=3)
        cv2.addWeighted(layer, fill, image, 1 - fill, 0, dst=image)
    cv2.polylines(image, corners, True, colour, 1, cv2.LINE_AA, shift=3)


def write_texts(image: Image, texts: Iterable[tuple[str, tuple[int, int]]]) -> None:
    """Write texts at x, y into a picture, on a dark ground, so that none covers another one.

    Each stands at its place or as near above or below as there is room, all of it inside.
    """
    taken, font = np.zeros(image.shape[:2], bool), (cv2.FONT_HERSHEY_SIMPLEX, 0.38)
    for text, (x, y) in texts:
        (wide, tall), base = cv2.getTextSize(text, *font, 1)
        wide, tall = wide + 4, tall + base + 3
        left = int(np.clip(x, 0, max(image.shape[1] - wide, 0)))
        tops = sorted(range(max(len(image) - tall, 1)), key=lambda top: abs(top + tall - y))
        here = taken[:, left : left + wide].any(axis=1)
        top = next((top for top in tops if not here[top : top + tall].any()), tops[0])
        taken[top : top + tall, left : left + wide] = True
        image[top : top + tall, left : left + wide] = 20
        at = (left + 2, top + tall - base - 1)
        cv2.putText(image, text, at, *font, WHITE, 1, cv2.LINE_AA)


def draw_zones(image: Image, camera: Camera) -> Image:
    """A copy with every zone: forbidden ones orange, parking green; lanes as lines only."""
    result, times = image.copy(), image.shape[1] // camera.size[1]
    for zone in camera.zones:
        colour = ORANGE if zone.no_parking else GREEN
        polygon(result, times * zone.image, colour, 0.0 if zone.needs_time else 0.12)
    return result


def crop(image: Image, box: Sequence[float], least: float = 96) -> Image:
    """The part of a picture round a box, with a margin: at least `least` pixels wide and high."""
    first, last = np.reshape(box, (2, 2))
    middle, reach = (first + last) / 2, np.maximum(1.1 * (last - first), least / 2)
    top, left = np.maximum(middle - reach, 0).astype(int)
    bottom, right = (middle + reach).astype(int) + 1
    return image[top:bottom, left:right]


def jpeg(image: Image, times: int = 1) -> bytes:
    """An image as JPEG, enlarged so many times: cars are small and screens large."""
    larger = cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", larger[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def annotate(hidden: Image, frame: Frame) -> Image:
    """The frame with zones, vehicles, and for how long those that stand in a zone have stood."""
    drawn = draw_zones(hidden, frame.finder.camera)
    texts = [(f"{frame.moment.seconds:.1f} s", (2, 12))]
    standing = {track: (place, seconds) for track, place, seconds in frame.standing()}
    for track in frame.tracks:
        place, seconds = standing.get(track, (None, 0.0))
        inside = place and place.inside
        late = inside and place.offends and seconds >= frame.finder.limit
        colour = VERMILION if late else ORANGE if inside else WHITE
        drawn = outline(drawn, track.mask, colour, 2 if late else 1)
        if inside:
            top, left, *_ = mask_to_box(track.mask)
            text = f"{'VIOLATION ' if late else ''}{place.zone} {seconds:.0f} s"
            texts.append((text, (int(left), int(top) - 2)))
    write_texts(drawn, texts)
    return drawn


_Shot = tuple[Moment, Moment, int, Image]
"""When such pictures began, when this one was taken, how much it shows, and the picture."""


class Evidence:
    """Keeps a few private pictures of each stand that may become an event, none of any other.

    Of each of three moments (first seen standing, reported, last seen) the picture is kept in
    which most of the vehicle can be seen within a second. Pictures may come from a recording
    that is a whole number of times as large as the frames that were analysed.
    """

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.overview: bytes | None = None
        self._open: dict[str, dict[str, _Shot]] = {}  # by event that may come of it, and moment
        self._kept: dict[str, list[tuple[str, bytes]]] = {}  # by event
        self._times = 1  # how much larger the pictures are than what was analysed

    def see(self, frame: Frame, hidden: Image) -> None:
        """Take pictures of what stands in a zone in this frame."""
        self._times = hidden.shape[1] // self.camera.size[1]
        if self.overview is None:
            self.overview = jpeg(draw_zones(hidden, self.camera), 2)
        for event in frame.closed:
            self._keep(event)
        finder, alerted = frame.finder, {event.event for event in frame.alerts}
        alive = {finder.name(track, track.stand) for track in finder.tracker.tracks}
        self._open = {name: shots for name, shots in self._open.items() if name in alive}
        for track, place, _ in frame.standing():
            if place.confidence < DOUBTFUL:
                continue
            event = finder.name(track, track.stand)
            shots = self._open.setdefault(event, {})
            seen, picture = np.count_nonzero(track.mask), self._picture(hidden, track, place)
            moments = ["first seen standing", *["reported"] * (event in alerted), *shots]
            for name in dict.fromkeys(moments):
                begun, _, most, _ = shots.get(name, (frame.moment, None, -1, None))
                if frame.moment.seconds - begun.seconds <= 1.0 and seen > 1.1 * most:
                    shots[name] = begun, frame.moment, seen, picture
            shots["last seen"] = frame.moment, frame.moment, seen, picture

    def _picture(self, hidden: Image, track: Track, place: Place) -> Image:
        drawn, times = hidden.copy(), self._times
        polygon(drawn, times * self.camera.zone(place.zone).image, ORANGE, 0.12)
        if place.footprint is not None:
            polygon(drawn, times * self.camera.to_image(place.footprint.corners), BLUE)
        mask = track.mask.repeat(times, axis=0).repeat(times, axis=1)
        drawn = outline(drawn, mask, VERMILION)
        part = crop(drawn, times * mask_to_box(track.stand.mask), 96 * times)
        return part.copy()  # a view keeps the whole frame

    def _keep(self, event: Event) -> None:
        shots = sorted(self._open.pop(event.event, {}).items(), key=lambda shot: shot[1][1])
        sheet = self._kept[event.event] = []
        for moment, same in groupby(shots, lambda shot: shot[1][1]):
            named = dict(same)
            caption = f"{', '.join(named)}: {moment.seconds:.1f} s, frame {moment.index}"
            *_, image = next(iter(named.values()))
            sheet.append((caption, jpeg(image, max(4 // self._times, 1))))

    def sheets(self, events: list[Event]) -> dict[str, list[tuple[str, bytes]]]:
        """The pictures of every event in order of time: caption and JPEG."""
        for event in events:
            if event.event not in self._kept:
                self._keep(event)
        return self._kept


def check_film() -> None:
    """Ask for ffmpeg, which writes films, before any work is done; a `DataError` if it is not."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        program = get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        program = str(error).partition("\n")[0]
    if not shutil.which(program):
        do = "Run `pip install imageio-ffmpeg`, or leave the film out (--no-video, video=False)."
        raise DataError("film", expected="a program ffmpeg", found=program, do=do)


@contextmanager
def film(path: Path, clip: Clip) -> Iterator[Callable[[Image], None]]:
    """A function that adds a frame of a clip to an MP4 for any browser: whole, or not there."""
    # yuv420p is the only layout of pixels that all browsers decode; it needs even sides. Players
    # guess its colours wrongly where frames are large, unless the file says which they are.
    layout = "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=smpte170m:out_range=tv"
    colours = "colorspace=smpte170m:color_primaries=bt709:color_trc=bt709:range=tv"
    rate = clip.fps or (1 / clip.frame_seconds if clip.frame_seconds else 1.0)
    writer = imageio.get_writer(
        path, format="FFMPEG", fps=rate, codec="libx264", macro_block_size=1, quality=None,
        output_params=["-vf", f"{layout},format=yuv420p,setparams={colours}", "-preset",
                       "veryfast", "-crf", "23", "-threads", "1", "-movflags", "+faststart"],
    )  # fmt: skip
    try:
        with closing(writer):
            yield writer.append_data
    except BaseException:
        path.unlink(missing_ok=True)
        raise
