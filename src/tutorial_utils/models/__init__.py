"""The course's models, a file a family."""
