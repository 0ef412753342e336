"""``griddly-lit info``, of games that come with Griddly and of others."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from griddly_lit.cli import main

GAMES = Path(__file__).parents[1] / "games"
GRIDMAN = Path(__file__).parents[2] / "recipes" / "games" / "gridman.yaml"


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def shown(capsys, *words):
    assert main(["info", *words]) == 0
    return capsys.readouterr().out


def test_a_bundled_game(capsys, tmp_path):
    text = shown(capsys, "Single-Player/GVGAI/zelda.yaml", f"--pictures={tmp_path}")
    for part in (
        "1, each steers its avatar",
        "2: 30 × 9",
        "level 2: (9, 30, 6)",
        "attack_fire, avatar, goal",
        "type of 2, id of 5",
        "types: 0 move, 1 attack",
        "2: Move forwards",
        "1: attack front",
        "win: eq: ['goal:count', 0]",
        "lose: eq: ['avatar:count', 0]",
    ):
        assert part in text, part
    pictures = [np.asarray(Image.open(tmp_path / f"level_{n}.png")) for n in range(3)]
    assert [picture.shape[1] / picture.shape[0] for picture in pictures] == [13 / 9, 13 / 9, 30 / 9]
    assert all(picture.std() > 10 for picture in pictures)


def test_a_game_without_avatars(capsys):
    text = shown(capsys, "RTS/GriddlyRTS.yaml")
    assert "2, who move units on the grid" in text
    assert "x of 57, y of 58, type of 6, id of 5" in text
    assert "1: left" in text


def test_a_game_of_ones_own(capsys, tmp_path):
    text = shown(capsys, str(GRIDMAN), f"--pictures={tmp_path}")
    assert "4, each steers its runner" in text
    assert "GridmanView (VECTOR)" in text
    assert "win: eq: [cleared, 1]" in text
    assert len(list(tmp_path.glob("level_*.png"))) == 2


@pytest.mark.parametrize("path", sorted(GAMES.glob("*.yaml")), ids=lambda path: path.stem)
def test_games_of_other_forms(path, capsys):
    text = shown(capsys, str(path))
    assert "ends by" in text
    assert "0: nothing" in text
