"""Steps in processes of their own, forked from a process that has imported what they need."""
