"""What the labs import, from masks and metrics to models; the case study is in `parking`.

`import helpers` is fast and imports neither TensorFlow nor Matplotlib. Every lab starts with
`helpers.setup()`, which is in `helpers.environment`.
"""

from helpers.environment import BUILD, DATA, ROOT, fetch, setup

__all__ = ["BUILD", "DATA", "ROOT", "fetch", "setup"]
