"""Execution of cells in this process, as in a notebook; for `tools.check` and for grading.

Both run student cells through this module, so that they agree on magics, `await` and outputs. Rests
on IPython.
"""

from __future__ import annotations

import base64
import json
from typing import Any

MAX_TEXT = 100_000
MAX_OUTPUT = 4_000_000


class Cells:
    """An IPython shell that runs cells and collects their outputs."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        class Shell(InteractiveShell):
            def enable_gui(self, gui: str | None = None) -> None:
                """Ignore requests for a window, as there is none."""

        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.cache_size = 0
        self.shell = Shell.instance(config=config)
        self.namespace = self.shell.user_ns
        self.error: dict | None = None
        self.shell._showtraceback = self._show  # every error passes through here

    def _show(self, kind: type, value: BaseException, lines: list[str]) -> None:
        text = "\n".join(lines)[-MAX_TEXT:]
        try:
            message = str(value)[:4000]
        except Exception:  # the student's own class may fail in __str__
            message = "an error whose message cannot be shown"
        self.error = {"ename": kind.__name__, "evalue": message, "traceback": text}

    def run(self, source: str) -> dict:
        """Run a cell.

        Returns:
            `ok`, and `outputs` in notebook format.
        """
        from IPython.utils.capture import capture_output

        self.error = None
        with capture_output() as captured:
            result = self.shell.run_cell(source, store_history=False)
            if not result.success and self.error is None:
                error = result.error_before_exec or result.error_in_exec
                self._show(type(error), error, [repr(error)])
        try:
            outputs = _outputs(captured)
        except Exception as error:  # the same of what it displays
            outputs = [_stream(f"The cell's output could not be kept: {type(error).__name__}.")]
        if self.error:
            trace = [self.error["traceback"]]
            outputs.append({"output_type": "error", **self.error, "traceback": trace})
        return {"ok": self.error is None, "outputs": outputs, "error": self.error}


def _outputs(captured: Any) -> list[dict]:
    """Outputs of a cell, in notebook format."""
    outputs = [
        {"output_type": "stream", "name": name, "text": text[:MAX_TEXT]}
        for name, text in (("stdout", captured.stdout), ("stderr", captured.stderr))
        if text
    ]
    for shown in captured.outputs:
        data = {str(kind): _text(value) for kind, value in (shown.data or {}).items()}
        metadata = json.loads(json.dumps(shown.metadata or {}, default=str))
        outputs.append({"output_type": "display_data", "data": data, "metadata": metadata})
    if len(json.dumps(outputs)) > MAX_OUTPUT:
        return [_stream("The cell's output was too long to keep.")]
    return outputs


def _stream(text: str) -> dict:
    return {"output_type": "stream", "name": "stderr", "text": text}


def _text(value: Any) -> Any:
    """Display data as JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if isinstance(value, (str, dict, list)) else str(value)
