"""Quality checks of a Moodle database and of the marts, with Great Expectations."""
