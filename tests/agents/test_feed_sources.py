"""What is new in folders, pages and feeds: real files, a real server, and feeds that mean harm."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from support.feedlab import FeedSite

pytest.importorskip("feedparser")

from foreplan.agents.feeds import harvest as module
from foreplan.agents.feeds.entries import Unreadable, read_entries
from foreplan.agents.feeds.harvest import Harvest, Seen, collect

ARTICLE = "<html><head><title>Dams</title></head><body><article>{}</article></body></html>"
ITEMS = [("Dam planned", "A dam is planned at Ober."), ("Dam opened", "The dam at Unter was opened in 2025.")]


class Looks:
    """A feed's looks at its sources, one after another, each ending well unless it is told to `forget`."""

    def __init__(self, folder: Path, *sources: str, allow: str = "") -> None:
        self.folder, self.sources, self.allow = folder, sources, [allow] if allow else []
        self.seen = Seen()
        self.number = 0

    def look(self, *, forget: bool = False) -> Harvest:
        self.number += 1
        self.new = self.folder / str(self.number)
        self.new.mkdir(parents=True)
        found = asyncio.run(collect(self.sources, self.seen, self.new, allow_hosts=self.allow))
        if not forget:
            self.seen = Seen(
                self.seen.hashes | found.marks.keys(),
                self.seen.stamps | set(filter(None, found.marks.values())),
                {**self.seen.pages, **found.pages},
            )
        return found

    def titles(self) -> list[str]:
        return sorted(each.title for each in self.look().documents)


@pytest.fixture
def site():
    with FeedSite() as made:
        yield made


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.md").write_text("# One\n\nThe first.")
    (folder / "deep" / "two.txt").write_text("The second.")
    return folder


def test_only_new_and_changed_files_are_new_whatever_their_names_and_dates(papers, tmp_path):
    looks = Looks(tmp_path / "looks", str(papers))
    first = looks.look()
    assert sorted((each.title, each.source) for each in first.documents) == [("One", "one.md"), ("two", "deep/two.txt")]
    assert (looks.new / "deep" / "two.txt").read_text() == "The second."
    assert looks.titles() == []
    (papers / "one.md").rename(papers / "renamed.md")
    os.utime(papers / "deep" / "two.txt")
    (papers / "copy.md").write_text("# One\n\nThe first.")
    assert looks.titles() == []
    (papers / "renamed.md").write_text("# One\n\nThe first, changed.")
    (papers / "three.md").write_text("# Three\n\nThe third.")
    assert looks.titles() == ["One", "Three"]
    assert looks.titles() == []


def test_an_unchanged_old_file_is_not_read_again(papers, tmp_path):
    for path in papers.rglob("*.*"):
        os.utime(path, (time.time() - 60,) * 2)
    looks = Looks(tmp_path / "looks", str(papers))
    looks.look()
    assert all(looks.seen.stamps)
    assert len(looks.seen.stamps) == 2
    os.utime(papers / "one.md", (time.time() - 30,) * 2)
    assert looks.titles() == []


def test_what_a_failed_run_found_is_new_again(papers, tmp_path):
    looks = Looks(tmp_path / "looks", str(papers))
    assert len(looks.look(forget=True).documents) == 2
    assert len(looks.look().documents) == 2


def test_what_cannot_be_read_is_told_once_and_hinders_nothing(papers, tmp_path):
    (papers / "noise.bin").write_bytes(bytes(range(256)) * 20)
    (papers / "empty.md").write_text("")
    looks = Looks(tmp_path / "looks", str(papers), str(tmp_path / "gone"))
    first = looks.look()
    assert len(first.documents) == 2
    assert any("noise.bin" in fault for fault in first.faults)
    assert any("gone" in fault for fault in first.faults)
    assert not (looks.new / "noise.bin").exists()
    assert not any("noise.bin" in fault for fault in looks.look().faults)


def test_a_run_takes_so_much_and_the_next_goes_on(papers, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_NEW", 3)
    for number in range(6):
        (papers / f"{number}.md").write_text(f"Paper {number}.")
    looks = Looks(tmp_path / "looks", str(papers))
    found = [looks.look() for _ in range(4)]
    assert [len(each.documents) for each in found] == [3, 3, 2, 0]
    assert [each.left for each in found] == [5, 2, 0, 0]


def test_entries_of_a_feed_are_documents_and_an_unchanged_feed_is_not_sent_again(site, tmp_path):
    looks = Looks(tmp_path / "looks", site.rss("/news", ITEMS), allow=site.host)
    assert looks.titles() == ["Dam opened", "Dam planned"]
    text = next(looks.new.rglob("Dam-opened.md")).read_text()
    assert text.startswith("# Dam opened\n")
    assert "The dam at Unter was opened in 2025." in text
    assert looks.titles() == []
    assert site.asked == [("/news", 200), ("/news", 304)]
    site.rss("/news", [("Dam closed", "It leaks."), *ITEMS], pubDate="Fri, 20 Nov 2026 07:00:00 GMT", guid="same")
    assert looks.titles() == ["Dam closed"]


def test_a_feed_of_which_a_part_was_left_is_loaded_again(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_NEW", 1)
    looks = Looks(tmp_path / "looks", site.rss("/news", ITEMS), allow=site.host)
    assert [looks.titles() for _ in range(3)] == [["Dam planned"], ["Dam opened"], []]


def test_atom_and_pages_are_read_and_a_page_is_new_by_its_text(site, tmp_path):
    site.pages["/atom"] = (
        "application/atom+xml",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><title>Bridge</title><link href="/b"/>'
        b"<updated>2026-11-20T00:00:00Z</updated>"
        b'<content type="html">&lt;p&gt;A bridge&lt;/p&gt;&lt;p&gt;at Ober.&lt;/p&gt;</content></entry></feed>',
    )
    text = "<p>The dam at Ober is planned to be 40 m high, says the office for water in its report of today.</p>" * 3
    site.pages["/page"] = ("text/html", ARTICLE.format(text).encode())
    looks = Looks(tmp_path / "looks", site.url("/atom"), site.url("/page"), allow=site.host)
    first = looks.look()
    assert {each.title: each.source for each in first.documents} == {
        "Bridge": site.url("/b"),
        "Dams": site.url("/page"),
    }
    site.pages["/page"] = ("text/html", (ARTICLE.format(text) + "<!-- another nonce -->").encode())
    assert looks.titles() == []


def test_a_dead_page_hinders_no_other_and_a_private_address_is_not_asked(site, tmp_path):
    good = site.rss("/news", ITEMS)
    found = Looks(tmp_path / "a", site.url("/dead"), good, allow=site.host).look()
    assert len(found.documents) == 2
    assert any("404" in fault for fault in found.faults)
    refused = Looks(tmp_path / "b", good).look()
    assert refused.documents == []
    assert refused.read == 0
    assert "not a public address" in refused.faults[0]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]><rss version='2.0'><channel><title>x</title><item><title>a</title><description>&l9;</description></item>"
    "<item><title>b</title><description>The dam.</description></item></channel></rss>"
)
FILES = (
    '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    '<rss version="2.0"><channel><item><title>a &f;</title></item></channel></rss>'
)


def test_entity_bombs_unfold_to_nothing_and_no_file_is_read(site, tmp_path):
    site.pages["/laughs"] = ("text/xml", LAUGHS.encode())
    site.pages["/files"] = ("text/xml", FILES.encode())
    looks = Looks(tmp_path / "looks", site.url("/laughs"), site.url("/files"), allow=site.host)
    looks.look()
    written = [path.read_text() for path in looks.new.rglob("*.md")]
    assert sum(map(len, written)) < 2_000
    assert not any("root:" in text for text in written)


async def test_a_feed_that_unfolds_to_gigabytes_is_given_up_or_cut(site):
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]>'
    items = "".join(f"<item><title>{n}</title><description>{'&a;' * 500}</description></item>" for n in range(400))
    body = f'{bomb}<rss version="2.0"><channel>{items}</channel></rss>'.encode()
    try:
        found = await read_entries(body, "http://x.org/")
    except Unreadable:
        return
    assert sum(len(each.text) for each in found) <= 20_000_000


def test_scripts_links_and_markup_of_entries_do_no_harm(site, tmp_path):
    items = [("<b>Bold</b> dam\n# heading", "<script>steal()</script><p>One.</p><p onclick='x()'>Two.</p><img src=x>")]
    looks = Looks(tmp_path / "looks", site.rss("/news", items, link="javascript:alert(1)"), allow=site.host)
    (only,) = looks.look().documents
    assert only.source == site.url("/news")
    text = (looks.new / only.file).read_text()
    assert "steal" not in text
    assert "onclick" not in text
    assert "javascript" not in text
    assert "One.\n\nTwo." in text


def test_names_of_entries_stay_below_the_folder(site, tmp_path):
    items = [("../../../etc/passwd", "a"), ("/", "b"), ("..", "c"), ("\u202e.md", "d"), ("x" * 5_000, "e"), ("", "f")]
    looks = Looks(tmp_path / "looks", site.rss("/news", items, link="http://../../x/"), allow=site.host)
    found = looks.look()
    assert len(found.documents) == 6
    files = [path for path in (tmp_path / "looks").rglob("*") if path.is_file()]
    assert len(files) == 6
    assert all(path.resolve().is_relative_to(looks.new.resolve()) for path in files)


def test_the_same_entry_twice_is_one_document_and_the_same_guid_with_other_text_is_two(site, tmp_path):
    items = [("Dam", "One text."), ("Dam", "One text."), ("Dam", "Another text.")]
    looks = Looks(tmp_path / "looks", site.rss("/news", items, guid="7"), allow=site.host)
    assert looks.titles() == ["Dam", "Dam"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<rss", b"<rss version='2.0'><channel>" + b"<a>" * 5_000])
def test_what_is_no_feed_is_a_fault_or_nothing(body, site, tmp_path):
    site.pages["/bad"] = ("application/rss+xml", body)
    assert Looks(tmp_path / "looks", site.url("/bad"), allow=site.host).look().documents == []


def test_a_wrong_encoding_is_read_as_well_as_can_be(site, tmp_path):
    item = "<item><title>Dämme</title></item>"
    text = f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>{item}</channel></rss>"
    site.pages["/latin"] = ("application/rss+xml", text.encode("latin-1"))
    (only,) = Looks(tmp_path / "looks", site.url("/latin"), allow=site.host).look().documents
    assert only.title.startswith("D")


def test_a_feed_of_50_megabytes_is_refused_without_being_loaded_whole(site, tmp_path):
    site.pages["/large"] = ("application/rss+xml", b"<rss version='2.0'><channel>" + b" " * 50_000_000)
    found = Looks(tmp_path / "looks", site.url("/large"), allow=site.host).look()
    assert "larger than" in found.faults[0]


async def test_a_feed_that_takes_too_long_to_read_is_given_up(monkeypatch):
    from foreplan.agents.feeds import entries

    monkeypatch.setattr(entries, "TIME_LIMIT_S", 0.01)
    began = time.monotonic()
    with pytest.raises(Unreadable, match="longer than"):
        await read_entries(b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 20_000, "http://x/")
    assert time.monotonic() - began < 5
