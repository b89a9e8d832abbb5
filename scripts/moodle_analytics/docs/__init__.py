"""The documentation of the models as one file that needs no network, and the entity diagram."""
