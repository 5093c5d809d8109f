"""A training run played back: its curves with a moving mark, and what the network answered along the way."""

from maxdigit.ui.replay.replay import Answers, Replay, replay_message, replay_value

__all__ = ["Answers", "Replay", "replay_message", "replay_value"]
