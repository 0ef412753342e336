"""Weights & Biases: its own videos, tables, charts and artifacts, and the end of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from griddly_lit.tracking.publish.outlet import Outlet, Status
from griddly_lit.tracking.runs.wandb_id import a_run_is_open, draw_id, note_opened

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from matplotlib.figure import Figure

# The x axis that Lightning's logger defines for all keys of a run that it opens.
_STEP = "trainer/global_step"
_RESUMED = "resumed_at_env_steps"


class WandbOutlet(Outlet):
    """Everything goes through the logger's ``log_metrics``, which adds prefix and x axis."""

    # W&B has one run a process: the next one that needs it finishes the one that rests.
    _resting: ClassVar[WandbOutlet | None] = None

    def __init__(self, logger: Logger) -> None:
        super().__init__(logger)
        self._finish_resting()
        self._ours = self.logger._experiment is None and not a_run_is_open()
        self._told_until: float | None = None
        self._on_axis: set[str] = set()
        self._settings: dict[str, Any] = {}

    @override
    def place(self) -> str | None:
        run = self._run()
        # A run's files lie in a folder of their own beside its log.
        return run.url or str(Path(run.dir).parent)

    @override
    def hyperparameters(self, values: dict[str, Any]) -> None:
        self._run()
        super().hyperparameters(values)
        self._settings = values
        if self.resumed_at is not None:
            config = self._run().config
            earlier = config.get(_RESUMED, [])
            config.update({_RESUMED: [*earlier, self.resumed_at]}, allow_val_change=True)

    @override
    def scalars(self, values: dict[str, float], step: int) -> None:
        self._send(values, step)

    @override
    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        import wandb

        self._send({key: wandb.Video(str(path))}, step)

    @override
    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        self._send({key: _table(columns, rows)}, step)

    @override
    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        import wandb

        table = _table(("label", "value"), list(zip(labels, values, strict=True)))
        self._send({key: wandb.plot.bar(table, "label", "value", title)}, step)

    @override
    def figure(self, key: str, figure: Figure, step: int) -> None:
        import wandb

        self._send({key: wandb.Image(figure)}, step)

    @override
    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        import wandb

        run = self._run()
        # Names belong to the project: without the run's id, "best" would wander between runs.
        artifact = wandb.Artifact(f"{name}-{run.id}", type=kind)
        artifact.add_dir(str(directory))
        run.log_artifact(artifact, aliases=list(aliases))

    @override
    def rest(self) -> None:
        super().rest()
        # The run stays open: offline, W&B could not go on with it. The process's end finishes it.
        if self.logger._experiment is not None and self._ours:
            WandbOutlet._resting = self

    @override
    def finalize(self, status: Status) -> None:
        super().finalize(status)
        if WandbOutlet._resting is self:
            WandbOutlet._resting = None
        run = self.logger._experiment
        if run is None or not self._ours:
            return
        # Lightning leaves the run open, and the next logger of the process would write into it.
        run.finish(exit_code=0 if status == "success" else 1)
        self._forget(run)

    def _forget(self, run: Any) -> None:
        # Later values resume it. Not offline: syncing two logs of one id erases the first.
        self.logger._id = run.id
        self.logger._wandb_init["id"] = None if run.offline else run.id
        self.logger._experiment = None

    def _send(self, values: dict[str, Any], step: int) -> None:
        run = self._run()
        if self._was_told(run, step):
            return
        if not self._ours:
            for key in map(self._prefixed, values.keys() - self._on_axis):
                run.define_metric(key, step_metric=_STEP)
            self._on_axis |= values.keys()
        self.logger.log_metrics(values, step)

    def _was_told(self, run: Any, step: int) -> bool:
        """Whether a run that was resumed has this step from before: W&B keeps what it was told."""
        if self.resumed_at is None or step <= self.resumed_at:
            return False
        if self._told_until is None:
            self._told_until = float(run.summary.get(_STEP) or 0)
        return step <= self._told_until

    def _run(self) -> Any:
        if self._ours and self.logger._experiment is not None and not a_run_is_open():
            # The user has finished it.
            self._forget(self.logger._experiment)
        if self.logger._experiment is None:
            self._finish_resting()
            # Lightning opens a run now, unless there is one: then it writes into that.
            self._ours = not a_run_is_open()
            if self._ours and self.logger._wandb_init["id"] is None:
                draw_id(self.logger)
            if self._settings:
                # Offline, a run that is opened again is another one, and needs them, too.
                super().hyperparameters(self._settings)
        run = self.logger.experiment
        if self._ours:
            note_opened(run)
        return run

    def _finish_resting(self) -> None:
        resting = WandbOutlet._resting
        if resting is not None and resting.logger is not self.logger:
            resting.finalize("success")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | float]]) -> Any:
    import wandb

    data = [list(row) for row in rows]
    return wandb.Table(columns=list(columns), data=data, allow_mixed_types=True)
