"""The data plane process: one public port, model calls first, everything else passed on."""
