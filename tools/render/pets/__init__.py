"""Generator of the toy pets: rendered cats and dogs with exact trimaps.

The command line is `python -m tools.render.pets --help`. `contract` defines the files of a picture,
`picture` renders one from a seed, `batch` renders all, `pack` writes the dataset. Modules that
import `blender` need Blender's Python module; `contract`, `selection`, `trimap`, `sensor`,
`implicit` and `pack` do not.
"""
