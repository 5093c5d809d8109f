"""Coloured scenes with writing, and the true position of the ink: the training data of the ink finder.

``writing`` draws digits, ``surrounds`` frames and bubbles around them, ``surfaces`` the sheet and what lies around it,
``camera`` adds light, lens, noise and compression, and ``scene`` puts all of them together.
"""

from maxdigit.data.scenes.scene import SCENE_KINDS, SCENE_SIZE, Scene, make_scene

__all__ = ["SCENE_KINDS", "SCENE_SIZE", "Scene", "make_scene"]
