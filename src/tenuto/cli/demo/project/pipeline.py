"""Train a classifier on the breast-cancer table, explain it, and register it.

tenuto run pipeline.py --param depth=6
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import train_test_split

from tenuto.client import FilePath, pipeline, step
from tenuto.client.steps import load_dataset, package_model, register_model

TARGET = "benign"


class Split(NamedTuple):
    train: pa.Table
    test: pa.Table


@step
def prepare(rows: FilePath, seed: int) -> Split:
    """Check the table and split it, keeping the share of each class."""
    table = parquet.read_table(rows)
    if table.num_rows != len({tuple(row.values()) for row in table.to_pylist()}):
        print("the table holds duplicate rows")
    order = np.arange(table.num_rows)
    train, test = train_test_split(
        order, test_size=0.25, random_state=seed, stratify=table[TARGET].to_numpy()
    )
    print(f"{len(train)} rows to train on, {len(test)} to test on")
    return Split(table.take(train), table.take(test))


@step
def train(rows: pa.Table, depth: int, seed: int) -> HistGradientBoostingClassifier:
    features, labels = columns(rows)
    model = HistGradientBoostingClassifier(max_depth=depth, random_state=seed)
    model.fit(features, labels)
    return model


@step
def evaluate(model: HistGradientBoostingClassifier, rows: pa.Table) -> dict[str, float]:
    features, labels = columns(rows)
    scores = model.predict_proba(features)[:, 1]
    return {
        "accuracy": float(accuracy_score(labels, model.predict(features))),
        "f1": float(f1_score(labels, model.predict(features))),
        "roc_auc": float(roc_auc_score(labels, scores)),
    }


@step
def explain(model: HistGradientBoostingClassifier, rows: pa.Table, seed: int) -> dict[str, float]:
    """How much accuracy each feature is worth: the loss when its values are shuffled."""
    features, labels = columns(rows)
    found = permutation_importance(model, features, labels, n_repeats=5, random_state=seed)
    names = [name for name in rows.column_names if name != TARGET]
    return {name: float(worth) for name, worth in zip(names, found.importances_mean, strict=True)}


@step
def held_out(rows: pa.Table) -> pa.Table:
    """The rows that the packaged model is compared on, without the answer."""
    return rows.drop_columns([TARGET])


@step(inline=True)
def evidence(metrics: dict[str, float], worth: dict[str, float], parity: dict[str, Any]) -> dict[str, Any]:
    return {"evaluation": metrics, "explanation": worth, "parity": parity}


@pipeline
def breast_cancer(
    dataset: str = "breast-cancer", name: str = "breast-cancer", depth: int = 6, seed: int = 7
) -> dict[str, Any]:
    split = prepare(load_dataset(dataset), seed)
    model = train(split.train, depth, seed)
    metrics = evaluate(model, split.test)
    worth = explain(model, split.test, seed)
    packaged = package_model(model, held_out(split.test))
    return register_model(
        name,
        packaged.file,
        packaged.packaging,
        metrics,
        evidence(metrics, worth, packaged.parity),
    )


def columns(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    features = np.column_stack([rows[name].to_numpy() for name in rows.column_names if name != TARGET])
    return features, rows[TARGET].to_numpy()
