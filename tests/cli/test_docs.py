"""What docs/command_line.md shows is run, word for word, small by overrides."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml

from griddly_lit import EpisodeReplay
from griddly_lit.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"
SMALL = [
    "--max_env_steps=128",
    "--env.max_steps=20",
    "--training.train_batch_size_per_learner=128",
    "--training.minibatch_size=64",
    "--training.num_epochs=1",
    "--num_envs_per_env_runner=8",
    "--enable_progress_bar=false",
    "--enable_model_summary=false",
]
NETS = """
from torch import nn

class Small(nn.Module):
    def __init__(self, observation_shape, num_logits, width=8):
        super().__init__()
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.usefixtures("ray_once")
def test_every_snippet(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    config, classes = blocks("yaml")
    Path("run.yaml").write_text(config)
    Path("classes.yaml").write_text(classes)
    Path("my_nets.py").write_text(NETS)
    EpisodeReplay(
        text=(PAGE.parents[1] / "recipes/games/gridman.yaml").read_text("utf-8"),
        level=0,
        seed=1,
        actions=np.zeros((2, 4, 1), dtype=np.int64),
        rewards=np.zeros((2, 4), dtype=np.float32),
        terminated=False,
        truncated=False,
        outcomes=(),
        max_steps=None,
        player_observers=("GridmanView", *["ChaserView"] * 3),
        global_observer="Block2D",
    ).save("episode.json")
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(lines) == 13
    for line in lines:
        program, command, *words = shlex.split(line)
        assert program == "griddly-lit"
        if command == "fit" and "--print_config" not in words:
            words += SMALL
            if "--ckpt_path" in words:
                words += ["--max_env_steps=256"]
        if command == "test":
            words += ["--episodes_per_level=1"]
        capfd.readouterr()
        assert main([command, *words]) == 0, line
        if "--print_config" in words:
            assert yaml.safe_load(capfd.readouterr().out)["env"]["max_steps"] == 1000
    capfd.readouterr()
    assert main(["fit", "--config=run.yaml", "--config=classes.yaml", "--print_config"]) == 0
    logger = yaml.safe_load(capfd.readouterr().out)["logger"]
    assert [each["class_path"].rpartition(".")[2] for each in logger] == [
        "CSVLogger",
        "WandbLogger",
    ]
    assert Path("episode.mp4").stat().st_size > 1000
    assert Path("agent.gif").is_file()
    assert len(list(Path("levels").glob("*.png"))) == 3
