"""`tableau check`: the files for Tableau against the schema, the database and the specification."""
