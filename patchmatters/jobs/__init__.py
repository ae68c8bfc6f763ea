"""Jobs of many pictures: their models and settings from options, a row for each picture, and what is written."""
