"""Levels that a generator makes, replayed by how much the agent still learns from them.

    python recipes/generated_levels.py

The generator makes maps of Clusters that can be won: boxes have to be pushed against a block of their
colour, and around spikes. ``PrioritizedLevels`` plays 200 of them, tests are on others.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np

from griddly_lit import GeneratedLevels, GriddlyEnvSpec, GriddlyTrainer, PrioritizedLevels

Cell = tuple[int, int]
LARGEST = (10, 13)
SMALLEST = (7, 9)
MOST_SPIKES = 8
# The map characters of a block and its boxes, by colour.
COLOURS = (("a", "1"), ("b", "2"), ("c", "3"))
DIRECTIONS = ((0, 1), (1, 0), (0, -1), (-1, 0))


class Push(NamedTuple):
    """A straight push: from where, in which direction, and how many steps."""

    stand: Cell
    direction: Cell
    steps: int


class Clusters:
    """Makes maps of Clusters that can be won.

    Each box gets a way of its own to the block of its colour, straight or with one corner. Nothing
    else stands on the ways, and every place to push from can be reached with all boxes where they
    are at first or at last; so the boxes can be brought home one after the other.

    Args:
        config: ``boxes``, the most of one colour (default 3).

    Attributes:
        plan: The pushes that win the last map.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.most_boxes = int(config.get("boxes", 3))
        self.plan: list[Push] = []

    def generate(self, rng: np.random.Generator) -> str:
        """Returns a level string."""
        while True:
            height = int(rng.integers(SMALLEST[0], LARGEST[0] + 1))
            width = int(rng.integers(SMALLEST[1], LARGEST[1] + 1))
            level = _Map(height, width, rng)
            for colour in rng.permutation(3)[: rng.integers(1, 4)].tolist():
                level.add_cluster(*COLOURS[colour], int(rng.integers(1, self.most_boxes + 1)))
            if level.plan and level.add_avatar() and level.add_spikes():
                self.plan = level.plan
                return level.text()


class _Map:
    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self.height, self.width, self.rng = height, width, rng
        self.objects: dict[Cell, str] = {}
        # What has to stay empty, and where boxes stand at some time.
        self.ways: set[Cell] = set()
        self.stops: set[Cell] = set()
        self.plan: list[Push] = []
        self.avatar: Cell = (0, 0)

    def add_cluster(self, block: str, box: str, boxes: int) -> None:
        home = self.any_cell()
        if not self.is_free(home):
            return
        added = 0
        self.objects[home] = block
        for number in self.rng.permutation(4)[:boxes].tolist():
            added += self.add_box(home, DIRECTIONS[number], box)
        if not added:
            del self.objects[home]

    def add_box(self, home: Cell, out: Cell, box: str) -> bool:
        """Adds a box whose way leads away from its block in a direction."""
        distance = int(self.rng.integers(1, 6))
        # The last push goes against the block, and turns the box into one.
        last = Push(_moved(home, out, distance + 1), (-out[0], -out[1]), distance)
        way = [_moved(home, out, n) for n in range(1, distance + 2)]
        stops, pushes = {way[0], way[-2]}, [last]
        if self.rng.random() < 0.5:
            corner, sign = way[-2], int(self.rng.choice([-1, 1]))
            side = (sign * out[1], sign * out[0])
            aside = int(self.rng.integers(1, 4))
            bend = [_moved(corner, side, n) for n in range(1, aside + 2)]
            pushes = [Push(bend[-1], (-side[0], -side[1]), aside), last]
            stops.add(bend[-2])
            way += bend
        start = pushes[0]
        first = _moved(start.stand, start.direction, 1)
        if not all(self.is_free(cell) for cell in way):
            return False
        self.ways.update(way)
        self.stops |= stops
        self.objects[first] = box
        self.plan += pushes
        return True

    def add_avatar(self) -> bool:
        free = self.free_cells()
        if free:
            self.avatar = free[int(self.rng.integers(len(free)))]
            self.objects[self.avatar] = "A"
        return bool(free)

    def add_spikes(self) -> bool:
        """Adds spikes that cut nothing off; returns whether the map can be won."""
        for _ in range(int(self.rng.integers(MOST_SPIKES + 1))):
            cell = self.any_cell()
            if self.is_free(cell):
                self.objects[cell] = "h"
                if not self.can_be_won():
                    del self.objects[cell]
        return self.can_be_won()

    def can_be_won(self) -> bool:
        reached, open_cells = {self.avatar}, deque([self.avatar])
        blocked = (self.objects.keys() - {self.avatar}) | self.stops
        while open_cells:
            cell = open_cells.popleft()
            for direction in DIRECTIONS:
                beside = _moved(cell, direction, 1)
                if self.is_inside(beside) and beside not in blocked | reached:
                    reached.add(beside)
                    open_cells.append(beside)
        return all(push.stand in reached for push in self.plan)

    def any_cell(self) -> Cell:
        return (
            int(self.rng.integers(1, self.height - 1)),
            int(self.rng.integers(1, self.width - 1)),
        )

    def is_inside(self, cell: Cell) -> bool:
        return 0 < cell[0] < self.height - 1 and 0 < cell[1] < self.width - 1

    def is_free(self, cell: Cell) -> bool:
        return self.is_inside(cell) and cell not in self.objects and cell not in self.ways

    def free_cells(self) -> list[Cell]:
        cells = ((row, column) for row in range(self.height) for column in range(self.width))
        return [cell for cell in cells if self.is_free(cell)]

    def text(self) -> str:
        rows = []
        for row in range(self.height):
            cells = [(row, column) for column in range(self.width)]
            # With blanks between: a digit behind a character would be a player's number.
            rows.append(
                " ".join(self.objects.get(c, "." if self.is_inside(c) else "w") for c in cells)
            )
        return "\n".join(rows)


def _moved(cell: Cell, direction: Cell, steps: int) -> Cell:
    return cell[0] + steps * direction[0], cell[1] + steps * direction[1]


def main(**options: Any) -> None:
    """Trains and tests; ``options`` go to the trainer over those below."""
    generated = GeneratedLevels(Clusters, {"boxes": 2}, largest=LARGEST)
    game = {
        "yaml_file": "Single-Player/GVGAI/clusters_partially_observable.yaml",
        "max_steps": 200,
    }
    defaults: dict[str, Any] = {"max_env_steps": 500_000, "seed": 1}
    trainer = GriddlyTrainer(
        GriddlyEnvSpec(levels=PrioritizedLevels(generated, capacity=200), **game),
        "SimpleConv",
        **{**defaults, **options},
    )
    result = trainer.fit()
    other = GriddlyTrainer(GriddlyEnvSpec(levels=generated, **game), "SimpleConv", logger=False)
    test = other.test(episodes_per_level=100, ckpt_path=result.last_path)
    low, high = test.return_interval
    print(f"100 other levels: return {test.return_mean:.2f}, 95 % interval {low:.2f} … {high:.2f}")


if __name__ == "__main__":
    main()
