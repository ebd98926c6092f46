"""What the data plane asks for, satisfied with the rest of the house."""
