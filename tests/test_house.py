"""The house: files that hold one thing."""

from pathlib import Path

import griddly_lit

MOST_LINES = 300


def test_no_file_is_long():
    root = Path(griddly_lit.__file__).parent
    lengths = {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in root.rglob("*.py")
    }
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
