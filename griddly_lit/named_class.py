"""Classes that a file names: none is imported unless the user trusts its module.

A file says ``"module:QualName"``. To import a module is to run it, so a name alone is not enough: the
user hands the class over again, which is then compared by name, or names the modules to trust.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from griddly_lit.errors import GriddlyLitError, OptionError, TrustError

_SCRIPT = "__main__"


def class_name(named: type) -> str:
    """Returns what files call a class: ``"module:QualName"``."""
    return f"{named.__module__}:{named.__qualname__}"


def is_named(named: type, name: object) -> bool:
    """Whether a file means this class.

    The script that is run is called ``__main__``, and by its own name everywhere else. So of a
    class of ``__main__``, on either side, the name of the class alone counts.
    """
    if not isinstance(name, str):
        return False
    module, _, qualified_name = name.partition(":")
    same_module = module == named.__module__ or _SCRIPT in (module, named.__module__)
    return same_module and qualified_name == named.__qualname__


def import_trusted(
    name: object, trust: Sequence[str], hand_over: str, refused: type[GriddlyLitError]
) -> type:
    """Imports a class that a file names, if the user trusts its module.

    Args:
        name: ``"module:QualName"``.
        trust: The modules to trust, with all that lie in them.
        hand_over: How the user hands the class over instead.
        refused: The error for a name that means no class.

    Raises:
        TrustError: The module is not trusted; it has not been imported.
        GriddlyLitError: The ``refused`` one: there is no such class, or the name is no name.
    """
    module, _ = _parts(name, hand_over, refused)
    if not any(module == each or module.startswith(f"{each}.") for each in checked_trust(trust)):
        raise TrustError(
            f"class {name!r}",
            "The file names a class, and to import it would run its module",
            f"Hand the class over: {hand_over}; or, if you trust the file and the module, "
            f"trust=[{module.partition('.')[0]!r}]",
        )
    found = import_class(name, hand_over, refused)
    # A name that leads through a module to what that one has imported is another class's.
    if class_name(found) != name:
        raise refused(
            f"class {name!r}",
            f"It is the class {class_name(found)!r} under another name",
            f"Hand it over: {hand_over}",
        )
    return found


def import_class(name: object, hand_over: str, refused: type[GriddlyLitError]) -> type:
    """Imports a class that the user's own code names; see :func:`import_trusted`."""
    module, qualified_name = _parts(name, hand_over, refused)
    value = f"class {name!r}"
    if "<locals>" in qualified_name:
        raise refused(
            value,
            "A class that was defined inside a function cannot be imported",
            f"Hand it over: {hand_over}",
        )
    try:
        found: Any = importlib.import_module(module)
        for attribute in qualified_name.split("."):
            found = getattr(found, attribute)
    except Exception as error:  # an imported module can raise anything
        raise refused(
            value,
            f"It cannot be imported ({type(error).__name__}: {error})",
            f"Put its module on the Python path, or hand it over: {hand_over}",
        ) from error
    if not isinstance(found, type):
        raise refused(value, "It is no class", f"Hand a class over: {hand_over}")
    return found


def _parts(name: object, hand_over: str, refused: type[GriddlyLitError]) -> tuple[str, str]:
    module, _, qualified_name = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not module or not qualified_name:
        raise refused(
            f"class {name!r}", "A class is named 'module:QualName'", f"Hand it over: {hand_over}"
        )
    return module, qualified_name


def checked_trust(trust: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of modules to trust.

    Raises:
        OptionError: They are no names of modules.
    """
    named = (trust,) if isinstance(trust, str) else trust
    if isinstance(named, (list, tuple, set, frozenset)) and all(
        isinstance(each, str) and each for each in named
    ):
        return tuple(named)
    raise OptionError(
        f"trust={trust!r}",
        "it lists modules that may be imported",
        "Name them as in an import, trust=['my_package']",
    )
