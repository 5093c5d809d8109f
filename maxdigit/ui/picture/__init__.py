"""Pictures as HTML, with boxes and heat maps laid over them."""

from maxdigit.ui.picture.picture import boxed, data_url, heat_url, heated, photo_url, picture_tag

__all__ = ["boxed", "data_url", "heat_url", "heated", "photo_url", "picture_tag"]
