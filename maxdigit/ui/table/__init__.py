"""Tables as HTML."""

from maxdigit.ui.table.table import Cell, Row, table

__all__ = ["Cell", "Row", "table"]
