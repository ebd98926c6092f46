"""What users import to write pipelines."""

from __future__ import annotations

from tenuto.client.authoring.conditions import when
from tenuto.client.authoring.loading import load_pipelines
from tenuto.client.authoring.pipelines import Pipeline, pipeline
from tenuto.client.authoring.steps import Step, step
from tenuto.core.value_types import FilePath, FolderPath

__all__ = ["FilePath", "FolderPath", "Pipeline", "Step", "load_pipelines", "pipeline", "step", "when"]
