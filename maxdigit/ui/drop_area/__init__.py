"""The place where files and folders of any number are dropped."""

from maxdigit.ui.drop_area.drop_area import MOST_FILES, DropArea, Dropped, dropped

__all__ = ["MOST_FILES", "DropArea", "Dropped", "dropped"]
