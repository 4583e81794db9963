"""JupyterLab configuration for `make lab`: opening and saving notebooks leaves git clean.

JupyterLab and its extensions write the Python version and other metadata into each notebook that is
opened, and save it two minutes later. Before a notebook of the course is saved, this hook restores
the metadata of `tools.notebooks`; sources and outputs are saved unchanged. JupyterLab runs this
file.
"""

from __future__ import annotations

from typing import Any

from tools import notebooks


def before_saving(model: dict[str, Any], **_: Any) -> None:
    """Remove metadata that is unrelated to the lab.

    Args:
        model: Contents model to be saved; changed in place.
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
