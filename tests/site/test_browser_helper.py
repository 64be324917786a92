"""The browser that tests pages notices what a page must not do."""

from __future__ import annotations

import pytest
from browser import low_contrast, sideways, visits

from minitorch.viz.page import as_json, source


def test_a_page_that_is_well(visit, tmp_path):
    (tmp_path / "page.html").write_text(
        f"<style>{source('base.css')}</style><h1>Title</h1><button>Press</button>"
    )
    for dark in (False, True):
        page = visit(tmp_path / "page.html", width=390, dark=dark)
        assert page.locator("button").inner_text() == "Press"
        assert low_contrast(page) == []
        assert sideways(page) == 0


def test_what_is_wrong_is_noticed(visit, tmp_path):
    (tmp_path / "page.html").write_text(
        '<p style="color: #888; background: #999">grey on grey</p><div style="width: 500px">.</div>'
    )
    page = visit(tmp_path / "page.html", width=390)
    assert [line.split(":")[0] for line in low_contrast(page)] == ['P. "grey on grey"']
    assert sideways(page) > 0


@pytest.mark.parametrize(
    "script", ["console.error('no')", "throw Error('no')", "fetch('http://localhost:9/')"]
)
def test_errors_and_requests_fail_a_test(browser, tmp_path, script):
    (tmp_path / "page.html").write_text(f"<script>{script}</script>")
    visiting = visits(browser)
    page = next(visiting)(tmp_path / "page.html")
    page.wait_for_timeout(300)
    with pytest.raises(AssertionError, match=r"no|localhost"):
        next(visiting)


def test_data_cannot_end_its_script():
    assert as_json({"a": "</script><b>"}) == '{"a": "\\u003c/script>\\u003cb>"}'
    with pytest.raises(ValueError):
        as_json([float("nan")])
