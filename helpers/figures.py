"""One style for every figure of the course, and the headline that a lab reports.

Introduced in lab 1. Notebooks and command lines draw with it; no other module imports it. Colours
are those of Okabe and Ito (2008), which people with any kind of colour blindness tell apart, and a
class has a hatching too: nothing depends on colour alone. What does not fit is an `ArrayError`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import ArrayError
from helpers.masks import Image, Labels, check_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL import Image as PILImage

ORANGE, SKY, GREEN, YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
BLUE, RED, PINK, BLACK = (0, 114, 178), (213, 94, 0), (204, 121, 167), (0, 0, 0)
GREY = (200, 200, 200)  # a darker one is what pink looks like without green receptors

# RGB, 0 to 255, in the order in which classes or instances take them.
COLOURS = (ORANGE, SKY, GREEN, PINK, BLUE, YELLOW, RED, BLACK, GREY)
# Matplotlib hatchings, in the same order.
HATCHES = ("///", "...", "\\\\\\", "xxx", "---", "ooo", "+++", "|||", "***")
# Under this type a lab's headline figures lie in its outputs; `tools.notebooks` collects them.
METRICS_MIME = "application/vnd.image-segmentation-labs.metrics+json"
_OVER_IMAGE = "classes over an image"  # marks axes in which plain classes show the image itself
STYLE = Path(__file__).with_suffix(".mplstyle")
_SPECKS = 150  # regions of one class; truths have dozens at most
_DPI = 110  # a figure 11 inches wide is 1,210 pixels: sharp on a projector, small in a notebook


def unit(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """RGB from 0 to 255 -> RGB from 0 to 1, which Matplotlib wants.

    >>> unit((0, 51, 255))
    (0.0, 0.2, 1.0)
    """
    return tuple(channel / 255 for channel in colour)  # type: ignore[return-value]


def new_figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, **options: Any
) -> tuple[Figure, Any]:
    """`plt.subplots` in the course's style: a figure and its axes, for `show` to display.

    `size` is width and height in inches, by default as wide as the page; `options` as there.

    >>> figure, axes = new_figure(2, 3)
    >>> axes.shape, figure.get_size_inches().tolist()
    ((2, 3), [11.0, 7.2])
    """
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)  # and not for this call alone: lines and legends are drawn later
    return plt.subplots(rows, columns, figsize=size or (11, 3.6 * rows), **options)


def picture(axes: Axes, image: np.ndarray, title: str = "", **options: Any) -> None:
    """Show (H, W, 3) RGB, a mask or numbers (H, W), without ticks; `options` are for `imshow`.

    >>> figure, axes = new_figure()
    >>> picture(axes, np.eye(3, dtype=bool), "A mask")
    >>> axes.get_title()
    'A mask'
    """
    if np.asarray(image).dtype == np.bool_:
        options = {"cmap": "gray", "vmin": 0, "vmax": 1} | options
    axes.imshow(image, **options)
    axes.set(title=title, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def hatch(axes: Axes, mask: np.ndarray, pattern: str) -> None:
    """Hatch a mask's region and draw its outline over the picture already in `axes`.

    A mask of more than `_SPECKS` regions is noise, and outlines would paint all of it black.
    """
    from scipy.ndimage import label

    if not 0 < label(mask)[1] <= _SPECKS:
        return
    # Contours run between the centres of pixels and cut corners: where pixels are large enough to
    # be seen, each is divided. One pixel of margin lets an outline at the picture's edge close.
    fine = max(1, 240 // max(mask.shape))
    padded = np.pad(mask.repeat(fine, axis=0).repeat(fine, axis=1).astype(float), 1)
    grid = [(np.arange(-1, size * fine + 1) + 0.5) / fine - 0.5 for size in mask.shape]
    drawn = axes.contourf(grid[1], grid[0], padded, levels=[0.5, 1.5], colors="none")
    drawn.set(hatch=pattern, edgecolor="black", linewidth=0)
    axes.contour(grid[1], grid[0], padded, levels=[0.5], colors="black", linewidths=1.2)


def class_map(
    axes: Axes,
    labels: Labels,
    names: Sequence[str],
    *,
    image: Image | None = None,
    title: str = "",
    colours: Sequence[tuple[int, int, int]] = COLOURS,
    plain: Iterable[int] = (),
) -> None:
    """Show integer labels, a colour and a hatching for each class, over the image if given.

    Args:
        axes: Axes to draw in.
        labels: (H, W) integers, indices into `names`.
        names: Names of the classes; see `class_legend` for the key.
        image: (H, W, 3) uint8 RGB that shines through.
        title: Title of the panel.
        colours: RGB, 0 to 255, one for each class.
        plain: Classes without hatching, and without colour where there is an image; usually the
            background.

    >>> figure, axes = new_figure()
    >>> class_map(axes, np.array([[0, 1]]), ["cat", "dog"], title="Two pixels")
    >>> class_legend(figure, ["cat", "dog"])
    """
    labels, plain = check_labels(labels, len(names)), set(plain)
    if len(colours) < len(names):
        found = f"{len(colours)} for {len(names)} classes"
        raise ArrayError("colours", expected="one for each class", found=found)
    tint = np.asarray(colours, float)[labels]
    if image is not None:
        share = np.where(np.isin(labels, list(plain)), 0.0, 0.55)[..., None]
        tint = share * tint + (1 - share) * image
        axes.set_gid(_OVER_IMAGE)
    picture(axes, np.uint8(np.round(tint)), title)
    for index in range(len(names)):
        if index not in plain:
            hatch(axes, labels == index, HATCHES[index % len(HATCHES)])


def class_legend(
    figure: Figure,
    names: Sequence[str],
    *,
    colours: Sequence[tuple[int, int, int]] = COLOURS,
    plain: Iterable[int] = (),
) -> None:
    """The key to a figure's `class_map`s, below them; `colours` and `plain` as given to those.

    A class that is `plain` over an image has no paint of its own, which the key states.

    >>> figure, axes = new_figure()
    >>> class_map(axes, np.array([[0, 1]]), ["cat", "dog"])
    >>> class_legend(figure, ["cat", "dog"])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['cat', 'dog']
    """
    from matplotlib.patches import Patch

    plain, bare = set(plain), any(axes.get_gid() == _OVER_IMAGE for axes in figure.axes)
    patches = [
        Patch(
            facecolor="none" if bare and index in plain else unit(colours[index]),
            hatch=None if index in plain else HATCHES[index % len(HATCHES)],
            edgecolor="black",
            linestyle=":" if bare and index in plain else "-",
            label=f"{name} (not painted)" if bare and index in plain else name,
        )
        for index, name in enumerate(names)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(names), handlelength=2.5)


def show(
    figure: Figure, *, title: str, data: str, alt: str, place: str = "", update: bool = False
) -> None:
    """Display a figure with its title, the data it was made from and its alternative text.

    The picture is reduced to 256 colours, which the eye hardly notices and which keeps a notebook
    with twenty figures under 2 MB.

    Args:
        figure: Figure from `new_figure`; it is closed.
        title: Finding or question, in a few words.
        data: Data set and split, in words; shown under the title.
        alt: The finding, for somebody who cannot see the figure.
        place: Name of the figure's place on the page, if it is to be updated.
        update: Whether to replace the figure at `place`, as while a network is training.

    >>> figure, axes = new_figure()
    >>> picture(axes, np.eye(3, dtype=bool))
    >>> show(figure, title="A mask", data="made up", alt="A diagonal of three pixels.")
    <IPython.core.display.Image object>
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image as Picture
    from IPython.display import display
    from PIL import Image as PILImage

    if not (title.strip() and data.strip() and alt.strip()):
        raise ArrayError("title, data and alt", expected="text", found="an empty one")
    figure.suptitle(f"{title}\nData: {data}", fontsize=13)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI, facecolor="white")
    plt.close(figure)
    drawn = PILImage.open(buffer).convert("RGB")
    buffer = io.BytesIO()
    _reduced(drawn).save(buffer, "png", optimize=True)
    shown = Picture(data=buffer.getvalue(), metadata={"alt": alt})  # Colab's IPython: no `alt`
    display(shown, display_id=place or None, update=update)


def _reduced(drawn: PILImage.Image) -> PILImage.Image:
    """The same picture in 256 colours, spread over all that occur, so that details keep theirs.

    Pillow's default makes a cat's green eyes brown. A ninth of the pixels is enough to find them.
    """
    from PIL import Image as PILImage

    sample = PILImage.fromarray(np.asarray(drawn)[::3, ::3])
    palette = sample.quantize(256, method=PILImage.Quantize.MAXCOVERAGE, kmeans=2)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    white = int(colours.sum(axis=1).argmax())
    colours[white] = 255  # the page is white, not nearly white
    palette.putpalette(colours.ravel().tolist())
    indices = np.array(drawn.quantize(palette=palette, dither=PILImage.Dither.NONE))
    indices[(np.asarray(drawn) == 255).all(axis=2)] = white  # Pillow looks colours up coarsely
    reduced = PILImage.fromarray(indices)
    reduced.putpalette(colours.ravel().tolist())
    return reduced


def headline(**metrics: float | int | str) -> None:
    """Print a lab's main results and leave them in the notebook for `make labs` to collect.

    >>> headline(miou=0.8123)  # doctest: +ELLIPSIS
    {...'text/plain': 'miou = 0.812'}
    """
    from IPython.display import display

    texts = {name: f"{v:.3f}" if isinstance(v, float) else v for name, v in metrics.items()}
    lines = "\n".join(f"{name} = {text}" for name, text in texts.items())
    display({METRICS_MIME: metrics, "text/plain": lines}, raw=True)
