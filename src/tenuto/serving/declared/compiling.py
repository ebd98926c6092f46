"""Compile the deployment table from what is declared: the version that answers, and the one before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tenuto.core.decoding import convert
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.words import Stored
from tenuto.registry import queries as registry
from tenuto.registry.words import ModelVersion
from tenuto.serving.declared import queries
from tenuto.serving.declared.kinds import EndpointSpec
from tenuto.serving.declared.words import Packaging
from tenuto.serving.words import Deployment, DeploymentTable, ModelFormat, ModelSpec
from tenuto.store.database import Transaction

Fetch = Callable[[str], Path]
"""Digest -> a local file with that content."""


def deployment_table(tx: Transaction, fetch: Fetch) -> DeploymentTable:
    """Read everything in one transaction of the system role."""
    deployments = [_deployment(tx, stored, fetch) for stored in resources.everywhere(tx, "Endpoint")]
    return DeploymentTable(queries.revision(tx), tuple(deployments))


def _deployment(tx: Transaction, stored: Stored, fetch: Fetch) -> Deployment:
    before = resources.revision(tx, stored.id, stored.version - 1)
    previous = _model(tx, before, fetch) if before is not None and before.spec is not None else None
    active = _model(tx, stored, fetch)
    return Deployment(stored.name, active, previous if previous != active else None)


def _model(tx: Transaction, stored: Stored, fetch: Fetch) -> ModelSpec:
    spec = convert(stored.spec, EndpointSpec)
    version = registry.model_in(tx, stored.workspace, spec.model, spec.version)
    return model_spec(version, fetch)


def model_spec(version: ModelVersion, fetch: Fetch) -> ModelSpec:
    packaging = msgspec.convert(version.signature, Packaging)
    return ModelSpec(
        name=version.name,
        version=str(version.version),
        digest=version.digest,
        format=ModelFormat(version.format),
        path=str(fetch(version.digest)),
        signature=packaging.signature,
        sample=packaging.sample,
        expected=packaging.expected,
        tolerance=packaging.tolerance,
        trusted_types=packaging.trusted_types,
        clearance=packaging.clearance,
    )
