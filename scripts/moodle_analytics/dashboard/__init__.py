"""The dashboards: one specification, from which Tableau files, SQL and the report come."""
