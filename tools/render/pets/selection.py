"""Selection of the rendered pictures for the dataset, by fixed rules and in seed order.

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

    A picture is accepted if `contract.rejection` returns None, if its species does not yet fill its
    half of the split, and if it is not a near-duplicate of a picture already accepted in either
    split.

    Raises:
        NotEnoughFrames: A split cannot be filled from the pictures in `folder`.
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
