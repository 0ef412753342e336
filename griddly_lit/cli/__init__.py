"""The command ``griddly-lit``: a door like any script, over the public names of the package.

Its way: ``command_line`` takes the words apart, ``config_file`` reads the YAML, ``given`` lays one
over the other, ``values`` checks them with jsonargparse, and ``running`` or ``info`` does what the
command says. Which options there are is read from the classes themselves (``declared``).
"""

from griddly_lit.cli.main import main

__all__ = ["main"]
