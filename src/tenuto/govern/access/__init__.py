"""Which roles somebody holds, and the decision that follows."""
