"""Who may read the marts: roles of the database, and which rows they see."""
