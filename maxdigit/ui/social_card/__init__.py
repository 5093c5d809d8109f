"""The picture that a chat or a social network shows for a link to the page."""

from maxdigit.ui.social_card.drawing import CARD, card_for, to_png
from maxdigit.ui.social_card.serving import SocialCards, card_tags

__all__ = ["CARD", "SocialCards", "card_for", "card_tags", "to_png"]
