"""Every file keeps the rules of the house, and every rule is shown to bite."""

from __future__ import annotations

import pytest

from architecture.house import Rule, Source, sources
from architecture.rules import RULES

BY_NAME = {rule.name: rule for rule in RULES}


@pytest.fixture(scope="module")
def house() -> list[Source]:
    return sources()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_house_keeps_the_rule(rule: Rule, house: list[Source]) -> None:
    broken = [violation for violation in rule.violations(house) if violation.key not in rule.exempt]
    assert not broken, "\n".join(["", *map(str, broken), f"fix: {rule.fix}"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_exemption_outlives_its_need(rule: Rule, house: list[Source]) -> None:
    needed = {violation.key for violation in rule.violations(house)}
    assert set(rule.exempt) <= needed, f"no longer needed: {sorted(set(rule.exempt) - needed)}"
    assert all(rule.exempt.values()), "an exemption gives its reason"


LONG = "def long():\n" + "    pass\n" * 60

# rule, file below src/tenuto, source, what is said about it ("" for nothing)
CASES = [
    ("environment", "web/app.py", "import os\nos.environ['X']", "os.environ"),
    ("environment", "web/app.py", "from os import getenv", "os.getenv"),
    ("environment", "web/app.py", "import os as o\no.environ['X']", "os.environ"),
    ("environment", "web/app.py", "import posix\nposix.environ", "os.environ"),
    ("environment", "web/app.py", "from posix import environ as e", "posix.environ"),
    ("environment", "web/app.py", "import os\ngetattr(os, 'environ')", "os.environ"),
    ("environment", "web/app.py", "import os\ngetattr(os, 'O_PATH', 0)\ncase.environ", ""),
    ("environment", "app/settings.py", "import os\nos.environ['X']", ""),
    ("environment", "web/app.py", "import os\nos.path.join('a')", ""),
    ("use cases", "spend/use_cases.py", "def spend(case): ...", "spend is exported"),
    ("use cases", "spend/prices/use_cases.py", "async def spend(case): ...", "spend is exported"),
    ("use cases", "spend/use_cases/buying.py", "@other\ndef buy(case): ...", "buy is exported"),
    ("use cases", "spend/use_cases.py", "@use_case('a:b:c')\ndef spend(case): ...\ndef _sum(): ...", ""),
    ("use cases", "spend/buying.py", "@use_case('a:b:c')\ndef buy(case): ...", "outside use_cases"),
    ("function size", "spend/rules.py", LONG, "long has 61 lines"),
    ("function size", "spend/rules.py", LONG.removesuffix("    pass\n"), ""),
    ("file size", "spend/rules.py", "pass\n" * 501, "501 lines"),
    ("file size", "spend/rules.py", "pass\n" * 500, ""),
    ("prints", "spend/rules.py", "print('x')", "prints"),
    ("prints", "cli/main.py", "print('x')", ""),
    ("module state", "spend/rules.py", "seen = set()", "seen is a mutable container"),
    ("module state", "spend/rules.py", "seen: dict[str, int] = {}", "seen is a mutable container"),
    ("module state", "spend/rules.py", "SEEN = []\ndef f(): SEEN.append(1)", "the constant SEEN is changed"),
    ("module state", "spend/rules.py", "SEEN = {}\ndef f(): SEEN['a'] = 1", "the constant SEEN is changed"),
    ("module state", "spend/rules.py", "def f():\n    global x\n    x = 1", "global x"),
    ("module state", "spend/rules.py", "__all__ = ['f']\n_TABLE = {'a': 1}\nx = (1, 2)", ""),
    ("module state", "spend/rules.py", "state = Thing()", "state is an object made"),
    ("module state", "spend/rules.py", "_seen: Thing = make_thing()", "_seen is an object made"),
    ("module state", "spend/rules.py", "class Thing:\n    seen = []", "seen is a mutable container"),
    ("module state", "spend/rules.py", "class Thing:\n    seen: list[int] = []", "that all instances share"),
    ("module state", "spend/rules.py", "class T(Struct):\n    seen: ClassVar[list[int]] = []", "seen is"),
    ("module state", "spend/rules.py", "class Thing(Struct):\n    seen = {}", "seen is a mutable"),
    ("module state", "spend/rules.py", "class Thing(Struct):\n    seen: list[int] = []", ""),
    ("module state", "spend/rules.py", "class Thing:\n    __slots__ = ['a']\n    ALL = ['a']", ""),
    ("module state", "spend/rules.py", "_log = logging.getLogger(__name__)\nTHING = Thing()", ""),
    ("names", "spend/utils.py", "", "the path says 'util'"),
    ("names", "spend/rules.py", "class BudgetManager: ...", "class BudgetManager says 'manager'"),
    ("names", "spend/communes.py", "class Commons2: ...", "class Commons2 says 'common'"),
    ("names", "spend/utility.py", "class Management: ...", ""),
    ("pickles", "serving/child.py", "import pickle", "imports pickle"),
    ("pickles", "serving/child.py", "def f():\n    from joblib import load", "imports joblib"),
    ("pickles", "serving/child.py", "import picklescan", ""),
    ("pickles", "serving/child.py", "np.load(path, allow_pickle=True)", "sets allow_pickle"),
    ("pickles", "serving/child.py", "np.load(path, allow_pickle=trusted)", "sets allow_pickle"),
    ("pickles", "serving/child.py", "np.load(path, allow_pickle=False)", ""),
    ("pickles", "serving/child.py", "torch.load(path, weights_only=False)", "sets weights_only"),
    ("pickles", "serving/child.py", "pd.read_pickle(path)", "calls read_pickle"),
    ("faults", "spend/rules.py", "X = Fault('spend.x')", "declares a Fault"),
    ("faults", "spend/rules.py", "from errors import Fault as F\nX = F('spend.x')", "declares a Fault"),
    ("faults", "spend/rules.py", "Trouble = Fault\nX = Trouble('spend.x')", "declares a Fault"),
    ("faults", "spend/rules.py", "def f(fault: Fault): F = g(fault)", ""),
    ("faults", "spend/errors.py", "X = Fault('spend.x')", ""),
]


@pytest.mark.parametrize(("rule", "path", "text", "said"), CASES)
def test_the_rule_bites_where_it_should(rule: str, path: str, text: str, said: str) -> None:
    found = [violation.what for violation in BY_NAME[rule].check(Source(f"src/tenuto/{path}", text))]
    assert any(said in what for what in found) if said else not found
