"""Pages on bad connections, and pages that outlive the server."""

from maxdigit.ui.connection.connection import loading_head, script

__all__ = ["loading_head", "script"]
