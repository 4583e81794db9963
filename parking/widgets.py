"""The zone editor's buttons and sliders, for Jupyter and Colab.

Introduced in lab 5; `parking.editor` does the work. Only plain ipywidgets, no extension: a
picture, a slider for each coordinate of the chosen corner, and the polygon as JSON to type into or
paste. Rests on ipywidgets and Matplotlib.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import CourseError

if TYPE_CHECKING:
    import ipywidgets

    from parking.editor import ZoneEditor


def panel(editor: ZoneEditor, path: Path, kinds: Sequence[str]) -> ipywidgets.VBox:
    """All controls of an editor in one box."""
    return _Panel(editor, path, kinds).box


class _Panel:
    """Holds the widgets and keeps them in step with the editor."""

    def __init__(self, editor: ZoneEditor, path: Path, kinds: Sequence[str]) -> None:
        import ipywidgets as w

        self.editor, self.path, self._quiet = editor, path, False
        height, width = editor.image.shape[:2]
        self.picture = w.Image(format="png", layout=w.Layout(width="720px"))
        self.zone = w.Dropdown(description="zone")
        self.corner = w.IntSlider(description="corner", max=2)
        self.x = w.FloatSlider(description="x", max=width, step=0.5)
        self.y = w.FloatSlider(description="y", max=height, step=0.5)
        self.json = w.Textarea(description="as JSON", layout=w.Layout(width="720px"))
        self.name = w.Text(description="new zone", placeholder="name")
        self.kind = w.Dropdown(description="kind", options=list(kinds))
        self.said = w.HTML()
        for control in (self.zone, self.corner):
            control.observe(lambda _: self.refresh(), "value")
        for control in (self.x, self.y):
            control.observe(lambda _: self._do(self._move), "value")
        buttons = [
            self._button("add corner", lambda: editor.insert(self.zone.value, self.corner.value)),
            self._button(
                "delete corner", lambda: editor.delete(self.zone.value, self.corner.value)
            ),
            self._button("apply JSON", self._apply),
            self._button("delete zone", lambda: editor.remove(self.zone.value)),
            self._button("new zone", self._new),
            self._button("save", self._save),
        ]
        rows = [
            w.HBox([self.zone, self.corner]),
            w.HBox([self.x, self.y]),
            self.json,
            w.HBox([self.name, self.kind]),
            w.HBox(buttons),
        ]
        self.box = w.VBox([self.picture, *rows, self.said])
        self.refresh()

    def refresh(self) -> None:
        """Brings every widget in line with the editor."""
        if self._quiet:
            return
        self._quiet = True
        try:
            names = [zone.name for zone in self.editor.zones if len(zone.image)]
            if tuple(names) != tuple(self.zone.options):
                kept = self.zone.value if self.zone.value in names else None
                self.zone.options = names
                self.zone.value = kept or (names[0] if names else None)
            if self.zone.value is not None:
                (zone,) = [z for z in self.editor.zones if z.name == self.zone.value]
                self.corner.max = len(zone.image) - 1
                self.corner.value = min(self.corner.value, self.corner.max)
                self.x.value, self.y.value = map(float, zone.image[self.corner.value])
                self.json.value = json.dumps(zone.image.round(1).tolist())
            self.picture.value = self._drawn()
            problems = self.editor.problems()
            self.said.value = "<br>".join(problems) if problems else "All zones are sound."
        finally:
            self._quiet = False

    def _drawn(self) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 6.75), layout="constrained")
        FigureCanvasAgg(figure)
        self.editor.draw(figure.subplots(), selected=self.zone.value, corner=self.corner.value)
        stream = io.BytesIO()
        figure.savefig(stream, dpi=80)
        return stream.getvalue()

    def _button(self, text: str, action: Callable[[], str | None]) -> ipywidgets.Button:
        import ipywidgets as w

        button = w.Button(description=text)
        button.on_click(lambda _: self._do(action))
        return button

    def _do(self, action: Callable[[], str | None]) -> None:
        """Runs an action; what is wrong with it is said below the picture."""
        if self._quiet:
            return
        try:
            said = action()
        except (CourseError, OSError) as error:
            self.said.value = f"<b>{error}</b>"
            return
        self.refresh()
        if said:
            self.said.value = said

    def _move(self) -> None:
        self.editor.move(self.zone.value, self.corner.value, (self.x.value, self.y.value))

    def _apply(self) -> None:
        (zone,) = [z for z in self.editor.zones if z.name == self.zone.value]
        self.editor.add(zone.name, zone.kind, self.json.value, height=zone.height)

    def _new(self) -> str | None:
        height, width = self.editor.image.shape[:2]
        name = self.name.value.strip()
        if not name or name in {zone.name for zone in self.editor.zones}:
            return "<b>A new zone needs a name that no other zone has.</b>"
        left, top, right, bottom = width * 0.4, height * 0.6, width * 0.6, height * 0.8
        square = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.editor.add(name, self.kind.value, square)
        self.refresh()
        self.zone.value = name
        return None

    def _save(self) -> str:
        return f"Saved as {self.editor.save(self.path).name}."
