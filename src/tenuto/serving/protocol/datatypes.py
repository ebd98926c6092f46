"""How the protocol's datatypes are spelled elsewhere: in numpy, on the wire, in ONNX."""

from __future__ import annotations

from tenuto.serving.words import Datatype

# The wire is little-endian whatever the machine is.
NUMPY_DTYPES = {
    Datatype.BOOL: "|b1",
    Datatype.INT8: "|i1",
    Datatype.INT16: "<i2",
    Datatype.INT32: "<i4",
    Datatype.INT64: "<i8",
    Datatype.UINT8: "|u1",
    Datatype.UINT16: "<u2",
    Datatype.UINT32: "<u4",
    Datatype.UINT64: "<u8",
    Datatype.FP16: "<f2",
    Datatype.FP32: "<f4",
    Datatype.FP64: "<f8",
    Datatype.BYTES: "|O",
}
ONNX_TYPES = {
    Datatype.BOOL: "tensor(bool)",
    Datatype.INT8: "tensor(int8)",
    Datatype.INT16: "tensor(int16)",
    Datatype.INT32: "tensor(int32)",
    Datatype.INT64: "tensor(int64)",
    Datatype.UINT8: "tensor(uint8)",
    Datatype.UINT16: "tensor(uint16)",
    Datatype.UINT32: "tensor(uint32)",
    Datatype.UINT64: "tensor(uint64)",
    Datatype.FP16: "tensor(float16)",
    Datatype.FP32: "tensor(float)",
    Datatype.FP64: "tensor(double)",
    Datatype.BYTES: "tensor(string)",
}
FLOATS = frozenset({Datatype.FP16, Datatype.FP32, Datatype.FP64})


def item_bytes(datatype: Datatype) -> int:
    """Return the bytes one element takes as binary data; BYTES elements vary and have no size."""
    return int(NUMPY_DTYPES[datatype][2:])


def datatype_of(kind: str, size: int) -> Datatype | None:
    """Return the datatype of a numpy ``kind`` and ``itemsize``, or None. Text of any kind is BYTES."""
    if kind in "OUST":
        return Datatype.BYTES
    for datatype, spelling in NUMPY_DTYPES.items():
        if spelling[1:] == f"{kind}{size}":
            return datatype
    return None
