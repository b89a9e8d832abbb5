"""Early warning: who is likely not to complete a course, why, and how far that can be trusted."""
