"""A table that is sorted by pressing the name of a column."""

from maxdigit.ui.sortable_table.sortable_table import Column, SortableTable, sortable

__all__ = ["Column", "SortableTable", "sortable"]
