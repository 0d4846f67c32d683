"""How the prompt's document is wrapped and drawn: Textual's text area, but fast where a line is long, and terse.

Textual takes a whole line apart for every row of it that it draws: with 20 kB in one line a key cost 35 ms of CPU, in
Chinese 65 ms. Here a row costs what is in it. And it draws everything at every key, border included: 1160 bytes on 120
columns, which SSH carries. Here only rows that may have changed are drawn.

For that this file and prompt.py, and no other, use names of TextArea and its document that Textual keeps to itself; the
properties over keys in tests/widgets/test_prompt.py fail where they change.
"""

from __future__ import annotations

import itertools
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.expand_tabs import expand_text_tabs_from_widths
from textual.geometry import Offset, Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import DocumentNavigator, Edit, EditResult, Location, Selection, WrappedDocument

from tui.widgets.pastes import tokens_in
from tui.widgets.prompt_text import shown


class _Wrapped(WrappedDocument):
    """Textual's, but its height is known and a line's rows are slices."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        # A scrollbar that appears makes Textual ask three times. Every edit comes through wrap_range.
        if not self._offset_to_line_info or (width, tab_width or self._tab_width) != (self._width, self._tab_width):
            super().wrap(width, tab_width)

    def location_to_offset(self, location: Location) -> Offset:
        """As Textual's, which fails for the line behind the last: where the cursor is after lines were taken back."""
        line, column = location
        return super().location_to_offset((min(line, max(0, len(self._line_index_to_offsets) - 1)), column))

    def get_sections(self, line_index: int) -> list[str]:
        line = self.document.get_line(line_index)
        borders = [0, *self.get_offsets(line_index), len(line)]
        return [line[start:end] for start, end in itertools.pairwise(borders)]

    def last_row(self, line_index: int) -> int:
        """The last row of a line."""
        return self._line_index_to_offsets[line_index][-1]

    def row(self, y: int) -> tuple[int, int, int, bool]:
        """Of row `y`: its line, the columns in that where it begins and ends, and whether it is the line's last."""
        line_index, section = self._offset_to_line_info[y]
        offsets = self.get_offsets(line_index)
        is_last = section == len(offsets)
        end = len(self.document.get_line(line_index)) if is_last else offsets[section]
        return line_index, offsets[section - 1] if section else 0, end, is_last

    def tabs_in_row(self, line_index: int, start: int, end: int) -> list[int]:
        """Cells of each tab between two columns of a line."""
        line = self.document.get_line(line_index)
        before = line.count("\t", 0, start)
        return self.get_tab_widths(line_index)[before : before + line.count("\t", start, end)]


class PromptArea(TextArea, inherit_bindings=False):
    """A text area without gutter, highlighting and brackets, for text that `prompt_text` holds."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt--paste"}

    # As in TextArea, but it does not repaint everything: `_watch_selection` says what.
    selection: reactive[Selection] = reactive(Selection(), init=False, always_update=True, repaint=False)

    _drawn: tuple[Region, list[Strip]] | None = None

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.wrapped_document: _Wrapped = _Wrapped(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._rewrap_and_refresh_virtual_size()

        self.refresh()

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        # Textual's compares what it keeps with something else, and lays out scrollbars with every row of an answer.
        if size == self._size and self._container_size == size - self.styles.gutter.totals:
            return False
        return super()._size_updated(size, virtual_size, container_size, layout)

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        self._drawn = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in `crop`: they are asked for with every row that is drawn anywhere above them."""
        if self._drawn is None or self._drawn[0] != crop:
            self._drawn = crop, super().render_lines(crop)
        return self._drawn[1]

    def _watch_selection(self, previous_selection: Selection, selection: Selection) -> None:
        row = self._cursor_offset[1]
        super()._watch_selection(previous_selection, selection)
        if previous_selection.is_empty and selection.is_empty:
            self.refresh_lines(row)
            self.refresh_lines(self._cursor_offset[1])
        else:
            self.refresh()

    def edit(self, edit: Edit) -> EditResult:
        """Perform an edit."""
        height = self.wrapped_document.height
        was_empty = self.document.end == (0, 0)
        first = self.wrapped_document.location_to_offset(edit.top).y
        result = super().edit(edit)
        line = edit.top[0]
        is_in_line = line == edit.bottom[0] == result.end_location[0] and height == self.wrapped_document.height
        if is_in_line and not was_empty and self.document.end != (0, 0):
            # What stands below moves with every key, and the row where it begins may lose its last word to it.
            first = min(first, self.wrapped_document.location_to_offset(edit.top).y)
            self.refresh_lines(first, self.wrapped_document.last_row(line) + 1 - first)
        else:
            self.refresh()
        return result

    def undo(self) -> None:
        """Take the last edits back."""
        super().undo()
        self.refresh()

    def redo(self) -> None:
        """Do again what was taken back."""
        super().redo()
        self.refresh()

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """None: a message is no code, and the search would read all of it at every step of the cursor."""
        return None

    def _render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        if y >= self.wrapped_document.height:
            return Strip.blank(self.size.width, self.rich_style)
        line_index, start, end, is_last = self.wrapped_document.row(y)
        line = self.document.get_line(line_index)
        # The cursor may stand behind a line's last character; a selection that goes on below shows there, too.
        text = Text(shown(line[start:end]) + " " * is_last, end="", no_wrap=True)

        def paint(style: Style | None, first: int, last: int) -> None:
            if style and last > start:
                text.stylize(style, max(0, first - start), last - start)

        for first, last in tokens_in(line):
            paint(self.get_component_rich_style("prompt--paste"), first, last)
        (top, top_column), (bottom, bottom_column) = sorted(self.selection)
        if not self.selection.is_empty and top <= line_index <= bottom:
            first = top_column if line_index == top else 0
            paint(self._theme.selection_style, first, bottom_column if line_index == bottom else len(line) + 1)
        cursor_line, cursor = self.cursor_location
        if self._draw_cursor and cursor_line == line_index and start <= cursor < end + is_last:
            paint(self._theme.cursor_style, cursor, cursor + 1)
        if "\t" in text.plain:
            text = expand_text_tabs_from_widths(text, self.wrapped_document.tabs_in_row(line_index, start, end))
        strip = Strip(text.render(self.app.console), text.cell_len)
        return strip.extend_cell_length(self.scrollable_content_region.width).apply_style(self.rich_style)
