"""From declared endpoints to the table that the prediction server serves."""
