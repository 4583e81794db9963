"""Generators of the two bundled datasets.

`pets` renders the toy pets and `street` renders Kerbside. Both need Blender's Python module and are
never imported by labs, helpers or ordinary tests: the rendered files are part of the repository.
`make data` runs both; `requirements/render.txt` lists their requirements.
"""
