"""The counting of Redis's own tests: nothing can pass by not running, and the page lists what is left out."""

import base64
import collections
import sys

import pytest

from cluster import TOP

sys.path.insert(0, str(TOP / "Tests" / "RedisSuite"))

import exclusions  # noqa: E402
import verdict  # noqa: E402


def test_the_page_lists_what_is_left_out():
    """After a change: `Tests/redis-suite --record`."""
    assert exclusions.table_of_page() == exclusions.table()


@pytest.mark.parametrize("text", [
    "debug | before any unit", "[unit/a]\nno reason", "[unit/a]\nlazy | a test", "[unit/a]\ncommand | a test",
    "[unit/a]\ndebug | ", "[unit/a]\ndebug | a test\nmemory | a test"])
def test_a_list_with_a_bad_line_is_refused(text):
    with pytest.raises(exclusions.Malformed):
        exclusions.parse(text)


def test_names_may_hold_anything():
    parsed = exclusions.parse("# a comment\n\n[unit/a]\ncommand SORT | by | a [bar]\n[unit/b]\ndebug | /slash\n")
    assert parsed == {("unit/a", "by | a [bar]"): "command SORT", ("unit/b", "/slash"): "debug"}


def events(*lines):
    """Each line is a word and a text."""
    return [tuple(line.split(" ", 1)) for line in lines]


def judged(census, lines, excluded=None, ended=True):
    run = verdict.judge("unit/a", collections.Counter(census), events(*lines), excluded or {}, ended)
    return run.passed, sorted(run.failed), dict(run.excluded), len(run.notes)


def test_what_ran_and_passed_has_passed():
    assert judged(["one", "two"], ["testing one", "ok one", "testing two", "ok two", "done a"]) == (2, [], {}, 0)


def test_what_did_not_run_has_failed():
    assert judged(["one", "two"], ["testing one", "ok one", "done a"]) == (1, [("two", "did not run")], {}, 0)


def test_a_file_that_breaks_off_fails_the_rest_of_its_tests():
    passed, failed, _, notes = judged(
        ["one", "two", "three"], ["testing one", "ok one", "testing two", "exception no such command"])
    assert (passed, [name for name, _ in failed], notes) == (1, ["three", "two"], 1)
    passed, failed, _, notes = judged(["one", "two"], ["testing one"], ended=False)
    assert (passed, [name for name, _ in failed], notes) == (0, ["one", "two"], 1)


def test_a_test_fails_with_what_it_said():
    assert judged(["one"], ["testing one", "err one in tests/a.tcl\nExpected 1"]) == (
        0, [("one", "in tests/a.tcl\nExpected 1")], {}, 0)


def test_a_test_that_the_suite_left_out_by_itself_has_failed():
    assert judged(["one"], ["ignore one: Not supported on singledb"]) == (
        0, [("one", "Not supported on singledb")], {}, 0)


def test_tests_of_one_name_are_counted_each():
    assert judged(["one", "one"], ["testing one", "ok one"]) == (1, [("one", "did not run")], {}, 0)
    assert judged(["one", "one"], ["testing one", "ok one", "testing one", "err one bad"])[:2] == (1, [("one", "bad")])
    assert judged(["one"], ["testing one", "ok one", "testing one", "err one bad"])[:2] == (0, [("one", "bad")])


def test_what_is_left_out_counts_neither_way():
    assert judged(["one", "two", "two"], ["testing one", "ok one"], {"two": "debug"}) == (1, [], {"debug": 2}, 0)


def test_a_test_that_the_census_lacks_can_fail_and_not_pass():
    assert judged([], ["testing one", "ok one"])[:2] == (0, [])
    assert judged([], ["testing one", "err one bad"])[:2] == (0, [("one", "bad")])


def test_a_list_that_does_not_hold_any_more_is_told():
    excluded = {("unit/a", "one"): "debug", ("unit/a", "two"): "command SORT", ("unit/b", "three"): "debug"}
    censuses = {"unit/a": collections.Counter(["two"])}
    assert len(verdict.stale(censuses, excluded, {"get"})) == 1
    assert len(verdict.stale(censuses, excluded, {"get", "sort"})) == 2


def test_a_report_that_a_kill_cut_short_is_read_up_to_there(tmp_path):
    report = tmp_path / "report"
    line = "ok " + base64.b64encode("grün".encode()).decode()
    report.write_text(f"{line}\n{line}"[:-3])
    assert verdict.read_report(report) == [("ok", "grün")]


def test_a_census_that_breaks_off_is_no_census():
    with pytest.raises(RuntimeError):
        verdict.census_of(events("name one", "exception it broke"), "unit/a")
    with pytest.raises(RuntimeError):
        verdict.census_of(events("name one"), "unit/a")
    assert verdict.census_of(events("name one", "name one", "done unit/a"), "unit/a") == {"one": 2}
