"""The stack and the memo of a pickle that is walked without being run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenuto.guard.artifacts.construction import WRAPPER, may_be_stored
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.symbols import MARK, Bag, Made

Handler = Callable[[Any], object]  # what it returns is dropped


class PickleStack:
    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._values: list[Any] = []
        self._memo: list[Any] = []

    def __len__(self) -> int:
        return len(self._values)

    def push(self, value: Any) -> None:
        self._values.append(value)

    def pop(self) -> Any:
        if not self._values or self._values[-1] is MARK:
            raise self.refusal("pickle.malformed", "takes from an empty stack")
        return self._values.pop()

    def top(self) -> Any:
        value = self.pop()
        self.push(value)
        return value

    def stored(self, count: int) -> tuple[Any, ...]:
        """Pop ``count`` values that are about to be kept somewhere."""
        return self._storable(tuple(self.pop() for _ in range(count))[::-1])

    def marked(self) -> tuple[Any, ...]:
        """Pop the values above the last mark, and the mark."""
        for place in range(len(self._values) - 1, -1, -1):
            if self._values[place] is MARK:
                values = tuple(self._values[place + 1 :])
                del self._values[place:]
                return self._storable(values)
        raise self.refusal("pickle.malformed", "there is no mark")

    def _storable(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        for value in values:
            if not may_be_stored(value):
                raise self.refusal("pickle.hidden", "keeps a type or an array placeholder for later")
        return values

    def collect(self, kind: str) -> None:
        values = self.marked()
        self.push(Bag(kind))
        if kind == "dict":
            self.put(values)

    def put(self, values: tuple[Any, ...]) -> None:
        """Set items of the dict on top, or of an object whose class is a kind of dict."""
        target = self.top()
        is_dict = isinstance(target, Bag) and target.kind == "dict"
        if len(values) % 2 or not (is_dict or isinstance(target, Made)):
            raise self.refusal("pickle.malformed", "sets items of what is no dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if isinstance(target, Bag):
                if target.frozen:
                    raise self.refusal("pickle.hidden", "changes a type that is in use")
                target.put(key, value)
            elif isinstance(key, str) and key.startswith("__"):
                raise self.refusal("pickle.state", "sets what Python itself would act on")

    def add(self, kind: str, *, marked: bool) -> None:
        """Pop one value, or those above the mark, and add them to a container that need not be remembered.

        Plain containers only: of other objects, the file itself could say what adding does.
        """
        _ = self.marked() if marked else self.stored(1)
        target = self.top()
        if not isinstance(target, Bag) or target.kind != kind:
            raise self.refusal("pickle.malformed", f"adds to what is no {kind}")

    def remember(self, slot: int | None) -> None:
        if slot is not None and slot != len(self._memo):
            raise self.refusal("pickle.memo", "memo slots are not in order")
        self._memo.append(self.top())

    def recall(self, slot: int) -> None:
        if not 0 <= slot < len(self._memo):
            raise self.refusal("pickle.memo", "recalls what was not remembered")
        value = self._memo[slot]
        if isinstance(value, Made) and value.of.path == WRAPPER:
            raise self.refusal("pickle.hidden", "uses an array placeholder twice")
        self.push(value)

    def refusal(self, rule: str, what: str) -> RefusedError:
        return RefusedError(rule, self._reader.where(), what)


def stack_handlers(stack: PickleStack) -> Mapping[str, Handler]:
    """Return what each opcode that only moves values does."""
    return {
        "NONE": lambda _: stack.push(None),
        "NEWTRUE": lambda _: stack.push(True),
        "NEWFALSE": lambda _: stack.push(False),
        "MARK": lambda _: stack.push(MARK),
        "POP": lambda _: stack.pop(),
        "POP_MARK": lambda _: stack.marked(),
        "EMPTY_TUPLE": lambda _: stack.push(()),
        "TUPLE1": lambda _: stack.push(stack.stored(1)),
        "TUPLE2": lambda _: stack.push(stack.stored(2)),
        "TUPLE3": lambda _: stack.push(stack.stored(3)),
        "TUPLE": lambda _: stack.push(stack.marked()),
        "EMPTY_LIST": lambda _: stack.push(Bag("list")),
        "EMPTY_DICT": lambda _: stack.push(Bag("dict")),
        "EMPTY_SET": lambda _: stack.push(Bag("set")),
        "LIST": lambda _: stack.collect("list"),
        "DICT": lambda _: stack.collect("dict"),
        "FROZENSET": lambda _: stack.collect("frozenset"),
        "APPEND": lambda _: stack.add("list", marked=False),
        "APPENDS": lambda _: stack.add("list", marked=True),
        "ADDITEMS": lambda _: stack.add("set", marked=True),
        "SETITEM": lambda _: stack.put(stack.stored(2)),
        "SETITEMS": lambda _: stack.put(stack.marked()),
        "PUT": stack.remember,
        "BINPUT": stack.remember,
        "LONG_BINPUT": stack.remember,
        "MEMOIZE": lambda _: stack.remember(None),
        "GET": stack.recall,
        "BINGET": stack.recall,
        "LONG_BINGET": stack.recall,
    }
