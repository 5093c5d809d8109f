"""Pages that outlive the server."""

from maxdigit.ui.connection.connection import script

__all__ = ["script"]
