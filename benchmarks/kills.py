"""What is lost when the driver or a runner is killed?

    python benchmarks/kills.py [--only writes|trainings|runners] [--every N] [--out NAME]

Three parts:

- writes: a process that writes a checkpoint is killed (SIGKILL) at every file operation of the write, once
  each: before each file, folder, link, rename, removal and fsync, in the middle of each file's content, and
  before and after the swap of the old checkpoint and the new one. So where no checkpoint was before, where
  one is replaced, where the file system cannot swap two directories, and for the hard-linked best one.
  Whatever is left is opened as a user would (``open_checkpoint``, and ``find_checkpoint`` from the root),
  every file of it read. It is well if that is the checkpoint before or the new one, whole.
- trainings: a training is killed at a random moment and resumed from ``last``, again and again.
- runners: the only remote runner of one fit is killed again and again; the counts must be exact.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import griddly_lit.checkpoints.write as write_module
import griddly_lit.fitting.fit as fit_module
from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, whole_directory
from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.checkpoints import find_checkpoint, open_checkpoint, write_checkpoint
from griddly_lit.errors import CheckpointError
from machine import circumstances, write_result

STEPS = 128
_EVENTS = ("open", "os.", "shutil.")


def trainer(root: Path, **options: Any) -> GriddlyTrainer:
    """Returns a trainer of short iterations."""
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
        levels="random",
        max_steps=20,
    )
    training = {"train_batch_size_per_learner": STEPS, "minibatch_size": 64, "num_epochs": 1}
    defaults = {"training": training, "num_envs_per_env_runner": 8, "seed": 1, "logger": False}
    shown = {"enable_progress_bar": False, "enable_model_summary": False}
    return GriddlyTrainer(
        spec, ImpalaCNN(), **{**defaults, **shown, "default_root_dir": root, **options}
    )


def parts_of_a_checkpoint() -> dict[str, Any]:
    """Returns what :func:`write_checkpoint` is given at the end of a small training."""
    parts: dict[str, Any] = {}

    def keep(path: Path, **given: Any) -> None:
        algorithm = given["save_rllib"].__self__.algorithm
        state = algorithm.get_state()
        # Of the same name, which the checkpoint holds; the algorithm itself is gone by then.
        frozen = type(type(algorithm).__name__, (), {"get_state": lambda self: state})()
        from griddly_lit.rllib.run_state import save_state

        parts.update(given, save_rllib=lambda directory: save_state(frozen, directory))
        write_checkpoint(path, **given)

    with TemporaryDirectory() as folder:
        fit_module.write_checkpoint = keep
        try:
            trainer(Path(folder), max_iterations=2).fit()
        finally:
            fit_module.write_checkpoint = write_checkpoint
    return parts


class Killer:
    """Kills this process at a file operation in a folder.

    Args:
        folder: The folder.
        at: Which operation, from 1; 0 only counts them.
    """

    def __init__(self, folder: Path, at: int) -> None:
        self._folder = str(folder)
        self._at = at
        self.done: list[str] = []
        sys.addaudithook(self._audit)
        self._wrap(os, "fsync")
        self._wrap(whole_directory, "_exchange", after=True)
        for place in (write_module, sys.modules["griddly_lit.rllib.run_state"]):
            self._wrap_file_writer(place, "save_file")
        self._wrap_file_writer(sys.modules["griddly_lit.plain_state"], "save_file")
        self._wrap_text()

    def step(self, what: str) -> None:
        """One more operation is about to be done."""
        self.done.append(what)
        if len(self.done) == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_EVENTS) and args:
            names = [os.fsdecode(each) for each in args[:2] if isinstance(each, (str, bytes))]
            # Removals name their files from an open folder.
            removes = event in ("os.remove", "os.rmdir")
            if removes or any(name.startswith(self._folder) for name in names):
                self.step(event)

    def _wrap(self, place: Any, name: str, after: bool = False) -> None:
        original = getattr(place, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.step(name)
            result = original(*args, **kwargs)
            if after:
                self.step(f"after {name}")
            return result

        setattr(place, name, wrapped)

    def _wrap_file_writer(self, place: Any, name: str) -> None:
        original = getattr(place, name)

        def wrapped(tensors: Any, file: Path) -> None:
            self.step(name)
            original(tensors, file)
            self._half(file, name)

        setattr(place, name, wrapped)

    def _wrap_text(self) -> None:
        original = Path.write_text
        killer = self

        def wrapped(path: Path, *args: Any, **kwargs: Any) -> int:
            length = original(path, *args, **kwargs)
            killer._half(path, "write_text")
            return length

        Path.write_text = wrapped  # type: ignore[method-assign]

    def _half(self, file: Path, name: str) -> None:
        """Dies with half of a file on the disk."""
        self.done.append(f"half of {name}")
        if len(self.done) == self._at:
            os.truncate(file, file.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)


def killed(folder: Path, at: int, do: Callable[[], None]) -> tuple[bool, list[str]]:
    """Does something in a forked process that is killed at a file operation.

    Returns:
        Whether it was killed, and the operations it began where it was not.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            killer = Killer(folder, at)
            do()
            os.write(writer, json.dumps(killer.done).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True, []
    if status:
        raise RuntimeError(f"the process ended with status {status}")
    return False, json.loads(told)


def no_exchange(one: Path, other: Path) -> None:
    """Stands for a file system that cannot swap two directories."""
    raise OSError("not supported")


@contextlib.contextmanager
def replaced(place: Any, name: str, value: Any) -> Iterator[None]:
    """Sets an attribute while the block runs."""
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


def look(path: Path, root: Path) -> int | None:
    """Returns the environment steps of the checkpoint that is left; None where there is none."""
    with contextlib.suppress(CheckpointError):
        find_checkpoint("last", ModelCheckpoint(), root, lambda each: True)
    if not path.exists():
        with contextlib.suppress(CheckpointError):
            open_checkpoint(path)
    if not path.exists():
        return None
    checkpoint = open_checkpoint(path)
    checkpoint.weights()
    checkpoint.state()
    return checkpoint.env_steps


def kill_writes(every: int) -> dict[str, Any]:
    """Kills writes of checkpoints at every operation, or at each Nth."""
    parts = parts_of_a_checkpoint()
    result: dict[str, Any] = {}
    for case in ("first", "replaced", "without a swap", "best"):
        result[case] = _kill_case(case, parts, every)
        print(f"{case}: {result[case]}", flush=True)
    return result


def _kill_case(case: str, parts: dict[str, Any], every: int) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(TemporaryDirectory())).resolve()
        if case == "without a swap":
            stack.enter_context(replaced(whole_directory, "_exchange", no_exchange))
        folder = root / "run" / "checkpoints"
        last = folder / "last"
        path = folder / "env_steps=1" if case == "best" else last

        def write(steps: int) -> None:
            write_checkpoint(last, **{**parts, "env_steps": steps})

        def do(steps: int) -> None:
            if case == "best":
                whole_directory.link_directory(last, path)
            else:
                write(steps)

        def prepare(steps: int) -> None:
            if case in ("first", "best"):
                shutil.rmtree(folder.parent, ignore_errors=True)
            if case != "first":
                write(steps)

        prepare(0)
        _, operations = killed(root, 0, lambda: do(1))
        prepare(0)
        outcomes: Counter[str] = Counter()
        lost, kills = [], 0
        finished = 0
        for at in range(1, len(operations) + 1, every):
            prepare(finished) if case in ("first", "best") else None
            was_killed, _ = killed(root, at, lambda steps=1000 + at: do(steps))
            if not was_killed:
                finished = finished if case in ("first", "best") else 1000 + at
                continue
            kills += 1
            try:
                left = look(path, root)
            except CheckpointError as error:
                outcomes["broken"] += 1
                lost.append(f"{operations[at - 1]}: {error}")
                continue
            before = None if case in ("first", "best") else finished
            new = finished if case == "best" else 1000 + at
            if left == new:
                outcomes["the new one, whole"] += 1
            elif left == before:
                outcomes["none, as before" if before is None else "the one before, whole"] += 1
            else:
                outcomes["lost"] += 1
                lost.append(f"{operations[at - 1]}: {left} for {before} or {new}")
            if case not in ("first", "best"):
                finished = left if left is not None else finished
        drafts = [entry.name for entry in folder.iterdir() if entry.name.startswith(".")]
        return {
            "operations": len(operations),
            "kinds": dict(Counter(operations)),
            "kills": kills,
            "left": dict(outcomes),
            "lost": lost,
            "drafts_left": len(drafts),
        }


class Note(Callback):
    """Notes finished iterations in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on_fit_start(self, trainer: Any) -> None:
        """Notes where it begins."""
        self._note(f"begin {trainer.env_steps}")

    def on_iteration_end(self, trainer: Any) -> None:
        """Notes how far it is."""
        self._note(f"at {trainer.env_steps}")

    def _note(self, text: str) -> None:
        with self.file.open("a") as file:
            print(text, file=file)


def train(root: Path, iterations: int) -> None:
    """Trains in this process, from the last checkpoint if there is one."""
    kept = ModelCheckpoint(every_env_steps=STEPS)
    mine = trainer(root, callbacks=[kept, Note(root / "notes")], max_env_steps=iterations * STEPS)
    mine.fit(ckpt_path="last")


def kill_trainings(kills: int) -> dict[str, Any]:
    """Kills a training at random moments, and resumes it."""
    rows, iterations, dice = [], 400, random.Random(1)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        notes = root / "notes"
        command = [sys.executable, __file__, "--train", folder, "--iterations", str(iterations)]
        reached = 0
        for kill in range(kills + 1):
            size = notes.stat().st_size if notes.exists() else 0
            running = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
            while not (notes.exists() and "at" in notes.read_text()[size:]):
                if running.poll() is not None:
                    raise RuntimeError("the training ended before it began")
                time.sleep(0.01)
            if kill < kills:
                time.sleep(dice.uniform(0.2, 3.0))
                running.kill()
            running.wait()
            lines = notes.read_text()[size:].split("\n")
            began = int(lines[0].split()[1])
            ended = int(lines[-2].split()[1])
            if kill:
                rows[-1]["resumed_at"] = began
                rows[-1]["steps_lost"] = reached - began
            saved = open_checkpoint(root / "checkpoints" / "last").env_steps
            reached = ended
            rows.append({"began": began, "reached": ended, "last_checkpoint": saved})
            print(rows[-1], flush=True)
            _end_what_is_left(running.pid)
        rows[-1]["whole_run"] = reached == iterations * STEPS
    return {"iteration": STEPS, "runs": rows}


def _end_what_is_left(session: int) -> None:
    # Ray's processes outlive a driver that is killed for some seconds.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGTERM)


class KillRunner(Callback):
    """Kills the only runner after every other iteration, some time into the next one."""

    def __init__(self, kills: int) -> None:
        self.kills = kills
        self.done = 0
        self.steps: list[int] = []
        self.sent: list[subprocess.Popen[bytes]] = []

    def on_iteration_end(self, trainer: Any) -> None:
        """Kills."""
        self.steps.append(trainer.env_steps)
        if self.done < self.kills and len(self.steps) % 2:
            group = self.of._fit.run.algorithm.env_runner_group
            pids = group.foreach_env_runner(lambda runner: os.getpid(), local_env_runner=False)
            if not pids:
                # The last kill came between two iterations, and it is not back yet.
                return
            (pid,) = pids
            killer = f"import os, time; time.sleep({0.02 * self.done}); os.kill({pid}, 9)"
            command = [sys.executable, "-S", "-c", killer]
            self.sent.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            self.done += 1


def kill_runners(kills: int) -> dict[str, Any]:
    """Kills the only runner of a fit again and again."""
    killer = KillRunner(kills)
    with TemporaryDirectory() as folder:
        mine = trainer(
            Path(folder), num_env_runners=1, callbacks=killer, max_iterations=2 * kills + 4
        )
        killer.of = mine  # type: ignore[attr-defined]
        began = time.perf_counter()
        result = mine.fit()
        expected = [STEPS * (n + 1) for n in range(2 * kills + 4)]
        learned = result.metrics.get("learner/default_policy/num_module_steps_trained_lifetime")
        return {
            "signals": killer.done,
            # One comes too late where its process is gone already.
            "kills": sum(each.wait() == 0 for each in killer.sent),
            "iterations": result.iterations,
            "env_steps": result.env_steps,
            "expected_env_steps": expected[-1],
            "steps_learned_from": learned,
            "every_iteration_exact": killer.steps == expected,
            "episodes": result.metrics.get("train/episodes"),
            "seconds": round(time.perf_counter() - began, 1),
        }


def main() -> None:
    """Kills, looks at what is left, and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=("writes", "trainings", "runners"))
    parser.add_argument("--every", type=int, default=1, help="kill at each Nth operation")
    parser.add_argument("--out", default="kills", help="name of the result; empty for none")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    parser.add_argument("--iterations", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("griddly_lit").setLevel(logging.ERROR)
    if options.train:
        train(Path(options.train), options.iterations)
        return
    result = circumstances()
    parts = {
        "writes": lambda: kill_writes(options.every),
        "runners": lambda: kill_runners(12),
        "trainings": lambda: kill_trainings(5),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            result[name] = part()
            if options.out:
                # After each: the parts take minutes.
                write_result(options.out, result)
    if not options.out:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
