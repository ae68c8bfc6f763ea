"""The folders of models: found by name, fetched where they are nowhere, and checked before anything is loaded."""
