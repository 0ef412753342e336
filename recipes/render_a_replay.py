"""An episode as a small file, drawn afterwards in any view, with no graphics driver.

    python recipes/render_a_replay.py [CHECKPOINT]

Without a checkpoint, an untrained agent plays.
"""

from __future__ import annotations

import sys
from pathlib import Path

from griddly_lit import EpisodeReplay, GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, render_replay


def main(checkpoint: str | None = None, folder: Path = Path("runs/replay")) -> None:
    """Plays one episode, keeps its replay, and draws it three times.

    Args:
        checkpoint: Directory of a checkpoint whose agent plays.
        folder: Where the files go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if checkpoint is None:
        spec = GriddlyEnvSpec(
            yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml", max_steps=100
        )
        trainer = GriddlyTrainer(spec, ImpalaCNN(), seed=1)
    else:
        trainer = GriddlyTrainer.from_checkpoint(checkpoint)

    replay = trainer.play(level=0, path=folder / "global.mp4")
    replay.save(folder / "episode.json")

    # Later, or on another machine: the file holds the game, the seed and the actions.
    again = EpisodeReplay.load(folder / "episode.json")
    again.replay()  # raises ReplayError unless rewards and outcome are the same
    render_replay(again, folder / "agent.mp4", view=1)
    render_replay(folder / "episode.json", folder / "agent.gif", view=1, fps=5)
    print(f"{again.length} steps, return {again.returns[0]:.1f}: see {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
