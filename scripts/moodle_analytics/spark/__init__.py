"""The same models on Spark: source tables out to Parquet, marts built there, and brought back."""
