"""Walk a pickle without running it: the stack, the memo and the frames are followed, nothing is made.

The walk must agree with every reader that may open the file later (the C one, the pure Python one, joblib's).
Where these could read the same bytes differently, the file is refused: opcodes that no current pickler writes,
names with escapes, frames that do not end with an opcode, memo slots out of order.
"""

from __future__ import annotations

import pickletools
from typing import IO, Any, cast

from tenuto.guard.artifacts.allowlist import AllowList, Role
from tenuto.guard.artifacts.construction import (
    RECONSTRUCTOR,
    WRAPPER,
    as_bytes,
    call_fits,
    constant,
    instance_fits,
    may_be_stored,
    reconstructed,
    state_fits,
)
from tenuto.guard.artifacts.framing import Framing
from tenuto.guard.artifacts.joblib_arrays import read_array
from tenuto.guard.artifacts.reading import ByteReader
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.stack import Handler, PickleStack, stack_handlers
from tenuto.guard.artifacts.symbols import Global, Made

_HIGHEST_PROTOCOL = 5
_LONGEST_NAME = 200
_BYTES = frozenset({"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"})
_TEXTS = frozenset({"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_NUMBERS = frozenset({"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"})
_CONSTANTS = _BYTES | _TEXTS | _NUMBERS
_WRITTEN_NUMBERS = {"INT": b"I%b\n", "LONG": b"L%bL\n", "PUT": b"p%b\n", "GET": b"g%b\n"}


class PickleWalk:
    """One pickle, from its first opcode to STOP. ``joblib``: arrays may stand between the opcodes."""

    def __init__(self, reader: ByteReader, allowed: AllowList, report: ScanReport, *, joblib: bool) -> None:
        self._reader = reader
        self._allowed = allowed
        self._report = report
        self._joblib = joblib
        self._stack = PickleStack(reader)
        self._framing = Framing(reader)
        self._plain = bytearray()
        self._begin = reader.tell()
        # Opcodes that stand nowhere are refused: what Python 2 wrote (STRING, INST, OBJ ...), references to
        # things outside the file (PERSID, NEXT_BUFFER ...), the copyreg extension registry (EXT1 ...), DUP,
        # which no pickler uses, and NEWOBJ_EX, which nothing on the allow-lists uses.
        self._handlers: dict[str, Handler] = {
            **stack_handlers(self._stack),
            "STACK_GLOBAL": self._stack_global,
            "REDUCE": self._reduce,
            "NEWOBJ": lambda _: self._make(*self._called()),
            "BUILD": self._build,
            "PROTO": self._protocol,
            "FRAME": self._framing.begin,
            "STOP": self._stop,
        }

    def run(self) -> None:
        try:
            # A ByteReader has all that genops uses of a file.
            for opcode, argument, position in pickletools.genops(cast("IO[bytes]", self._reader)):
                assert position is not None  # the reader has a tell()
                raw, whole = self._reader.take_raw()
                self._plain += raw if whole else b"N"  # a long payload is None to the second scanner
                self._report.count_opcode(self._reader)
                self._framing.check(position)
                self._step(opcode.name, argument, raw)
        except (ValueError, OverflowError) as error:
            raise self._stack.refusal("pickle.malformed", f"not a pickle: {error}"[:200]) from error
        self._report.pickles.append(bytes(self._plain))

    def _step(self, opcode: str, argument: Any, raw: bytes) -> None:
        if opcode in _WRITTEN_NUMBERS:
            self._require_plain_number(opcode, argument, raw)
        if opcode in _CONSTANTS:
            self._stack.push(as_bytes(bytes(argument)) if opcode in _BYTES else argument)
        elif opcode == "GLOBAL":
            self._global(argument, raw)
        elif opcode in self._handlers:
            self._handlers[opcode](argument)
        else:
            raise self._stack.refusal("pickle.opcode", f"{opcode} is not written by today's picklers")

    def _require_plain_number(self, opcode: str, number: int, raw: bytes) -> None:
        """Refuse ``010``: one reader takes it for ten, another for eight."""
        written = f"{number:02d}" if isinstance(number, bool) else str(number)
        if raw != _WRITTEN_NUMBERS[opcode] % written.encode():
            raise self._stack.refusal("pickle.malformed", "a number in a spelling of its own")

    def _global(self, argument: str, raw: bytes) -> None:
        module, _, name = argument.partition(" ")
        if raw != f"c{module}\n{name}\n".encode() or " " in name:
            raise self._stack.refusal("pickle.name", "a name with escapes or spaces")
        self._name(module, name)

    def _stack_global(self, _: None) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise self._stack.refusal("pickle.name", "a name that is no text")
        self._name(module, name)

    def _name(self, module: str, name: str) -> None:
        if not (module + name).isascii() or len(module + name) > _LONGEST_NAME:
            raise self._stack.refusal("pickle.name", "a name that is not plain text")
        self._report.names.add((module, name))
        role = Role.MAKE if self._joblib and (module, name) == WRAPPER else self._allowed.role(module, name)
        named = Global(module, name, role)
        if role is None:
            self._report.find("pickle.name", self._reader.where(), f"{named} is not on the allow-list")
        self._stack.push(named)

    def _called(self) -> tuple[Global, tuple[Any, ...]]:
        """Pop a callable and its arguments."""
        arguments, function = self._stack.pop(), self._stack.pop()
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise self._stack.refusal("pickle.call", "calls what is no plain name")
        return function, arguments

    def _reduce(self, _: None) -> None:
        function, arguments = self._called()
        if function.path in RECONSTRUCTOR and function.role is not None:
            self._make(reconstructed(arguments), ())
            return
        value = constant(function, arguments)
        if function.role not in {Role.CALL, None} or (value is None and not call_fits(function, arguments)):
            raise self._stack.refusal("pickle.call", f"{function} may not be called like this")
        self._stack.push(Made(function, arguments) if value is None else value)

    def _make(self, cls: Global | None, arguments: tuple[Any, ...]) -> None:
        if cls is None:
            raise self._stack.refusal("pickle.call", "makes an instance in an unknown way")
        if cls.role is Role.NAME or not (cls.role is None or instance_fits(cls, arguments)):
            raise self._stack.refusal("pickle.call", f"{cls} may not be instantiated like this")
        self._stack.push(Made(cls, arguments))

    def _build(self, _: None) -> None:
        state = self._stack.stored(1)[0]
        target = self._stack.top()
        if not isinstance(target, Made):
            raise self._stack.refusal("pickle.state", "fills what is no new object")
        if target.of.path == WRAPPER and target.of.role is not None:
            self._stack.pop()
            self._stack.push(self._array(state))
        elif not state_fits(target, state):
            raise self._stack.refusal("pickle.state", f"an instance of {target.of} may not be filled so")

    def _array(self, state: Any) -> Made:
        """Pass over the array that joblib has written behind its placeholder."""
        self._framing.require_closed()
        self._report.holds_arrays = True
        if read_array(self._reader, state):
            self._reader.take_raw()
            PickleWalk(self._reader, self._allowed, self._report, joblib=False).run()
        self._reader.take_raw()  # what was passed over is no opcode
        return Made(state.entries["subclass"], ())

    def _protocol(self, number: int) -> None:
        if number > _HIGHEST_PROTOCOL or self._reader.tell() != self._begin + 2:
            raise self._stack.refusal("pickle.opcode", f"protocol {number}, or named in the middle")

    def _stop(self, _: None) -> None:
        self._framing.require_closed()
        if len(self._stack) != 1 or not may_be_stored(self._stack.pop()):
            raise self._stack.refusal("pickle.malformed", "stops with more or less than one object")
