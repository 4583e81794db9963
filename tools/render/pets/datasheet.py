"""Two pictures for the datasheet of the toy pets: a contact sheet and the statistics.

It reads only the packed dataset. It rests on Pillow, Matplotlib and `helpers.figures`; the packer
calls it. No lab introduces it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from helpers import files
from tools.render.pets import contract
from tools.render.pets.contract import BREEDS, LONGER_SIDE
from tools.render.pets.overlay import overlay
from tools.render.pets.picture_files import jpeg
from tools.render.pets.trimap import class_shares
from tools.render.toy_pets import PetRecord, open_image, read_records

CONTACT_SHEET, STATISTICS = "contact_sheet.jpg", "statistics.png"
COLUMNS, ROWS = 10, 5
CLASSES = ("pet", "background", "border")


def draw_datasheet(folder: Path) -> None:
    """Write the contact sheet and the statistics of the dataset in `folder` beside it."""
    records = {split: list(read_records(split, folder)) for split in contract.SPLITS}
    sheet = contact_sheet(records["test"][: COLUMNS * ROWS])
    files.write_bytes(folder / CONTACT_SHEET, jpeg(sheet, quality=80))
    draw_statistics(records, folder / STATISTICS)


def contact_sheet(records: list[PetRecord], shrink: float = 0.7) -> np.ndarray:
    """Pictures in rows, each above a copy with its trimap and head box.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    cell = round(LONGER_SIDE * shrink) + 4
    rows = -(-len(records) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell, 2 * rows * cell), "white")
    for i, record in enumerate(records):
        image = open_image(record.image)
        shown = overlay(image, open_image(record.trimap), record.head_bbox)
        for below, pixels in enumerate((image, shown)):
            picture = Image.fromarray(pixels)
            size = tuple(round(side * shrink) for side in picture.size)
            at = (i % COLUMNS * cell, (2 * (i // COLUMNS) + below) * cell)
            sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), at)
    return np.asarray(sheet)


def draw_statistics(records: dict[str, list[PetRecord]], path: Path) -> None:
    """Class shares, share of the pet by picture, and pictures of each breed, by split."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from helpers.figures import BLUE, HATCHES, ORANGE, new_figure, unit

    figure, axes = new_figure(1, 3, size=(13, 4.2), width_ratios=(1, 1, 1.7))
    bottom = np.zeros(len(BREEDS))
    for i, (split, colour) in enumerate(zip(records, (BLUE, ORANGE), strict=True)):
        shares = np.array([class_shares(open_image(r.trimap)) for r in records[split]])
        style = {"color": unit(colour), "hatch": HATCHES[i], "edgecolor": "white", "label": split}
        at = np.arange(3) + 0.4 * (i - 0.5)
        axes[0].bar(at, 100 * shares.mean(axis=0), 0.38, **style)
        for x, share in zip(at, shares.mean(axis=0), strict=True):
            axes[0].text(x, 100 * share + 1, f"{100 * share:.0f}", ha="center")
        weights = np.full(len(shares), 100 / len(shares))
        axes[1].hist(
            100 * shares[:, 0], np.linspace(0, 80, 17), weights=weights, alpha=0.6, **style
        )
        counts = Counter(record.label for record in records[split])
        heights = np.array([counts[label] for label in range(len(BREEDS))])
        axes[2].bar(np.arange(len(BREEDS)), heights, 0.8, bottom=bottom, **style)
        bottom = bottom + heights
    axes[0].set_xticks(range(3), CLASSES)
    axes[0].set_ylabel("mean share of the pixels, %")
    axes[1].set_xlabel("share of class pet in a picture, %")
    axes[1].set_ylabel("pictures, %")
    axes[2].set_xticks(range(len(BREEDS)), BREEDS, rotation=90)
    axes[2].set_ylabel("pictures")
    axes[2].yaxis.get_major_locator().set_params(integer=True)
    axes[0].legend()
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
