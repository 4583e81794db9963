"""JupyterLab's configuration for `make lab`: what a reader opens and saves leaves git clean.

JupyterLab notes Python's version, and whatever else its extensions think of, in each notebook that
it opens, and saves two minutes later. Before a notebook of the course is saved, this puts back what
`tools.notebooks` stores; sources and outputs are saved as they are. JupyterLab runs this file.
"""

from __future__ import annotations

from typing import Any

from tools import notebooks


def before_saving(model: dict[str, Any], **_: Any) -> None:
    """Takes out of a notebook's metadata what says nothing about the lab.

    Args:
        model: What is about to be saved; changed in place.
    """
    if model["type"] != "notebook" or model["content"]["nbformat"] != 4:
        return
    content = model["content"]
    for key in notebooks.TRANSIENT_NOTEBOOK_METADATA:
        content["metadata"].pop(key, None)
    if content["metadata"].get("kernelspec", {}).get("name") == notebooks.KERNEL["name"]:
        content["metadata"]["kernelspec"] = dict(notebooks.KERNEL)
        content["metadata"]["language_info"] = dict(notebooks.LANGUAGE)
    for cell in content["cells"]:
        for key in notebooks.TRANSIENT_CELL_METADATA:
            cell["metadata"].pop(key, None)


if "get_config" in globals():  # JupyterLab runs this; a test imports it
    get_config().FileContentsManager.pre_save_hook = before_saving  # noqa: F821
