"""The settings of training runs side by side, and their results beside the paper's."""

from maxdigit.ui.run_tables.run_tables import runs_table, settings_table

__all__ = ["runs_table", "settings_table"]
