"""The check that a model fits a game, before Ray starts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from griddly_lit.errors import ModelError
from griddly_lit.models.dry_run import BATCH, dry_run
from griddly_lit.models.recurrent import StateLayout
from griddly_lit.models.spec import ModelSpec


def check_model(
    spec: ModelSpec, observation_shape: tuple[int, int, int], num_logits: int
) -> nn.Module:
    """Builds the model and runs it once; torch's global random state stays as it was.

    Args:
        spec: The model.
        observation_shape: (H, W, C) of one observation.
        num_logits: L, the sum of the sizes of the action's parts.

    Returns:
        The module that was built, for a summary.

    Raises:
        ModelError: When the module cannot be built or run on uint8 observations, or does not give
            float logits (B, L) and values (B,), and a recurrent one a state like its initial one.
    """
    shown = f"model={spec!r}"
    with torch.random.fork_rng(devices=[]):
        try:
            module = spec.build(observation_shape, num_logits)
        except ModelError:
            raise
        except Exception as error:  # a user's module can raise anything
            raise ModelError(
                shown,
                f"The model does not build for observations of shape {tuple(observation_shape)} and "
                f"{num_logits} logits ({type(error).__name__}: {error})",
                "Its class is called as MyModule(observation_shape, num_logits, **kwargs)",
            ) from error
        if not isinstance(module, nn.Module):
            raise ModelError(
                shown, f"The model builds a {type(module).__name__}", "Build a torch.nn.Module"
            )
        if any(is_lazy(parameter) for parameter in module.parameters()):
            raise ModelError(
                shown,
                "The model has lazy layers, whose parameters do not exist before its first call",
                "Take their sizes from observation_shape",
            )
        layout = _checked_layout(shown, module)
        try:
            output = dry_run(module, observation_shape)
        except Exception as error:
            raise ModelError(
                shown,
                f"The model fails on a batch of {BATCH} uint8 observations of shape "
                f"{tuple(observation_shape)} ({type(error).__name__}: {error})",
                "Its forward takes (B, H, W, C) and has to convert uint8 to float and permute itself; "
                "with a memory, which it has where it has initial_state(), it takes the state as well",
            ) from error
    _check_output(shown, output, num_logits, layout)
    return module


def _checked_layout(shown: str, module: nn.Module) -> StateLayout | None:
    try:
        layout = StateLayout.of(module)
    except Exception as error:
        raise ModelError(
            shown,
            f"The model's initial_state() gives no state ({type(error).__name__}: {error})",
            "Return a tensor, or a tuple or dictionary of tensors, without a batch axis",
        ) from error
    if layout is not None and layout.size == 0:
        raise ModelError(shown, "The model's initial_state() has no numbers in it", "Return some")
    return layout


def _check_output(shown: str, output: Any, num_logits: int, layout: StateLayout | None) -> None:
    wanted, names = "a pair of tensors", "(logits, values)"
    if layout is not None:
        wanted, names = "two tensors and a state", "(logits, values, state)"
    if not (
        isinstance(output, tuple)
        and len(output) == 2 + (layout is not None)
        and all(isinstance(part, Tensor) for part in output[:2])
    ):
        raise ModelError(
            shown,
            f"The model's forward returns {type(output).__name__}, not {wanted}",
            f"Return {names}",
        )
    if layout is not None:
        _check_state(shown, output[2], layout)
    shapes = {"logits": (BATCH, num_logits), "values": (BATCH,)}
    for (name, shape), part in zip(shapes.items(), output[:2], strict=True):
        if part.shape != shape:
            raise ModelError(
                shown,
                f"The model's {name} have shape {tuple(part.shape)} for a batch of {BATCH}",
                f"Return {name} of shape {shape}",
            )
        if not part.is_floating_point():
            raise ModelError(
                shown, f"The model's {name} are {part.dtype}", f"Return floating-point {name}"
            )


def _check_state(shown: str, state: Any, layout: StateLayout) -> None:
    wanted = {
        name: (BATCH, *shape) for name, shape in zip(layout.names, layout.shapes, strict=True)
    }
    try:
        found = StateLayout.like(state)
    except TypeError as error:
        raise ModelError(
            shown, f"The model's forward returns {error}", f"Return tensors of {wanted}"
        ) from error
    shapes = dict(zip(found.names, found.shapes, strict=True))
    if found.kind is not layout.kind or shapes != wanted:
        raise ModelError(
            shown,
            f"The model's state becomes a {found.kind.__name__} of {shapes} for a batch of {BATCH}",
            f"Return a {layout.kind.__name__} of {wanted}, like initial_state()",
        )
