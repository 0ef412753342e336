"""``compare``: models on games with seeds, from one call to a report."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from griddly_lit.arguments import (
    MAX_SEED,
    checked_bool,
    checked_float,
    checked_int,
    checked_list,
    checked_mapping,
    checked_path,
    optional_int,
    optional_text,
    shown,
)
from griddly_lit.comparison.cell import read_json, write_json
from griddly_lit.comparison.forecast import Forecast, forecast, missing
from griddly_lit.comparison.plan import (
    Plan,
    checked_envs,
    checked_models,
    checked_trainer_options,
    training_by_model,
)
from griddly_lit.comparison.schedule import clear_tune, run_cells
from griddly_lit.comparison.study import STUDY, Study
from griddly_lit.comparison.surroundings import versions
from griddly_lit.comparison.tables import write_tables
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import OptionError
from griddly_lit.fitting.arguments import checked_video
from griddly_lit.models import ModelSpec
from griddly_lit.recording import VideoRecording

_log = logging.getLogger("griddly_lit")
_VALIDATIONS = 10


class Compare:
    """Trains models on games with several seeds each, and compares them."""

    def __call__(
        self,
        models: Mapping[str, str | ModelSpec] | Sequence[str | ModelSpec],
        envs: Mapping[str, GriddlyEnvSpec] | Sequence[GriddlyEnvSpec],
        seeds: int | Sequence[int],
        max_env_steps: int,
        out: str | Path,
        *,
        validate_every_env_steps: int | None = None,
        validation_episodes: int = 20,
        test_episodes: int = 20,
        training: Mapping[str, Any] | None = None,
        trainer: Mapping[str, Any] | None = None,
        reference: Mapping[str, float] | None = None,
        video: VideoRecording | None = None,
        cpus_per_run: float = 1,
        runs_at_once: int | None = None,
        ray_address: str | None = None,
        enable_progress_bar: bool = True,
        dry_run: bool = False,
    ) -> Study | Forecast:
        """Compares models: every one on every game with every seed, from training to a report.

        Each is a run of a trainer in a process of its own, which Ray Tune schedules. Call it again
        with the same arguments to go on: finished runs are not run again, others go on from their
        last checkpoint. More models, games or seeds may be added so.

        Args:
            models: By name, or a list of names and specs, which go by their class.
            envs: Games by name, or a list of them, which go by the name in their file.
            seeds: How many, from 1 on, or which.
            max_env_steps: Environment steps of every run.
            out: Folder of the study. On a cluster it has to be one that all machines share.
            validate_every_env_steps: Environment steps between validations on training and held-out
                levels, and between checkpoints; by default a tenth of the budget.
            validation_episodes: Episodes on each level of a validation.
            test_episodes: Episodes on each level of the test at the end, whose mean return is the score.
            training: Settings for the algorithm's ``training()``; under a model's name, settings for
                that model alone.
            trainer: More arguments of every trainer, such as ``num_envs_per_env_runner``.
            reference: By game, the score that counts as 1; by default the best model's mean. 0 is the
                score of the uniformly random policy, which is measured.
            video: Keep videos; ``VideoRecording(best=True, worst=True)`` shows them in the report.
            cpus_per_run: Cores of each run.
            runs_at_once: Runs at the same time; None for as many as there is room for.
            ray_address: As for the trainer.
            enable_progress_bar: Show a table of the runs, with the time left.
            dry_run: Measure how long the study will take, and run nothing of it.

        Returns:
            The study, whose folder holds ``report.html``, ``report.md``, ``results`` and ``runs`` as
            Parquet and CSV; with ``dry_run`` runs, hours and disk.

        Raises:
            GriddlyLitError: An argument does not fit, or ``out`` holds runs with other settings.
        """
        plan = _plan(
            models, envs, seeds, max_env_steps, out, validate_every_env_steps,
            validation_episodes, test_episodes, training, trainer, video,
        )  # fmt: skip
        reference = _checked_reference(reference, plan)
        cpus_per_run = checked_float("cpus_per_run", cpus_per_run, 0.01)
        runs_at_once = optional_int("runs_at_once", runs_at_once, 1)
        ray_address = optional_text("ray_address", ray_address, "host:port, auto or local")
        checked_bool("enable_progress_bar", enable_progress_bar)
        _check_same_settings(plan)
        if checked_bool("dry_run", dry_run):
            return forecast(plan, cpus_per_run, runs_at_once)
        write_json(plan.out / STUDY, _told(plan, reference))
        to_do = missing(plan, [*plan.floors, *plan.cells])
        if to_do:
            run_cells(plan, to_do, cpus_per_run, runs_at_once, ray_address, enable_progress_bar)
        write_tables(plan)
        clear_tune(plan.out)
        study = Study(plan.out)
        for _, run in study.failed.iterrows():
            _log.warning(
                "%s on %s, seed %s has no result: %s",
                run["model"], run["env"], run["seed"], run["error"] or "it was not run",
            )  # fmt: skip
        from griddly_lit.comparison.report import write_report

        write_report(study)
        return study

    def load(self, out: str | Path) -> Study:
        """Returns a study that has run, for plots of one's own.

        Args:
            out: Its folder.

        Raises:
            OptionError: There is none.
        """
        return Study(checked_path("out", out))


compare = Compare()


def _plan(
    models: Any, envs: Any, seeds: Any, max_env_steps: Any, out: Any, every: Any,
    validation_episodes: Any, test_episodes: Any, training: Any, trainer: Any, video: Any,
) -> Plan:  # fmt: skip
    named, steps = checked_models(models), checked_int("max_env_steps", max_env_steps, 1)
    plan = Plan(
        models=named,
        envs=checked_envs(envs),
        seeds=_checked_seeds(seeds),
        max_env_steps=steps,
        validate_every_env_steps=optional_int(
            "validate_every_env_steps", every, 1, none="a tenth of the budget"
        )
        or max(1, steps // _VALIDATIONS),
        validation_episodes=checked_int("validation_episodes", validation_episodes, 1),
        test_episodes=checked_int("test_episodes", test_episodes, 1),
        training=training_by_model(training, list(named)),
        trainer=checked_trainer_options(trainer),
        video=checked_video(video),
        out=checked_path("out", out).absolute(),
    )
    return plan


def _checked_seeds(seeds: Any) -> tuple[int, ...]:
    listed = (
        range(1, seeds + 1)
        if isinstance(seeds, int) and not isinstance(seeds, bool)
        else checked_list("seeds", seeds, "Pass how many, or a list of them")
    )
    found = tuple(checked_int("seeds", each, 0, MAX_SEED) for each in listed)
    if not found or len(set(found)) < len(found):
        raise OptionError(
            shown("seeds", seeds), "they are different, and one at least", "Pass such"
        )
    return found


def _checked_reference(reference: Any, plan: Plan) -> dict[str, float]:
    given = checked_mapping("reference", reference or {}, "Pass {'sokoban': 6.0}")
    for name in given:
        if name not in plan.envs:
            raise OptionError(
                f"reference={{{name!r}: …}}", "there is no such game", "Name one", plan.envs
            )
    return {name: checked_float(f"reference[{name!r}]", value) for name, value in given.items()}


def _check_same_settings(plan: Plan) -> None:
    """Raises where a run in the folder had other settings; makes every trainer, so faults show now."""
    for cell in [*plan.floors, *plan.cells]:
        saved, ours = read_json(plan.folder(cell) / "settings.json"), None
        if saved is not None or cell.seed == plan.seeds[0]:
            ours = plan.settings(cell)
        if saved is not None and saved != ours:
            names = [n for n in {**saved, **(ours or {})} if saved.get(n) != (ours or {}).get(n)]
            raise OptionError(
                f"out={str(plan.out)!r}",
                f"it holds a run with other settings ({cell}: {', '.join(names)})",
                "Choose another folder, or the settings of that study",
            )


def _told(plan: Plan, reference: dict[str, float]) -> dict[str, Any]:
    envs = {name: env.to_dict() for name, env in plan.envs.items()}
    for env in envs.values():
        env.pop("yaml_string", None)
    told = {
        "models": {name: model.to_dict() for name, model in plan.models.items()},
        "envs": envs,
        "seeds": plan.seeds,
        "max_env_steps": plan.max_env_steps,
        "validate_every_env_steps": plan.validate_every_env_steps,
        "validation_episodes": plan.validation_episodes,
        "test_episodes": plan.test_episodes,
        "training": plan.training,
        "trainer": plan.trainer,
        "reference": reference,
        "versions": versions(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }
    values: dict[str, Any] = json.loads(json.dumps(told, default=str))
    return values
