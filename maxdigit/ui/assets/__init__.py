"""The scripts and styles of Gradio's page: how they are served, and which of them browsers load ahead."""

from maxdigit.ui.assets.assets import Assets, preload_tags

__all__ = ["Assets", "preload_tags"]
