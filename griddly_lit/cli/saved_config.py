"""The ``config.yaml`` in a run's folder, which repeats the run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from griddly_lit import Callback, GriddlyTrainer
from griddly_lit.cli.commands import ENV
from griddly_lit.cli.config_file import config_text, read_config
from griddly_lit.cli.values import Values
from griddly_lit.errors import OptionError
from griddly_lit.whole_file import whole_file

CONFIG = "config.yaml"
_FOLDERS = ("gdy_path", "image_path", "shader_path")

_log = logging.getLogger("griddly_lit")


class SavedConfig(Callback):
    """Writes the options of a fit into its run's folder, where it has one.

    They hold what the run drew or found by itself: its seed, and the text of a game that does not
    come with Griddly, since its file may change. A fit that goes on in a run writes its options over
    those that are there, but does not say where it went on: the whole run is repeated from its start.

    Args:
        trainer: What the options made.
        values: The options.
    """

    def __init__(self, trainer: GriddlyTrainer, values: Values) -> None:
        self._trainer = trainer
        self._values = values

    def on_fit_start(self, trainer: Any) -> None:
        """Writes them."""
        folder = trainer.checkpoint_dir.parent
        if trainer.fast_dev_run or not (folder / "run.json").is_file():
            return
        try:
            config = self._config(folder)
            if config is not None:
                with whole_file(folder / CONFIG) as draft:
                    draft.write_text(config_text(config), "utf-8")
        except (OSError, OptionError) as error:
            _log.warning("%s cannot be written: %s", folder / CONFIG, error)

    def _config(self, folder: Path) -> dict[str, Any] | None:
        resumed_from = self._trainer.resumed_from
        goes_on = resumed_from is not None and _is_in(resumed_from, folder)
        has_env = any(name.startswith(ENV.group) for name in self._values.given)
        told = self._values.whole()
        config = told if has_env else {n: told[n] for n in self._values.given if n in told}
        config.pop("ckpt_path", None)
        if has_env:
            config["env"] = self._env(config["env"])
        elif goes_on:
            # A checkpoint's directory said the rest, and so does the run that it lies in.
            if not (folder / CONFIG).is_file():
                return None
            config = {**read_config(str(folder / CONFIG)), **config}
        if resumed_from is not None and not goes_on:
            config["ckpt_path"] = str(resumed_from.absolute())
        config.pop("seed", None)
        return {**config, "seed": self._trainer.seed}

    def _env(self, told: dict[str, Any]) -> dict[str, Any]:
        """Returns the environment's options, whole paths and the text of a game in place."""
        env = self._trainer.env
        found = {name: getattr(env, name) for name in _FOLDERS}
        text = told.pop("yaml_string", None)
        if env.game_dir is not None:
            found["yaml_file"] = str(Path(env.game_dir, Path(str(env.yaml_file)).name))
            text = env.text
        # The text last, as it is long.
        found["yaml_string"] = text
        return told | {name: value for name, value in found.items() if value is not None}


def _is_in(checkpoint: Path, folder: Path) -> bool:
    return checkpoint.absolute().parent.parent.resolve() == folder.resolve()
