"""Times our NumPy renderer against the engine's Vulkan renderer, on every bundled game.

Both draw the same states of the same game in one process, turn by turn. A Vulkan driver is needed;
Debian's software driver comes with ``apt-get install libvulkan1 mesa-vulkan-drivers``.

    python benchmarks/rendering.py [--steps 50]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from griddly_lit import engine
from griddly_lit.recording.renderers import Renderer, make_renderer, needed_observers
from machine import circumstances, write_result

SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50, help="frames of each view")
    steps = parser.parse_args().steps
    rows = []
    print(f"{'game':<52} {'view':<7} {'pixels':>10} {'vulkan ms':>10} {'numpy ms':>9} {'ratio':>6}")
    for name in engine.bundled_games():
        for view, player in (("global", None), ("player", 0)):
            row = {"game": name, "view": view, **measure(name, player, steps)}
            rows.append(row)
            print(
                f"{name:<52} {view:<7} {row['pixels']:>10} {row['vulkan_ms']:>10.2f} "
                f"{row['numpy_ms']:>9.2f} {row['ratio']:>6.1f}",
                flush=True,
            )
    medians = {
        view: round(statistics.median(row["ratio"] for row in rows if row["view"] == view), 1)
        for view in ("global", "player")
    }
    print(f"median ratio: {medians}")
    write_result(
        "rendering",
        {**circumstances(), "steps": steps, "median_ratio": medians, "rows": rows},
    )


def measure(name: str, player: int | None, steps: int) -> dict[str, object]:
    """Returns the median cost of a frame of both renderers, the first frame left out."""
    text = engine.read_game(name)
    document = engine.parse_game(text, name)
    info, _ = engine.probe(text, document, name, "Vector")
    ours = make_renderer(document, info, observer="Sprite2D", player=player)
    theirs = make_renderer(document, info, observer="Sprite2D", player=player, renderer="vulkan")
    game = engine.Game(engine.load_gdy(text), info, **needed_observers(info, (ours, theirs)))
    # Every level has its own size, and an RTS's places must lie on the level's grid.
    nvec = info.action_nvec_on(*info.grid_sizes[0])
    rng = np.random.default_rng(SEED)
    game.reset(0, SEED)
    first = [cost(renderer, game) for renderer in (theirs, ours)]
    costs = []
    for _ in range(steps):
        actions = rng.integers(0, nvec, size=(info.player_count, len(nvec)))
        if game.step(actions).terminated:
            game.reset(0, SEED)
        costs.append([cost(renderer, game) for renderer in (theirs, ours)])
    height, width, _ = ours.render(game).shape
    game.close()
    vulkan, numpy = (statistics.median(column) for column in zip(*costs, strict=True))
    return {
        "pixels": f"{width}x{height}",
        "vulkan_ms": round(vulkan, 3),
        "numpy_ms": round(numpy, 3),
        "ratio": round(vulkan / numpy, 2),
        "vulkan_first_ms": round(first[0], 1),
        "numpy_first_ms": round(first[1], 1),
    }


def cost(renderer: Renderer, game: engine.Game) -> float:
    """Returns the milliseconds that one frame takes."""
    start = time.perf_counter()
    renderer.render(game)
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
