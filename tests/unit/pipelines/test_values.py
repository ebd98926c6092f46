from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import (
    ANY_JSON,
    NULL,
    FilePath,
    FolderPath,
    Kind,
    ValueType,
    estimator_type,
    list_of,
)
from tenuto.pipelines.errors import (
    ESTIMATOR_TYPES_REFUSED,
    VALUE_DAMAGED,
    VALUE_MISSING,
    VALUE_NOT_POSSIBLE,
    VALUE_TOO_LARGE,
)
from tenuto.pipelines.values.sinks import chunks_of, place_of
from tenuto.pipelines.values.storing import LARGEST_TEXT, files_needed, load, received, split, store
from tenuto.pipelines.words import Encoding, StoredValue

INT, FLOAT, TEXT = ValueType(Kind.INT), ValueType(Kind.FLOAT), ValueType(Kind.TEXT)
ARRAY, TABLE, FILE, FOLDER, ONNX, ESTIMATOR = (
    ValueType(kind) for kind in (Kind.ARRAY, Kind.TABLE, Kind.FILE, Kind.FOLDER, Kind.ONNX, Kind.ESTIMATOR)
)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    place = tmp_path / "scratch"
    place.mkdir()
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "values"
    place.mkdir()
    return place


def files(stored: StoredValue, folder: Path) -> dict[str, str]:
    return {one.digest: str(place_of(one.digest, folder)) for one in files_needed(stored)}


def round_trip(value: Any, declared: ValueType, folder: Path, scratch: Path) -> Any:
    stored = store(value, declared, folder)
    assert received(stored, declared) == stored
    stored = msgspec.json.decode(msgspec.json.encode(stored), type=StoredValue)
    return load(stored, declared, files(stored, folder), scratch)


@pytest.mark.capability("O1")
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(3, dtype=">i2"),
        np.zeros((0, 4), dtype="float32"),
        np.array(["a", "é"]),
        np.array(["2026-01-01"], dtype="datetime64[D]"),
        np.array([1 + 2j]),
        np.array([(1, 2.5)], dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    ],
)
def test_arrays_come_back_equal(array: Any, folder: Path, scratch: Path) -> None:
    back = round_trip(array, ARRAY, folder, scratch)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.flags.f_contiguous == array.flags.f_contiguous
    np.testing.assert_array_equal(back, array)


def test_equal_arrays_have_equal_digests_whatever_lies_between_their_fields(folder: Path) -> None:
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    dirty = np.frombuffer(b"\xff" * 16, dtype=dtype).copy()
    clean = np.zeros(1, dtype=dtype)
    for name in ("a", "b"):
        clean[name] = dirty[name] = 1
    assert store(dirty, ARRAY, folder).digest == store(clean, ARRAY, folder).digest


def test_an_array_of_objects_is_refused_and_leaves_nothing(folder: Path) -> None:
    with pytest.raises(TenutoError, match="Python objects"):
        store(np.array([object()]), ARRAY, folder)
    assert not list(folder.iterdir())


def test_an_array_of_another_dtype_than_declared_is_refused(folder: Path) -> None:
    with pytest.raises(TenutoError, match=r"expected array\[float64\], found array\[int64\]"):
        store(np.arange(3), ValueType(Kind.ARRAY, name="float64"), folder)


@pytest.mark.parametrize("value", [np.ma.array([1], mask=[True]), np.matrix([[1]]), [1], None])
def test_what_would_lose_something_as_an_array_is_refused(value: Any, folder: Path) -> None:
    with pytest.raises(TenutoError, match="expected array"):
        store(value, ARRAY, folder)


@pytest.mark.capability("O1")
def test_tables_come_back_equal(folder: Path, scratch: Path) -> None:
    table = pa.table(
        {
            "number": pa.array([1, None, 3], pa.int32()),
            "text": pa.array(["é", "", None]).dictionary_encode(),
            "nested": [[1.5], [], None],
            "moment": pa.array([0, 1, None], pa.timestamp("us", "Europe/Paris")),
        },
        metadata={"owner": "ada"},
    )
    back = round_trip(table, TABLE, folder, scratch)
    assert back.equals(table, check_metadata=True)
    assert store(table, TABLE, folder).metadata["columns"]["number"] == "int32"
    assert round_trip(table.slice(0, 0), TABLE, folder, scratch).num_rows == 0


@pytest.mark.capability("O1")
def test_data_frames_come_back_equal(folder: Path, scratch: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame(
        {"a": [1, 2], "b": pandas.Categorical(["x", "y"]), "c": [1.5, None]}, index=["i", "j"]
    )
    back = round_trip(frame, ValueType(Kind.FRAME), folder, scratch)
    pandas.testing.assert_frame_equal(back, frame)
    with pytest.raises(TenutoError, match="data frame"):
        store(pandas.DataFrame({"a": [1, "x", object()]}), ValueType(Kind.FRAME), folder)


@pytest.mark.capability("O1")
def test_files_and_folders_come_back_with_their_names(folder: Path, scratch: Path, tmp_path: Path) -> None:
    source = tmp_path / "tree" / "räport.csv"
    source.parent.mkdir()
    source.write_text("a,b\n")
    back = round_trip(FilePath(source), FILE, folder, scratch)
    assert type(back) is FilePath
    assert back.name == "räport.csv"
    assert back.read_text() == "a,b\n"
    back.write_text("mine now")
    tree = round_trip(FolderPath(source.parent), FOLDER, folder, scratch)
    assert type(tree) is FolderPath
    assert (tree / "räport.csv").read_text() == "a,b\n"
    assert source.read_text() == "a,b\n"


def test_a_file_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    for value, declared in ((FilePath(tmp_path / "no"), FILE), (FolderPath(tmp_path / "no"), FOLDER)):
        with pytest.raises(TenutoError, match="there is no"):
            store(value, declared, folder)
    with pytest.raises(TenutoError, match=r"expected file, found pathlib\.(_local\.)?PosixPath"):
        store(tmp_path, FILE, folder)


@pytest.mark.parametrize("name", ["../../out", "/etc/passwd", "..", "", "a\0b"])
def test_a_name_from_a_stranger_stays_inside(name: str, folder: Path, scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    stored = store(FilePath(tmp_path / "x"), FILE, folder)
    stored = msgspec.structs.replace(stored, metadata={"name": name})
    back = load(stored, FILE, files(stored, folder), scratch)
    assert scratch in back.parents
    assert back.read_text() == "x"


def identity() -> onnx.ModelProto:
    one = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None])
    two = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [one], [two])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])


@pytest.mark.capability("O1")
def test_onnx_models_come_back_equal(folder: Path, scratch: Path) -> None:
    assert round_trip(identity(), ONNX, folder, scratch) == identity()
    assert store(identity(), ONNX, folder).metadata["inputs"] == ["x"]


def test_an_onnx_model_that_does_not_hold_together_is_refused(folder: Path) -> None:
    broken = identity()
    broken.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(TenutoError, match="NoSuchOperator"):
        store(broken, ONNX, folder)
    outside = identity()
    tensor = outside.graph.initializer.add(name="w", data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(TenutoError, match="file of its own"):
        store(outside, ONNX, folder)


FEATURES, LABELS = load_iris(return_X_y=True)


@pytest.mark.capability("O1")
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(C=0.5),
        make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=3, random_state=0)),
        HistGradientBoostingClassifier(max_iter=3),
        KNeighborsClassifier(algorithm="kd_tree"),
        GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1.0]}, cv=2, scoring="accuracy"),
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_come_back_with_the_same_answers(estimator: Any, folder: Path, scratch: Path) -> None:
    fitted = estimator.fit(FEATURES, LABELS)
    back = round_trip(fitted, ESTIMATOR, folder, scratch)
    assert type(back) is type(fitted)
    assert str(back.get_params()) == str(fitted.get_params())
    np.testing.assert_array_equal(back.predict_proba(FEATURES), fitted.predict_proba(FEATURES))


class Mine(TransformerMixin, BaseEstimator):
    def fit(self, *_: object) -> Mine:
        return self


def test_an_estimator_of_a_type_not_on_the_list_is_refused_with_its_name(folder: Path) -> None:
    for value in (
        Mine(),
        make_pipeline(Mine(), LogisticRegression()),
        FunctionTransformer(subprocess.getoutput),
    ):
        with pytest.raises(TenutoError) as raised:
            store(value, ESTIMATOR, folder)
        assert raised.value.fault is ESTIMATOR_TYPES_REFUSED
        name = "subprocess.getoutput" if isinstance(value, FunctionTransformer) else f"{__name__}.Mine"
        assert raised.value.context["types"] == [name]
    assert not list(folder.iterdir())


def test_a_forged_estimator_is_refused_when_it_is_read(folder: Path, scratch: Path) -> None:
    import zipfile

    stored = store(LogisticRegression(), ESTIMATOR, folder)
    place = place_of(stored.digest, folder)
    with zipfile.ZipFile(place) as archive:
        schema = json.loads(archive.read("schema.json"))
    schema |= {"__module__": "os", "__class__": "system", "__loader__": "FunctionNode"}
    with zipfile.ZipFile(folder / "forged", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    from tenuto.core.digests import digest_of_file

    forged = msgspec.structs.replace(
        stored, digest=digest_of_file(folder / "forged"), size=(folder / "forged").stat().st_size
    )
    with pytest.raises(TenutoError) as raised:
        load(forged, ESTIMATOR, {forged.digest: str(folder / "forged")}, scratch)
    assert raised.value.context["types"] == ["os.system"]


def test_the_class_of_an_estimator_is_checked_both_ways(folder: Path, scratch: Path) -> None:
    forest = estimator_type(RandomForestClassifier)
    with pytest.raises(TenutoError, match="expected estimator"):
        store(LogisticRegression(), forest, folder)
    stored = store(LogisticRegression(), ESTIMATOR, folder)
    with pytest.raises(TenutoError, match="expected estimator"):
        load(stored, forest, files(stored, folder), scratch)


DIGEST_OF_A_FOREST = """
import sys
from pathlib import Path
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.values.storing import store
model = RandomForestClassifier(n_estimators=3, random_state=0).fit(*load_iris(return_X_y=True))
print(store(model, ValueType(Kind.ESTIMATOR), Path(sys.argv[1])).digest)
"""


@pytest.mark.capability("O5")
def test_the_same_model_has_the_same_digest_in_every_process(folder: Path) -> None:
    run = [sys.executable, "-c", DIGEST_OF_A_FOREST, str(folder)]
    found = {subprocess.run(run, capture_output=True, check=True, text=True).stdout for _ in range(2)}
    assert len(found) == 1


def test_small_json_travels_in_the_address_and_large_in_a_file(folder: Path, scratch: Path) -> None:
    small = store([1, 2.0], list_of(FLOAT), folder)
    assert small.text == "[1,2.0]"
    assert not list(folder.iterdir())
    large = store("x" * LARGEST_TEXT, TEXT, folder)
    assert large.text is None
    assert load(large, TEXT, files(large, folder), scratch) == "x" * LARGEST_TEXT


def test_json_has_a_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TenutoError) as raised:
        store("x" * (64 * 2**20), TEXT, folder)
    assert raised.value.fault is VALUE_TOO_LARGE


def test_a_metric_of_numpy_is_a_float(folder: Path) -> None:
    assert store(np.float64(0.5), FLOAT, folder).text == "0.5"


@pytest.mark.parametrize(
    ("value", "declared", "detail"),
    [
        (object(), ANY_JSON, "object is no JSON value"),
        ({"a": b""}, ANY_JSON, "$.a: builtins.bytes"),
        (1, TEXT, "expected str, found int"),
        ([np.arange(3), 1], list_of(ARRAY), "expected list[array], found builtins.list"),
        (pa.table({}), ARRAY, "expected array, found pyarrow.lib.Table"),
    ],
)
def test_a_value_of_another_type_is_refused(
    value: Any, declared: ValueType, detail: str, folder: Path
) -> None:
    with pytest.raises(TenutoError) as raised:
        store(value, declared, folder)
    assert raised.value.fault is VALUE_NOT_POSSIBLE
    assert detail in raised.value.detail


def test_none_and_a_value_may_share_a_declaration(folder: Path, scratch: Path) -> None:
    maybe = ValueType(Kind.UNION, (ARRAY, NULL))
    assert round_trip(None, maybe, folder, scratch) is None
    np.testing.assert_array_equal(round_trip(np.arange(3), maybe, folder, scratch), np.arange(3))


@pytest.mark.capability("O1")
def test_lists_of_arrays_keep_one_address_for_each(folder: Path, scratch: Path) -> None:
    arrays = [np.arange(3), np.arange(2.0), np.arange(3)]
    stored = store(arrays, list_of(ARRAY), folder)
    assert stored.encoding is Encoding.PARTS
    assert stored.parts[0].digest == stored.parts[2].digest
    assert len(list(folder.iterdir())) == 2
    back = round_trip(arrays, list_of(ARRAY), folder, scratch)
    for one, other in zip(back, arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    assert split(stored, ARRAY, {}, folder) == stored.parts
    assert round_trip([], list_of(ARRAY), folder, scratch) == []


def test_a_json_list_is_split_into_its_items(folder: Path) -> None:
    stored = store(["a", "b" * LARGEST_TEXT], list_of(TEXT), folder)
    items = split(stored, TEXT, files(stored, folder), folder)
    assert [item.text for item in items] == ['"a"', None]
    assert split(store([], list_of(TEXT), folder), TEXT, {}, folder) == ()


def test_damaged_content_is_never_used(folder: Path, scratch: Path) -> None:
    stored = store(np.arange(100), ARRAY, folder)
    place = place_of(stored.digest, folder)
    place.write_bytes(place.read_bytes()[:-1] + b"\x07")
    with pytest.raises(TenutoError) as raised:
        load(stored, ARRAY, files(stored, folder), scratch)
    assert raised.value.fault is VALUE_DAMAGED
    with pytest.raises(TenutoError) as raised:
        list(chunks_of(stored, folder))
    assert raised.value.fault is VALUE_DAMAGED
    place.unlink()
    with pytest.raises(TenutoError) as raised:
        load(stored, ARRAY, files(stored, folder), scratch)
    assert raised.value.fault is VALUE_MISSING
    small = msgspec.structs.replace(store(1, INT, folder), text="2")
    with pytest.raises(TenutoError) as raised:
        load(small, INT, {}, scratch)
    assert raised.value.fault is VALUE_DAMAGED


def test_a_link_in_a_steps_output_is_not_followed(folder: Path, tmp_path: Path) -> None:
    stored = store(np.arange(3), ARRAY, folder)
    place = place_of(stored.digest, folder)
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TenutoError) as raised:
        list(chunks_of(stored, folder))
    assert raised.value.fault is VALUE_MISSING


@pytest.mark.parametrize(
    "changes",
    [
        {"type": TEXT},
        {"encoding": Encoding.FILE},
        {"encoding": Encoding.PARTS},
        {"text": '"a"'},
        {"text": "["},
        {"digest": "sha256:../../x", "text": None},
        {"type": ValueType(Kind.LIST)},
    ],
)
def test_a_steps_claim_about_a_value_is_checked(changes: dict[str, Any], folder: Path) -> None:
    claim = msgspec.structs.replace(store(1, INT, folder), **changes)
    with pytest.raises(TenutoError):
        received(claim, INT)


def test_a_claimed_digest_of_json_is_computed_anew(folder: Path) -> None:
    honest = store(1, INT, folder)
    lie = msgspec.structs.replace(honest, digest=store(2, INT, folder).digest, size=99)
    assert received(lie, INT) == honest
    parts = store([np.arange(3)], list_of(ARRAY), folder)
    assert received(msgspec.structs.replace(parts, digest=honest.digest), list_of(ARRAY)) == parts
