"""The game of a visitor against the network: who names the largest digit of twenty pictures."""

from maxdigit.ui.duel.duel import Duel
from maxdigit.ui.duel.rules import ROUNDS, SECONDS, STAGES, Stage, stage_of

__all__ = ["ROUNDS", "SECONDS", "STAGES", "Duel", "Stage", "stage_of"]
