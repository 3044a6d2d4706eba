"""Right answers to the exercises, differently written, and wrong ones with the message each must get.

A folder for each chapter and a file for each exercise, as in `tutorial_utils.checks`. A file holds RIGHT, a
list of answers, and WRONG, a list of pairs of an answer and a pattern. Here they are found by their names.
"""

from importlib import import_module
from pathlib import Path

FILES = sorted(Path(__file__).parent.glob("*/*.py"))
_modules = {path.stem: import_module(f"answers.{path.parent.name}.{path.stem}") for path in FILES}
RIGHT = {name: module.RIGHT for name, module in _modules.items()}
WRONG = {name: module.WRONG for name, module in _modules.items()}
