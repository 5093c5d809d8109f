"""A training run played back: its curves with a moving mark, and what the network answered along the way."""

from maxdigit.ui.replay.replay import Answers, Replay, shown_replay, told_replay

__all__ = ["Answers", "Replay", "shown_replay", "told_replay"]
