"""nbgrader's settings for a course; `tools/grading.py assign` copies them to the course's folder."""

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "pixels-to-prompts"
# The stubs of the student's copies. The checks tell NotImplementedError from a wrong answer.
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearSolutions.text_stub = "*Your derivation goes here.*"
# A cell that runs longer than this is stopped and counts as wrong. Ours take a few seconds.
c.Execute.timeout = 60
# A check that a student deleted is put back, and graded.
c.OverwriteCells.add_missing_cells = True
# A check raises where an answer is wrong. nbgrader would also take a warning on stderr for a wrong answer.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"\S"
