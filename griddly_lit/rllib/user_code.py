"""The user's own code travels to Ray's processes by value."""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ray import cloudpickle


@contextmanager
def user_code_by_value(config: object) -> Iterator[None]:
    """Lets Ray pickle classes and functions of the user's modules by value while the block runs.

    By reference, as pickle has it, a process has to import them, and can not where the module is a
    notebook's, a test's, or in a folder that is on this process's path alone. What is installed
    is imported, as is everything where an object of the config cannot go by value.

    Args:
        config: What is going to be pickled.
    """
    registered = []
    for module in _user_modules():
        cloudpickle.register_pickle_by_value(module)
        registered.append(module)
    try:
        try:
            cloudpickle.dumps(config)
        except Exception:  # an object can raise anything when it is pickled
            _unregister(registered)
        yield
    finally:
        _unregister(registered)


def _unregister(modules: list[ModuleType]) -> None:
    while modules:
        cloudpickle.unregister_pickle_by_value(modules.pop())


def _user_modules() -> list[ModuleType]:
    """Returns the loaded modules that are neither installed nor griddly_lit's."""
    installed = {
        Path(folder).resolve()
        for folder in (
            *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
            *site.getsitepackages(),
            site.getusersitepackages(),
        )
    }
    already = cloudpickle.list_registry_pickle_by_value()
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name in already or name.partition(".")[0] in ("__main__", "griddly_lit"):
            continue
        if getattr(module, "__name__", None) == name and installed.isdisjoint(
            Path(file).resolve().parents
        ):
            found.append(module)
    return found
