"""Pickles that would run code, read files or corrupt memory. They are written byte by byte and never opened."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def value_of(value: Any) -> bytes:
    """The opcodes that push a plain value, without protocol header and STOP."""
    return pickle.dumps(value, protocol=2)[2:-1]


def values(*items: Any) -> bytes:
    """A tuple of plain values; memo slots are left out so that pieces can be put together."""
    return b"(" + b"".join(_plain(item) for item in items) + b"t"


def _plain(item: Any) -> bytes:
    if isinstance(item, bytes):  # already opcodes
        return item
    if isinstance(item, str):
        return text(item)
    if item is None:
        return b"N"
    if isinstance(item, bool):
        return b"\x88" if item else b"\x89"
    if isinstance(item, int):
        return b"J" + struct.pack("<i", item)
    if isinstance(item, tuple):
        return values(*item)
    raise TypeError(type(item))


def calls(module: str, attribute: str, *arguments: Any) -> bytes:
    return b"\x80\x02" + name(module, attribute) + values(*arguments) + b"R."


def calls_from_stack(module: str, attribute: str, *arguments: Any) -> bytes:
    return b"\x80\x04" + stack_name(module, attribute) + values(*arguments) + b"R."


def binary(content: bytes) -> bytes:
    """Bytes as protocol 3 and later push them."""
    return b"B" + struct.pack("<I", len(content)) + content


# Well-known ways to run code, read files or reach the network. Each is one call.
NAMES: list[tuple[str, str, tuple[Any, ...]]] = [
    ("os", "system", ("id",)),
    ("posix", "system", ("id",)),
    ("nt", "system", ("dir",)),
    ("os", "popen", ("id",)),
    ("os", "execv", ("/bin/sh", ())),
    ("os", "remove", ("file",)),
    ("subprocess", "Popen", ("id",)),
    ("subprocess", "check_output", ("id",)),
    ("commands", "getoutput", ("id",)),
    ("builtins", "eval", ("1",)),
    ("builtins", "exec", ("1",)),
    ("builtins", "compile", ("1", "x", "eval")),
    ("builtins", "__import__", ("os",)),
    ("builtins", "open", ("/etc/passwd",)),
    ("builtins", "getattr", ("x", "__class__")),
    ("builtins", "setattr", ("x", "y", "z")),
    ("builtins", "map", (None, ())),
    ("builtins", "type", ("X", (), None)),
    ("builtins", "breakpoint", ()),
    ("__builtin__", "eval", ("1",)),
    ("__builtin__", "apply", (None, ())),
    ("importlib", "import_module", ("os",)),
    ("runpy", "_run_code", ("1", None)),
    ("runpy", "run_path", ("x.py",)),
    ("pip", "main", (("install", "x"),)),
    ("pip._internal.cli.main", "main", (("install", "x"),)),
    ("ensurepip", "_run_pip", ((),)),
    ("pty", "spawn", ("/bin/sh",)),
    ("shutil", "rmtree", ("/",)),
    ("socket", "create_connection", (("host", 80),)),
    ("urllib.request", "urlopen", ("http://host/",)),
    ("webbrowser", "open", ("http://host/",)),
    ("ctypes", "CDLL", ("x.so",)),
    ("marshal", "loads", ("x",)),
    ("pickle", "loads", ("x",)),
    ("_pickle", "loads", ("x",)),
    ("dill", "loads", ("x",)),
    ("cloudpickle.cloudpickle", "_make_function", (None,)),
    ("joblib", "load", ("file",)),
    ("joblib.numpy_pickle", "load", ("file",)),
    ("numpy", "load", ("file", None, True)),
    ("numpy", "fromfile", ("/etc/passwd",)),
    ("numpy.testing._private.utils", "runstring", ("1", None)),
    ("numpy.f2py.crackfortran", "_eval_length", ("1", None)),
    ("numpy.ctypeslib", "load_library", ("x", ".")),
    ("pandas", "read_pickle", ("file",)),
    ("torch", "load", ("file",)),
    ("torch.hub", "load", ("x", "y")),
    ("torch.serialization", "load", ("file",)),
    ("torch.jit.unsupported_tensor_ops", "execWrapper", ("1", None, None)),
    ("operator", "attrgetter", ("system",)),
    ("operator", "methodcaller", ("system", "id")),
    ("functools", "partial", (None, "id")),
    ("functools", "reduce", (None, ())),
    ("types", "CodeType", ()),
    ("types", "FunctionType", (None, None)),
    ("code", "InteractiveInterpreter", ()),
    ("timeit", "timeit", ("1",)),
    ("cProfile", "run", ("1",)),
    ("pdb", "run", ("1",)),
    ("doctest", "debug_script", ("1",)),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", ()),
    ("logging.config", "listen", (9,)),
    ("idlelib.pyshell", "ModifiedInterpreter.runcode", ("1",)),
    ("lib2to3.pgen2.grammar", "Grammar.loads", ("x",)),
    ("pkgutil", "resolve_name", ("os:system",)),
    ("pydoc", "locate", ("os.system",)),
    ("sys", "modules.__setitem__", ("x", "y")),
    ("pathlib", "Path.write_text", ("x", "y")),
    ("tempfile", "_TemporaryFileCloser", ()),
    ("sklearn.datasets", "fetch_openml", ("x",)),
    ("sklearn.datasets", "load_svmlight_file", ("/etc/passwd",)),
    ("sklearn.utils", "os.system", ("id",)),
    ("sklearn.externals.joblib", "load", ("file",)),
    ("skops.io", "load", ("file",)),
    ("copyreg", "add_extension", ("os", "system", 1)),
    ("copyreg", "__newobj__", ("x",)),
    ("copyreg", "_extension_registry.update", (None,)),
    ("sklearn.linear_model._logistic", "LogisticRegression.fit", ("x",)),
    ("numpy", "ndarray.tofile", ("file",)),
]

LOGISTIC = ("sklearn.linear_model._logistic", "LogisticRegression")
NEW_LOGISTIC = name(*LOGISTIC) + b")\x81"
NEW_WRAPPER = name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
PAYLOAD = name("os", "system") + values("id") + b"R"


def dtype(code: str, state: tuple[Any, ...] | None) -> bytes:
    made = name("numpy", "dtype") + values(code, False, True) + b"R"
    return made if state is None else made + values(*state) + b"b"


FLOAT = dtype("f8", (3, "<", None, None, None, -1, -1, 0))
# An array of objects whose type denies it: numpy would take the bytes for pointers.
POINTERS = dtype("O8", (3, "|", None, None, None, -1, -1, 0))


def array(element: bytes, content: bytes, *, length: int = 1) -> bytes:
    empty = (
        name("numpy._core.multiarray", "_reconstruct")
        + values(name("numpy", "ndarray"), (0,), binary(b"b"))
        + b"R"
    )
    return empty + values(1, (length,), element, False, binary(content)) + b"b"


def wrapper_state(shape: tuple[Any, ...], element: bytes, **changed: bytes) -> bytes:
    entries = {
        "subclass": name("numpy", "ndarray"),
        "shape": values(*shape),
        "order": text("C"),
        "dtype": element,
        "allow_mmap": b"\x89",
        **changed,
    }
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def joblib_array(shape: tuple[Any, ...], element: bytes, content: bytes, **changed: bytes) -> bytes:
    return NEW_WRAPPER + wrapper_state(shape, element, **changed) + b"b" + content


def _framed(body: bytes, length: int | None = None) -> bytes:
    return b"\x95" + struct.pack("<Q", len(body) if length is None else length) + body


def hidden_behind_frame() -> bytes:
    """Joblib's reader takes the array from behind the frame; a reader without frames would take the payload."""
    content = struct.pack("<d", 1.0)
    body = NEW_WRAPPER + wrapper_state((1,), FLOAT) + b"b"
    lookalike = PAYLOAD[: len(content)].ljust(len(content), b"N")
    return b"\x80\x04" + _framed(body + lookalike + b"0.") + content


def _fields(entry: bytes) -> bytes:
    return b"}" + text("a") + entry + b"s"


def record(element: bytes, offset: int = 0, flags: int = 16) -> bytes:
    return dtype("V8", (3, "|", None, ("a",), _fields(values(element, offset)), 8, 1, flags))


# By the rule that refuses them first.
STRUCTURES: dict[str, dict[str, bytes]] = {
    "pickle.name": {
        "names from the memo": b"\x80\x04"
        + text("os")
        + b"\x94"
        + text("system")
        + b"\x940"
        + b"0h\x00h\x01\x93"
        + values("id")
        + b"R.",
        "names swapped in the memo": b"\x80\x04"
        + text("system")
        + b"\x94"
        + text("os")
        + b"\x94"
        + b"00h\x01h\x00\x93"
        + values("id")
        + b"R.",
        "names from a long string": b"\x80\x04\x8d"
        + struct.pack("<Q", 2)
        + b"os"
        + text("system")
        + b"\x93"
        + values("id")
        + b"R.",
        "OBJ": b"(" + name("os", "system") + text("id") + b"o.",
        "NEWOBJ": b"\x80\x02" + name("subprocess", "Popen") + values("id") + b"\x81.",
        "NEWOBJ_EX": b"\x80\x04" + name("subprocess", "Popen") + values("id") + b"}\x92.",
        "BUILD of an unknown class": b"\x80\x02" + name("os", "PathLike") + b")\x81}b.",
        "joblib: files beside it": b"\x80\x03"
        + name("joblib.numpy_pickle_compat", "NDArrayWrapper")
        + b")\x81}"
        + text("filename")
        + text("x.npy")
        + b"sb.",
        "joblib: a shorter array": b"\x80\x03" + joblib_array((0,), FLOAT, PAYLOAD + b"."),
        "joblib: objects that run code": b"\x80\x03"
        + joblib_array((1,), dtype("O8", (3, "|", None, None, None, -1, -1, 63)), calls("os", "system", "id"))
        + b".",
        "escapes in a name": b"\x80\x02cbuiltin\\x73\nslice\n)R.",
        "a space in a name": b"\x80\x02cos system\nx\n)R.",
        "a name that is not ASCII": b"\x80\x04" + stack_name("o\u0455", "system") + b".",
        "a name that is a number": b"\x80\x04K\x01K\x02\x93.",
    },
    "pickle.opcode": {
        "names from strings of Python 2": b"\x80\x02U\x02os" + b"U\x06system\x93" + values("id") + b"R.",
        "INST": b"(" + text("id") + b"ios\nsystem\n.",
        "EXT1": b"\x80\x02\x82\x01" + values("id") + b"R.",
        "EXT4": b"\x80\x02\x84\x01\x00\x00\x00" + values("id") + b"R.",
        "BINPERSID": b"\x80\x02" + values("storage", "x") + b"Q.",
        "NEXT_BUFFER": b"\x80\x05\x97.",
        "DUP": b"\x80\x02N20.",
        "protocol named twice": b"\x80\x02\x80\x04N.",
    },
    "file.format": {
        "PERSID": b"Pid\n.",
        "protocol 6": b"\x80\x06N.",
    },
    "pickle.state": {
        "BUILD of a class": b"\x80\x02" + name(*LOGISTIC) + b"}" + text("fit") + text("x") + b"sb.",
        "BUILD twice": b"\x80\x02"
        + NEW_LOGISTIC
        + b"}"
        + text("__setstate__")
        + name("numpy", "log")
        + b"sb}b.",
        "BUILD with attributes of Python": b"\x80\x02"
        + NEW_LOGISTIC
        + values(None, b"}" + text("__class__") + b"Ns")
        + b"b.",
        "items of Python": b"\x80\x02"
        + name("sklearn.utils._bunch", "Bunch")
        + b")\x81"
        + text("__setstate__")
        + b"Ns.",
        "pointers": b"\x80\x03" + array(POINTERS, b"A" * 8) + b".",
        "pointers as a scalar": b"\x80\x03"
        + name("numpy._core.multiarray", "scalar")
        + values(POINTERS, binary(b"A" * 8))
        + b"R.",
        "pointers in a record": b"\x80\x03"
        + array(record(dtype("O8", (3, "|", None, None, None, -1, -1, 63))), b"A" * 8)
        + b".",
        "a field outside its record": b"\x80\x03" + array(record(FLOAT, offset=8), b"A" * 8) + b".",
        "a type that lies about its size": b"\x80\x03"
        + array(dtype("U2", (3, "<", None, None, None, 4, 4, 8)), b"A" * 8)
        + b".",
        "a type filled afterwards": b"\x80\x03"
        + dtype("V8", None)
        + b"q\x000"
        + array(b"h\x00", b"A" * 8)
        + b".",
        "a type filled twice": b"\x80\x03" + FLOAT + values(3, "|", None, None, None, -1, -1, 63) + b"b.",
        "an array filled again": b"\x80\x03"
        + array(FLOAT, b"A" * 8)
        + values(1, (1,), FLOAT, False, binary(b"B" * 8))
        + b"b.",
        "a buffer filled as an array": b"\x80\x03"
        + name("numpy._core.numeric", "_frombuffer")
        + values(binary(b"A" * 8), FLOAT, (1,), "C")
        + b"R"
        + values(1, (1,), POINTERS, False, binary(b"B" * 8))
        + b"b.",
        "more elements than bytes": b"\x80\x03" + array(FLOAT, b"A" * 8, length=2) + b".",
        "joblib: flags that hide objects": b"\x80\x03" + joblib_array((1,), POINTERS, b"A" * 8 + b"."),
    },
    "pickle.malformed": {
        "an extension of what is no list": b"\x80\x02" + NEW_LOGISTIC + b"}b(Ne.",
        "joblib: payload in the array": b"\x80\x03" + joblib_array((1,), FLOAT, PAYLOAD + b"."),
        "an octal number": b"I010\n.",
        "an empty stack": b"\x80\x02.",
        "two objects left": b"\x80\x02NN.",
        "a mark left": b"\x80\x02(N.",
        "tuple without mark": b"\x80\x02Nt.",
        "an unknown opcode": b"\x80\x02\xff.",
        "no STOP": b"\x80\x02N",
        "cut in an opcode": b"\x80\x02X\xff\x00\x00\x00abc",
        "a promise of terabytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**50) + b"abc.",
        "odd items": b"\x80\x02}(Nu.",
        "items of a list": b"\x80\x02](NNu.",
    },
    "pickle.call": {
        "a call of what was made": b"\x80\x02" + NEW_LOGISTIC + b")R.",
        "a call of a metric": calls("sklearn.metrics._classification", "accuracy_score", "x", "y"),
        "a call of an estimator": calls(*LOGISTIC, "l2"),
        "an instance of a function": b"\x80\x02" + name("numpy", "log1p") + b")\x81.",
        "an estimator with arguments": b"\x80\x02" + name(*LOGISTIC) + values("l2") + b"\x81.",
        "another codec": calls("_codecs", "encode", "x", "rot13"),
        "a codec for what is no text": calls("_codecs", "encode", 1, "latin1"),
        "text beyond latin-1": calls("_codecs", "encode", "\u20ac", "latin1"),
        "bytes of a size": calls("builtins", "bytes", 1000),
        "a base that is no object": b"\x80\x02"
        + name("copyreg", "_reconstructor")
        + values(name(*LOGISTIC), name("builtins", "dict"), None)
        + b"R.",
        "an array of a class": b"\x80\x02"
        + name("numpy._core.multiarray", "_reconstruct")
        + values(name(*LOGISTIC), (0,), binary(b"b"))
        + b"R.",
        "a generator made by a call": b"\x80\x02"
        + name("numpy.random._pickle", "__generator_ctor")
        + values("x", name("numpy", "log"))
        + b"R.",
    },
    "pickle.hidden": {
        "a record changed afterwards": b"\x80\x03}"
        b"q\x00"
        + text("a")
        + values(FLOAT, 0)
        + b"s0"
        + dtype("V8", (3, "|", None, ("a",), b"h\x00", 8, 1, 16))
        + b"0h\x00"
        + text("a")
        + b"Ns.",
        "a type kept for later": b"\x80\x03" + values(name("numpy", "dtype")) + b".",
        "joblib: a placeholder kept": b"\x80\x03" + values(NEW_WRAPPER) + b".",
        "joblib: a placeholder recalled": b"\x80\x03"
        + NEW_WRAPPER
        + b"q\x00"
        + wrapper_state((1,), FLOAT)
        + b"b"
        + b"A" * 8
        + b"0h\x00"
        + wrapper_state((1,), FLOAT)
        + b"b"
        + b"A" * 8
        + b".",
        "joblib: a placeholder by reconstruction": b"\x80\x03"
        + name("copyreg", "_reconstructor")
        + b"("
        + name("joblib.numpy_pickle", "NumpyArrayWrapper")
        + name("builtins", "object")
        + b"NtR.",
    },
    "joblib.array": {
        "joblib: an array of nothing": b"\x80\x03" + joblib_array((), dtype("V0", None), PAYLOAD + b"."),
        "joblib: a negative shape": b"\x80\x03" + joblib_array((-1,), FLOAT, b"."),
        "joblib: another subclass": b"\x80\x03"
        + joblib_array((1,), FLOAT, b"A" * 8, subclass=name(*LOGISTIC))
        + b".",
        "joblib: an undescribed array": b"\x80\x03" + NEW_WRAPPER + b"}b.",
    },
    "file.truncated": {
        "joblib: a huge shape": b"\x80\x03" + joblib_array((2**31 - 1, 2**31 - 1), FLOAT, b"."),
        "joblib: an overflowing shape": b"\x80\x03" + joblib_array((2**30,) * 5, FLOAT, b"."),
    },
    "pickle.frame": {
        "joblib: payload behind a frame": hidden_behind_frame(),
        "a frame in a frame": b"\x80\x04" + _framed(_framed(b"N0", 2) + b"N.", 100),
        "a frame that ends in an opcode": b"\x80\x04" + _framed(text("abc"), 3) + b".",
        "a frame beyond the end": b"\x80\x04" + _framed(b"N.", 50),
    },
    "file.trailing_data": {
        "two pickles": pickle.dumps(1) + calls("os", "system", "id"),
        "a pickle behind the pickle": pickle.dumps({"a": 1}, protocol=0) + calls("os", "system", "id"),
        "zip behind the pickle": pickle.dumps(1) + b"PK\x03\x04" + b"\0" * 26,
    },
    "pickle.memo": {
        "a memo slot out of order": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "an unknown memo slot": b"\x80\x02h\x05.",
    },
    "file.too_large": {
        "an endless line": b"V" + b"a" * (17 * 2**20),
    },
}


def _gzip(content: bytes) -> bytes:
    """Without the time of day, so that each process that collects the tests makes the same."""
    return gzip.compress(content, mtime=0)


def _compressed(pack: Callable[[bytes], bytes]) -> bytes:
    return pack(calls("os", "system", "id"))


class SystemCall:
    def __reduce__(self) -> Any:
        import os

        return os.system, ("id",)


def _joblib(compress: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(
        {"array": np.arange(3.0), "evil": SystemCall(), "more": np.arange(2)}, buffer, compress=compress
    )
    return buffer.getvalue()


CONTAINERS: dict[str, bytes] = {
    "zlib": _compressed(zlib.compress),
    "gzip": _compressed(_gzip),
    "bz2": _compressed(bz2.compress),
    "xz": _compressed(lambda data: lzma.compress(data, lzma.FORMAT_XZ)),
    "lzma": _compressed(lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    "lz4": b"\x04\x22\x4d\x18" + calls("os", "system", "id"),
    "old joblib": b"ZF0x10               " + zlib.compress(calls("os", "system", "id")),
    "two gzip streams": _gzip(b"\x80\x02N") + _gzip(PAYLOAD + b"."),
    "gzip and more": _gzip(pickle.dumps(1)) + b"more",
    "half a gzip stream": _gzip(pickle.dumps(list(range(1000))))[:-20],
    "no gzip stream": b"\x1f\x8b\x08" + b"\xff" * 50,
    "joblib behind an array": _joblib(0),
    "compressed joblib behind an array": _joblib(3),
}


def torch_file(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", content)
        archive.writestr("model/version", "3")
    return buffer.getvalue()


def npz_file(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member.replace("_npy", ".npy"), content)
    return buffer.getvalue()


def npy_of(value: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=True)
    return buffer.getvalue()


def evil_npy() -> bytes:
    return npy_of(np.array([SystemCall()], dtype=object))
