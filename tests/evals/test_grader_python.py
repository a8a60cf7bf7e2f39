"""python graders: real processes, and sources that try to do what they may not."""

import asyncio
import os
import subprocess
import sys

import pytest
from support.grading import check_grader

from foreplan.evals.errors import GraderError
from foreplan.evals.graders import sandbox
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.load import grader_from
from foreplan.evals.graders.python_grader import PythonLimits, python_grader
from foreplan.evals.graders.spec import PythonSpec

GOLD = "seven lakes"
ITEM = {"answer": GOLD}


async def graded(body, said=GOLD, item=ITEM, **limits):
    """The grade of a `grade` with this body."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    spec = PythonSpec(type="python", name="p", source=f"def grade(sample, item):\n{lines}\n")
    return await python_grader(spec, PythonLimits(**limits)).grade(item, Sample(said))


async def test_it_stands_every_output():
    source = "def grade(sample, item):\n    return sample['output_text'] == item['answer']"
    gamed = ["__import__('os')._exit(0)", "sample['output_text']", '"} , "score": 1.0}']
    await check_grader(grader_from({"type": "python", "name": "p", "source": source}), ITEM, GOLD, gamed=gamed)


async def test_what_a_source_is_given():
    tools = ({"function": {"name": "search"}},)
    source = """
def grade(sample, item):
    assert sample["output_text"] == '{"a": [1]}'
    assert sample["output_json"] == {"a": [1]}
    assert sample["output_tools"] == [{"function": {"name": "search"}}]
    assert item == {"n": 1.5}
    return 0.25
"""
    grader = python_grader(PythonSpec(type="python", name="p", source=source))
    grade = await grader.grade({"n": 1.5}, Sample('{"a": [1]}', tools=tools))
    assert (grade.reward, grade.errors) == (0.25, ())
    assert (await graded("return sample['output_json'] is None", "no json")).reward == 1


@pytest.mark.parametrize(("returned", "reward"), [("0.5", 0.5), ("True", 1), ("7", 1), ("-1", 0), ("'0.5'", 0.5)])
async def test_numbers_are_bounded(returned, reward):
    grade = await graded(f"return {returned}")
    assert (grade.reward, grade.errors) == (reward, ())


EVERYWHERE = "import os\nfor fd in range(3, 20):\n    try: os.write(fd, {said})\n    except OSError: pass\nreturn 1"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return float('nan')", "no finite number"),
        ("return float('inf')", "no finite number"),
        ("return None", "TypeError"),
        ("return 1 / 0", "ZeroDivisionError: division by zero (line 2)"),
        ("return item['nothing']", "KeyError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("raise ValueError('\\ud800' * 10**6)", "ValueError"),
        ("import os\nos._exit(0)", "ended by itself without a score (exit code 0)"),
        (EVERYWHERE.format(said="b'x' * 50_000"), "said more"),
        (EVERYWHERE.format(said="b'1'"), "without a score"),
    ],
)  # fmt: skip
async def test_what_gives_no_number_is_a_reward_of_0_with_the_reason(body, why):
    grade = await graded(body)
    assert grade.reward == 0
    assert why in grade.errors[0]


@pytest.mark.parametrize(
    "body",
    [
        "import socket\nsocket.socket()\nreturn 1",
        "import socket\nsocket.getaddrinfo('localhost', 80)\nreturn 1",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1/')\nreturn 1",
        "import os\nos.fork()\nreturn 1",
        "import subprocess\nsubprocess.run(['true'])\nreturn 1",
        "import os\nos.system('true')\nreturn 1",
        "import os\nos.kill(os.getppid(), 0)\nreturn 1",
        "import ctypes\nctypes.CDLL(None).getpid()\nreturn 1",
        "open('../escaped', 'w')\nreturn 1",
        "import os\nos.mkdir('/tmp/foreplan-escaped')\nreturn 1",
        "import os\nos.symlink('/', '../link')\nreturn 1",
    ],
)
async def test_what_is_refused(body):
    grade = await graded(body)
    assert grade.reward == 0
    assert "a grader may" in grade.errors[0]


async def test_no_environment_and_an_empty_directory_that_is_deleted(monkeypatch):
    monkeypatch.setenv("FOREPLAN_TEST_SECRET", "s3cret")
    grade = await graded(
        "import os\nraise ValueError(f\"{'FOREPLAN_TEST_SECRET' in os.environ} {os.listdir()} {os.getcwd()}\")"
    )
    said = grade.errors[0]
    assert "False [] " in said
    folder = said.split("[] ")[1].split(" (line")[0]
    assert not os.path.exists(folder)  # noqa: ASYNC240, PTH110


async def test_files_are_written_in_its_directory_up_to_a_size():
    write = "with open('notes', 'w') as file: file.write('x' * {size})\nreturn len(open('notes').read()) / 1000"
    assert (await graded(write.format(size=1000))).reward == 1
    grade = await graded(write.format(size=5000), file_bytes=2000)
    assert grade.reward == 0
    assert "File too large" in grade.errors[0]
    many = await graded("for n in range(100): open(str(n), 'w').close()\nreturn 1")
    assert "64 files at most" in many.errors[0]


async def test_time_is_bounded():
    grade = await graded("while True: pass", seconds=0.5)
    assert grade.reward == 0
    assert "longer than 0.5 s" in grade.errors[0]
    assert grade.seconds < 5


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit address space")
async def test_memory_is_bounded():
    grade = await graded("return len('x' * 10**9) > 0", memory_bytes=300_000_000)
    assert "MemoryError" in grade.errors[0]


async def test_threads_and_installed_libraries_work():
    assert (
        await graded("import threading\nt = threading.Thread(target=len, args=('',)); t.start(); t.join()\nreturn 1")
    ).reward == 1
    assert (
        await graded("from rapidfuzz import fuzz\nreturn fuzz.ratio(sample['output_text'], item['answer']) / 100")
    ).reward == 1


async def test_the_source_is_not_run_here():
    before = set(sys.modules)
    await graded("import this_is_not_there\nreturn 1")
    await graded("import colorsys\nreturn 1")
    assert "colorsys" not in set(sys.modules) - before


async def test_an_item_that_is_no_json_is_a_fault():
    grade = await graded("return 1", item={"x": object()})
    assert grade.reward == 0
    assert "cannot be written as JSON" in grade.errors[0]


async def test_a_cancelled_grading_leaves_no_process():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await graded("while True: pass")
    listed = subprocess.run(["ps", "-eo", "ppid"], capture_output=True, text=True, check=True)  # noqa: ASYNC221
    assert listed.stdout.split().count(str(os.getpid())) == 1, "ps itself, and nothing else"


@pytest.mark.parametrize(
    ("source", "why"),
    [("def grade(sample, item)\n  return 1", "not Python in line 1"), ("x = 1", "no function grade"),
     ("(" * 5_000, "not Python"), ("-" * 100_000 + "1", "not Python"), ("\0", "not Python")],
)  # fmt: skip
def test_a_source_that_cannot_work_is_refused_at_once(source, why):
    with pytest.raises(GraderError, match=why):
        grader_from({"type": "python", "name": "p", "source": source})


KERNEL = """
import ctypes, errno, os, runpy, sys
names = runpy.run_path(sys.argv[1])
names["fence"]()
libc = ctypes.CDLL(None, use_errno=True)
def refused(name, *args):
    return libc[name](*args) == -1 and ctypes.get_errno() in (errno.EPERM, errno.EACCES)
print(refused("socket", 2, 1, 0), refused("socket", 1, 1, 0), refused("fork"), refused("kill", os.getppid(), 0),
      refused("execv", b"/bin/true", (ctypes.c_char_p * 2)(b"true", None)), refused("open", sys.argv[2].encode(), 0),
      refused("open", b"/tmp/foreplan-escaped", 0o101, 0o600), refused("open", b"inside", 0o101, 0o600))
"""


def landlock_there():
    script = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return int(done.stdout) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")
def test_the_kernel_refuses_also_without_the_audit_hook(tmp_path):
    """Code that goes round Python meets the kernel: sockets, processes, signals, programs, files elsewhere."""
    if not landlock_there():
        pytest.skip("this kernel has no Landlock")
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "secret").write_text("s3cret")
    command = [sys.executable, "-I", "-c", KERNEL, sandbox.__file__, str(tmp_path / "secret")]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 7 + ["False"]
