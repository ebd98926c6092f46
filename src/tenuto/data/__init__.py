"""Sources and what is read from them: typed tables with a profile and their provenance."""
