"""What users import: the decorators for pipelines.

A step's process imports this with the user's code, so only light modules are imported here.
"""

from __future__ import annotations

from tenuto.client.authoring import FilePath, FolderPath, Pipeline, Step, pipeline, step, when

__all__ = ["FilePath", "FolderPath", "Pipeline", "Step", "pipeline", "step", "when"]
