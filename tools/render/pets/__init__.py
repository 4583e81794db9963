"""The generator of the toy pets: rendered cats and dogs with exact trimaps.

`python -m tools.render.pets --help` is its command line. `contract` says what a picture is,
`picture` makes one from a seed, `batch` makes all, `pack` writes the dataset. Modules that import
`blender` need Blender's Python module; `contract`, `selection`, `trimap`, `sensor`, `implicit` and
`pack` do not.
"""
