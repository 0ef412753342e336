"""Docstrings name classes by Sphinx's roles, which Markdown does not know."""

import re
from typing import Any

_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc):<code>~?([^<]*)</code>")


def on_page_content(html: str, **_: Any) -> str:
    """Leaves the names: ``:class:`~griddly_lit.Outlet``` becomes ``Outlet``; mkdocs calls this."""
    return _ROLE.sub(lambda match: f"<code>{match[1].removeprefix('griddly_lit.')}</code>", html)
