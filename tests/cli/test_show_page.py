from pathlib import Path

import pytest
from support.commands import DOCUMENTS, QUESTION
from support.pages import small_run, text_of, tree_of, write_run

GRENNAN = "Maud Ferrier"


def test_a_run_ends_with_the_place_of_its_page(foreplan, tmp_path):
    ran = foreplan("run", "--embedded", "--sources", DOCUMENTS, QUESTION)
    assert ran.code == 0, ran.err
    page = Path(ran.err.splitlines()[-1].partition(": ")[2])
    tree = tree_of(page.read_text(encoding="utf-8"))
    assert GRENNAN in text_of(tree.xpath("//*[@class='report']")[0])
    cited = tree.xpath("//*[@class='report']//a[starts-with(@href, '#cite-')]/@href")
    assert cited
    for target in cited:
        mark = tree.get_element_by_id(target[1:])
        source = next(mark.iterancestors("article"))
        assert text_of(mark) == text_of(source.xpath(".//blockquote")[0]) or "…" in text_of(
            source.xpath(".//blockquote")[0]
        )
    assert "no model was used" in text_of(tree)


def test_a_page_is_made_beside_the_run_or_where_it_is_wanted(foreplan, tmp_path):
    directory = write_run(tmp_path / "home", small_run()[:10])
    assert foreplan("show", "--html", "r").out.strip() == str(directory.page)
    assert "not over, or was cut off" in text_of(tree_of(directory.page.read_text(encoding="utf-8")))
    told = foreplan("show", "--html", "r", "-o", "run.html", "--json").json
    assert told == {"run": "r", "page": "run.html"}
    assert Path("run.html").read_text(encoding="utf-8") == directory.page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--html"], ["Whose page", "foreplan show"]),
        (["r", "--html", "--report"], ["--report or --html"]),
        (["r", "-o", "x.html"], ["--html"]),
        (["r", "--html", "-o", "nowhere/x.html"], ["folder that does not exist"]),
        (["other", "--html"], ["other"]),
    ],
)
def test_what_does_not_go_together_is_told(foreplan, tmp_path, arguments, words):
    write_run(tmp_path / "home", small_run())
    foreplan("show", *arguments).explains(*words, code=2)
