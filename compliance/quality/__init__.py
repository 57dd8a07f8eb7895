"""Quality of a sample: indicators from schema, rules and rows; pure, and nothing keeps a row."""
