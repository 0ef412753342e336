"""A process that trains is quiet, and never meets gym."""

import subprocess
import sys

BUTTERFLIES = "Single-Player/GVGAI/butterflies.yaml"
SCRIPT = """
import sys
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer
spec = GriddlyEnvSpec(yaml_file="{game}", max_steps=10)
trainer = GriddlyTrainer(
    spec, "GAP", fast_dev_run=True, enable_progress_bar={progress}, enable_model_summary=False,
    num_env_runners={runners}, seed=1, {options}
)
trainer.fit()
print([name for name in ("gym", "griddly") if name in sys.modules])
"""


def run(tmp_path, game=BUTTERFLIES, options="", **values):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(game=game, options=options, **values)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )


def test_nothing_of_gyms_rllibs_or_rays_notices_is_printed(tmp_path):
    shown = run(tmp_path, progress=False, runners=1)
    assert shown.stdout == "[]\n"
    assert shown.stderr == ""


def test_the_engines_warnings_do_not_break_the_progress_display(tmp_path):
    shown = run(tmp_path, progress=True, runners=0)
    assert shown.stdout == "[]\n"
    assert [line[:9] for line in shown.stderr.strip().splitlines()] == ["env steps"]


def test_several_policies_are_as_quiet(tmp_path):
    options = """policies="independent", valid_actions="tree",
    training={"agent_1": {"lr": 1e-3}}, train_policies=["agent_1", "agent_2"]"""
    game = "Multi-Agent/foragers.yaml"
    shown = run(tmp_path, game, options, progress=False, runners=1)
    assert shown.stdout == "[]\n"
    assert shown.stderr == ""
