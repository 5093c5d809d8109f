"""What the tests of training share. Imports no framework."""

from __future__ import annotations

from maxdigit.training.recipes import Recipe, get_recipe


def tiny(model: str, name: str = "tuned", **changes) -> Recipe:
    """A run of seconds: the same 16 textured pictures again and again."""
    settings = {
        "kinds": {"textured": 1.0},
        "fresh": False,
        "schedule": "constant",
        "warp": 0.0,  # each process distorts its part of a batch in its own way
        "epochs": 3,
        "train_pictures": 16,
        "validation_pictures": 8,
        "batch_size": 8,
    }
    if name == "paper":
        settings["fits"] = 1
    return get_recipe(model, name, **{**settings, **changes})
