import subprocess
import sys
import time

import pytest

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec
from griddly_lit.engine import parse_game
from griddly_lit.engine.yaml_text import read_yaml
from griddly_lit.errors import GameFileError, GriddlyLitError

BOMB = "a0: &a0 x\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
HOSTILE = {
    "aliases": BOMB,
    "brackets": "[" * 40_000,
    "braces": "{" * 40_000,
    "dashes": "- " * 40_000,
    "itself": CORRIDOR.replace("Name: Corridor", "X: &a [*a]"),
    "surrogate": CORRIDOR.replace("Corridor", "Cor\ud800ridor"),
    "nul": CORRIDOR.replace("Corridor", "Cor\0ridor"),
    "long": CORRIDOR + "#" * 5_000_000,
    "many": "[" + "[]," * 1_000_000 + "]",
    "anchor": CORRIDOR.replace("Name: Corridor", "Name: *nobody"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_named(name):
    began = time.perf_counter()
    with pytest.raises(GameFileError, match="yaml_string"):
        GriddlyEnvSpec(yaml_string=HOSTILE[name])
    assert time.perf_counter() - began < 20


def test_hostile_texts_take_no_memory():
    program = (
        "import sys, resource; sys.path[:0] = ['tests', 'tests/engine']\n"
        "from test_yaml_text import HOSTILE\n"
        "from griddly_lit.engine import parse_game\n"
        "from griddly_lit.errors import GameFileError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for text in HOSTILE.values():\n"
        "    try: parse_game(text, 'x')\n"
        "    except GameFileError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 200_000


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    file = tmp_path / "game.yaml"
    file.write_bytes(CORRIDOR.replace("Corridor", "Flur für Läufer").encode("latin-1"))
    with pytest.raises(GameFileError, match="not UTF-8"):
        GriddlyEnvSpec(yaml_file=file)


@pytest.mark.parametrize("file", ["/dev/zero", "/tmp", "~nobody/x", "a\0b", "x" * 5000])
def test_what_is_no_file_of_text_is_named(file):
    with pytest.raises(GameFileError):
        GriddlyEnvSpec(yaml_file=file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  Name: Corridor\n", "  Name: Corridor\n  Name: Another\n"),
        ("  Levels:\n", "  Levels:\n\t\n"),
        ("Name: Corridor", "Name:\tCorridor"),
        ("Name: Corridor", "Name: !own Corridor"),
        ("Name: Corridor", "Name: !!python/object:os.system Corridor"),
        ("Name: Corridor", "Name: Corridor\n  ? [a, b]\n  : 3"),
        ("Name: Corridor", "Name: Corridor\n  Born: 2020-13-41\n  Digits: " + "9" * 5000),
        ("Name: Corridor", "Name: Corridor\n  A: &a 1\n  B: &a 2\n  C: =\n  D: 0b2"),
        ("Name: Corridor", "Name: Corridor\n  Description: bell \x07 and line \u2028 end"),
        ("[0.6, 0.6, 0.6]\n", "[0.6, 0.6, 0.6]\n---\nanother: document\n"),
        ("[0.6, 0.6, 0.6]\n", "[0.6, 0.6, 0.6]\nloose words at the end\n"),
        ("\n", "\r\n"),
    ],
)
def test_yaml_that_the_engine_reads_is_read(old, new):
    text = CORRIDOR.replace(old, new)
    assert text != CORRIDOR
    spec = GriddlyEnvSpec(yaml_string=text, levels="random", global_observer_type="Block2D")
    assert spec.game.name == "corridor"
    assert spec.game.outcomes == ("win", "lose")
    assert spec.game.level_count == 2


def test_yaml_that_only_the_engine_reads_is_a_game_all_the_same():
    # A comma too many; what PyYAML's scanner cannot read is left at the engine's defaults.
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR.replace("[0.6, 0.6, 0.6]", "[0.6, , 0.6]"))
    assert spec.game.level_count == 2


def test_scalars():
    def value(text, key="X"):
        return read_yaml(f"{key}: {text}", "test").value[key]

    assert [value(text) for text in ("3", "-7", "0x10", "010", "1.5", "1e3", "'3'")] == [
        3, -7, "0x10", "010", 1.5, 1000.0, "3",
    ]  # fmt: skip
    assert [value(text) for text in ("yes", "false", "~", "", "on off")] == [
        True, False, None, None, "on off",
    ]  # fmt: skip
    assert value("1e999") == "1e999"
    # Names are the text they are.
    assert [value(text, "Name") for text in ("1.50", "on", "007")] == ["1.50", "on", "007"]
    assert value("[1, 2.0]", "Levels") == ["1", "2.0"]


def test_an_alias_is_what_its_anchor_was():
    text = "A: &a {x: 1}\nB: *a\nC: &a 2\nD: [*a, *a]"
    assert read_yaml(text, "test").value == {"A": {"x": 1}, "B": {"x": 1}, "C": 2, "D": [2, 2]}


@pytest.mark.parametrize(
    "text",
    ["3", "- 1", "Environment: 3", "Environment: [1]\nObjects: {a: 1}", "Environment: {Player: 3}"],
)
def test_settings_of_another_type_are_left_out(text):
    document = parse_game(text, "test")
    assert document["Environment"]["Player"]["Count"] == 1
    assert document["Environment"]["Levels"] == document["Objects"] == []
    with pytest.raises(GriddlyLitError):
        GriddlyEnvSpec(yaml_string=text)
