"""What happens next in a run. Values in, values out: no clock, no file, no database."""
