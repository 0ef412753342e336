"""The tables of docs/from_griddly.md name what is there."""

import re
from pathlib import Path

import pytest

import griddly_lit
from griddly_lit import from_griddly
from griddly_lit.envs.env_config import _KEYS

PAGE = Path(__file__).parents[1] / "docs" / "from_griddly.md"


def test_every_old_key_is_told():
    told = set(re.findall(r"`([a-z_]+)`", PAGE.read_text("utf-8")))
    # Folders were the user's own way to find a game, not the documentation's.
    assert set(_KEYS) - {"gdy_path", "image_path", "shader_path"} <= told


@pytest.mark.parametrize("name", sorted(from_griddly._GONE))
def test_what_is_gone_says_so(name):
    with pytest.raises(griddly_lit.errors.OptionError, match=f"{name}.*Available"):
        getattr(from_griddly, name)


@pytest.mark.parametrize("name", sorted(griddly_lit._OLD_SPELLINGS))
def test_old_spellings_name_the_new_ones(name):
    new = griddly_lit._OLD_SPELLINGS[name]
    with pytest.raises(griddly_lit.errors.OptionError, match=f"called {new} now"):
        exec(f"from griddly_lit import {name}")


def test_what_is_not_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Video'"):
        from_griddly.Video  # noqa: B018
