"""A renderer of a user's own, in a module that the drawing process can import."""

import numpy as np

from griddly_lit import Renderer


class CountRenderer(Renderer):
    """Draws how many objects there are, as shades of red."""

    def __init__(self, document, info, observer, player, folders):
        self.player_count = info.player_count

    def render(self, game):
        picture = np.zeros((32, 48, 3), np.uint8)
        picture[..., 0] = 10 * len(game.state()["Objects"])
        return picture
