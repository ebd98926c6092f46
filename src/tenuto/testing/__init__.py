"""Contract kits and simulators, shipped so that authors of plugins prove theirs the way we prove ours."""
