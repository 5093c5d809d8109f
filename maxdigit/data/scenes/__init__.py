"""Coloured scenes with writing in them, and the truth of where the ink is: what the ink finder learns from.

``writing`` puts digits in place, ``surrounds`` draws frames and bubbles around them, ``surfaces`` gives what they are
written on and what lies around it, ``camera`` is what happens to the picture afterwards, and ``scene`` puts them
together.
"""

from maxdigit.data.scenes.scene import SCENE_KINDS, SCENE_SIZE, Scene, make_scene

__all__ = ["SCENE_KINDS", "SCENE_SIZE", "Scene", "make_scene"]
