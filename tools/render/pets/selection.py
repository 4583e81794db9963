"""Chooses which rendered pictures enter the dataset, by written rules and in the order of seeds.

It rests on `contract` for the rule of one picture, and on NumPy and Pillow for comparing pictures
with one another. No lab introduces it.
"""

from __future__ import annotations

from pathlib import Path

from tools.render.pets import contract
from tools.render.pets.contract import SPECIES, SPLITS, Frame, NotEnoughFrames, Split
from tools.render.toy_pets import MAX_TWIN_DISTANCE, difference_hash, hash_distance, open_image


def select(folder: Path) -> dict[str, list[Frame]]:
    """Accepted pictures per split, ordered by seed.

    A picture is taken if `contract.rejection` found nothing wrong with it, if its species still
    has room in the split (half each), and if it does not look like a picture taken before it in
    either split.

    Raises:
        NotEnoughFrames: if a split cannot be filled from the pictures in `folder`.
    """
    hashes: list[int] = []
    return {name: _select_split(folder, split, hashes) for name, split in SPLITS.items()}


def _select_split(folder: Path, split: Split, hashes: list[int]) -> list[Frame]:
    room = {species: split.pictures // len(SPECIES) for species in SPECIES}
    chosen = []
    for seed in split.seeds:
        frame = contract.read_frame(folder, seed)
        if frame is None or frame.rejected or not room[frame.species]:
            continue
        hash_ = difference_hash(open_image(contract.frame_paths(folder, seed)[0].read_bytes()))
        if any(hash_distance(hash_, other) <= MAX_TWIN_DISTANCE for other in hashes):
            continue
        hashes.append(hash_)
        room[frame.species] -= 1
        chosen.append(frame)
    if any(room.values()):
        raise NotEnoughFrames(
            f"split {split.name!r} needs {split.pictures} pictures, but {folder} holds only "
            f"{len(chosen)} that pass the rules (missing: {room}). Render the rest with "
            "`python -m tools.render.pets --all --frames DIR`, or raise `candidates` in "
            "tools/render/pets/contract.py."
        )
    return chosen
