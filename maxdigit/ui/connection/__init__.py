"""Pages on bad connections, and pages that outlive the server."""

from maxdigit.ui.connection.connection import loading_script, script

__all__ = ["loading_script", "script"]
