"""Tableau files of the dashboards: built, extracted, checked, published."""
