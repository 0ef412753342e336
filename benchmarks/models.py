"""Which of the models learns best? SimpleConv, GAP, ImpalaCNN and SimpleConv with an LSTM on seven games.

    python benchmarks/models.py [--out FOLDER] [--max_env_steps N] [--seeds N] [--games …] [--dry_run]

It is a study by ``griddly_lit.compare``: call it again to go on where it was. With ``--keep`` the tables and
the report go to ``benchmarks/results/models``. It keeps no videos, as they would show sprites.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from griddly_lit import GAP, LSTM, GriddlyEnvSpec, ImpalaCNN, SimpleConv, compare
from machine import RESULTS

MODELS = {
    "SimpleConv": SimpleConv(),
    "GAP": GAP(),
    "ImpalaCNN": ImpalaCNN(),
    "SimpleConv + LSTM": SimpleConv(memory=LSTM(256)),
}
# Name: file, held-out levels, step limit. bait and zelda have levels of different sizes; foragers has four
# players; of a game called partial, agents see a part.
GAMES: dict[str, tuple[str, list[int], int]] = {
    "clusters, partial": ("Single-Player/GVGAI/clusters_partially_observable.yaml", [4], 200),
    "labyrinth, partial": ("Single-Player/GVGAI/labyrinth_partially_observable.yaml", [4], 300),
    "sokoban2, partial": ("Single-Player/GVGAI/sokoban2_partially_observable.yaml", [4], 200),
    "bait": ("Single-Player/GVGAI/bait.yaml", [4], 200),
    "zelda": ("Single-Player/GVGAI/zelda.yaml", [2], 200),
    "cookmepasta": ("Single-Player/GVGAI/cookmepasta.yaml", [5], 300),
    "foragers": ("Multi-Agent/foragers.yaml", [2], 200),
}
KEPT = ("report.html", "report.md", "results.parquet", "runs.csv", "study.json")


def main() -> None:
    """Runs the study."""
    parser = argparse.ArgumentParser(description="The models compared.")
    parser.add_argument("--out", default="runs/models")
    parser.add_argument("--max_env_steps", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--runs_at_once", type=int, default=None)
    parser.add_argument("--episodes", type=int, default=10, help="of validations, on each level")
    parser.add_argument("--dry_run", action="store_true", help="say how long it will take")
    parser.add_argument("--keep", action="store_true", help="copy the result into the repository")
    arguments = parser.parse_args()
    study = compare(
        MODELS,
        {
            name: GriddlyEnvSpec(
                yaml_file=file, levels="random", test_levels=held_out, max_steps=most
            )
            for name, (file, held_out, most) in GAMES.items()
            if name in arguments.games
        },
        arguments.seeds,
        arguments.max_env_steps,
        arguments.out,
        validation_episodes=arguments.episodes,
        runs_at_once=arguments.runs_at_once,
        dry_run=arguments.dry_run,
    )
    print(study)
    if arguments.keep and not arguments.dry_run:
        place = RESULTS / "models"
        place.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copy(Path(arguments.out, name), place)
        shutil.copytree(Path(arguments.out, "figures"), place / "figures", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
