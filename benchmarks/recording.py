"""What videos and action tracking cost, as a share of training throughput.

    python benchmarks/recording.py [--rounds N]

PPO with default settings trains SimpleConv on clusters_partially_observable (random levels, 1000
steps at most, 64 games) in four ways: plain, with action tracking, with videos at the documented
frequency (every 100,000 steps of the recorded game, global view and agents), and with both. The four
take turns, an iteration each, in one process with one torch thread, so that all of them meet the
same moods of the machine. A cost is the median over the rounds of the ratio to the plain iteration of
the same round: of wall time, and of the CPU time of the training process. Drawing runs in a process of
its own at the lowest priority; its CPU time is reported apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psutil
import torch

from griddly_lit import GriddlyEnvSpec, SimpleConv, VideoRecording
from griddly_lit.policies import resolve_policies
from griddly_lit.recording import VideoRecorder
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.run import TrainingRun
from griddly_lit.rllib.session import ray_session
from machine import circumstances, write_result

VIDEO = VideoRecording(every_env_steps=100_000, include_agents=True)
VARIANTS = {
    "plain": {},
    "actions": {"track_actions": True},
    "video": {"video": VIDEO},
    "both": {"track_actions": True, "video": VIDEO},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    before = circumstances()
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
        levels="random",
        max_steps=1000,
    )
    policies = resolve_policies(spec, "shared", SimpleConv())
    walls: dict[str, list[float]] = {name: [] for name in VARIANTS}
    cpus: dict[str, list[float]] = {name: [] for name in VARIANTS}
    drawing = 0.0
    with ray_session(processes=2), tempfile.TemporaryDirectory() as folder:
        runs, recorders = {}, {}
        for name, options in VARIANTS.items():
            runs[name] = TrainingRun(algorithm_config(Settings(spec, policies, **options)))
            runs[name].iterate()
            if "video" in options:
                recorders[name] = VideoRecorder(VIDEO, Path(folder, name))
        for _ in range(rounds):
            for name, run in runs.items():
                wall, cpu = time.perf_counter(), time.process_time()
                run.iterate()
                for replay in run.take_replays():
                    recorders[name].submit(replay, run.env_steps)
                walls[name].append(time.perf_counter() - wall)
                cpus[name].append(time.process_time() - cpu)
            print(*(f"{name} {walls[name][-1]:.2f} s" for name in VARIANTS), sep="   ", flush=True)
        videos = 0
        for recorder in recorders.values():
            if recorder.pid is not None:
                times = psutil.Process(recorder.pid).cpu_times()
                drawing += times.user + times.system
            recorder.close(60)
            videos += len(recorder.finished())
        for run in runs.values():
            run.close()
    summary = {
        name: {
            "wall_over_plain": _ratio(walls[name], walls["plain"]),
            "cpu_over_plain": _ratio(cpus[name], cpus["plain"]),
        }
        for name in VARIANTS
        if name != "plain"
    }
    for name, ratios in summary.items():
        print(f"{name:8}", {key: round(value, 4) for key, value in ratios.items()})
    print(f"{videos} videos drawn beside it in {drawing:.1f} CPU s")
    write_result(
        "recording",
        {
            **before,
            "settings": {"rounds": rounds, "torch_threads": 1},
            "summary": summary,
            "videos": videos,
            "drawing_cpu_s": drawing,
            "wall_s": walls,
            "cpu_s": cpus,
        },
    )


def _ratio(times: list[float], plain: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, plain, strict=True))


if __name__ == "__main__":
    main()
