"""What was made: artifacts, dataset and model versions, their lineage and evidence. Nothing is changed."""
