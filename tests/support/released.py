"""Tiny made-up tasks in the forms in which data sets are released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MUSIQUE: dict[str, Any] = {
    "id": "2hop__1_2",
    "paragraphs": [
        {"idx": 0, "title": "Ovel", "paragraph_text": "Ovel was built by Ada Rill.", "is_supporting": True},
        {"idx": 1, "title": "Rill", "paragraph_text": "Ada Rill was born in Tarn.", "is_supporting": True},
        {"idx": 2, "title": "Moss", "paragraph_text": "Moss is green.", "is_supporting": False},
    ],
    "question": "Where was the builder of Ovel born?",
    "question_decomposition": [
        {"id": 71, "question": "Ovel >> builder", "answer": "Ada Rill", "paragraph_support_idx": 0},
        {"id": 72, "question": "Where was #1 born?", "answer": "Tarn", "paragraph_support_idx": 1},
    ],
    "answer": "Tarn",
    "answer_aliases": ["Tarn town"],
    "answerable": True,
}
HOTPOT: dict[str, Any] = {
    "_id": "5a7",
    "question": "Are Ovel and Tarn both towns?",
    "answer": "no",
    "type": "comparison",
    "level": "easy",
    "supporting_facts": [["Ovel", 1], ["Tarn", 0], ["Tarn", 9]],
    "context": [["Ovel", ["Ovel is old.", " Ovel is a bridge."]], ["Tarn", ["Tarn is a town."]], ["Moss", ["Green."]]],
}
FANOUT: dict[str, Any] = {
    "id": "f1",
    "question": "How many arches have the two bridges of Tarn?",
    "answer": {"Ovel": 3, "Pell": 5},
    "categories": ["bridges"],
    "necessary_evidence": [],
    "decomposition": [
        {
            "id": "a",
            "question": "Which bridges has Tarn?",
            "answer": ["Ovel", "Pell"],
            "depends_on": [],
            "decomposition": [],
            "evidence": {"title": "Tarn", "url": "", "pageid": 1, "revid": 2},
        },
        {
            "id": "b",
            "question": "How many arches have they?",
            "answer": {"Ovel": 3, "Pell": 5},
            "depends_on": ["a"],
            "evidence": None,
            "decomposition": [
                {"id": "b1", "question": "How many arches has Ovel?", "answer": 3, "evidence": {"title": "Ovel"}},
                {"id": "b2", "question": "How many arches has Pell?", "answer": 5, "evidence": {"title": "Pell"}},
            ],
        },
    ],
}
GSM: dict[str, Any] = {
    "question": "Ada has 3 apples and buys 1,000. How many has she?",
    "answer": "3+1000=1003\n#### 1,003",
}
TRIP: dict[str, Any] = {
    "num_cities": "2",
    "cities": "Tarn**Ovel",
    "durations": "2**3",
    "golden_plan": "**Day 1-2:** Arriving in Tarn and visit Tarn for 2 days.\n**Day 2:** Fly from Tarn to Ovel.\n"
    "**Day 2-4:** Visit Ovel for 3 days.",
    "prompt_0shot": "You plan to visit 2 European cities for 4 days in total. You only take direct flights to commute "
    "between cities. You want to spend 2 days in Tarn. You would like to visit Ovel for 3 days. You plan to visit "
    "relatives in Ovel between day 2 and day 4.\n\nHere are the cities that have direct flights:\nTarn and Ovel.\n\n"
    "Find a trip plan of visiting the cities for 4 days by taking direct flights to commute between them.",
}
MEETING: dict[str, Any] = {
    "num_people": 1,
    "constraints": [["Tarn", "9:00AM"], ["Bo", "Ovel", "10:00AM to 12:00PM", 60]],
    "dist_matrix": {"Tarn": {"Ovel": 15}, "Ovel": {"Tarn": 15}},
    "golden_plan": [
        "You start at Tarn at 9:00AM.",
        "You travel to Ovel in 15 minutes and arrive at 9:15AM.",
        "You wait until 10:00AM.",
        "You meet Bo for 60 minutes from 10:00AM to 11:00AM.",
    ],
    "prompt_0shot": "You are visiting Tarn for the day. CONSTRAINTS: You arrive at Tarn at 9:00AM. Bo will be at Ovel.",
}
CALENDAR: dict[str, Any] = {
    "num_people": "2",
    "num_days": "2",
    "duration": "0.5",
    "golden_plan": "Here is the proposed time: Tuesday, 9:30 - 10:00",
    "prompt_5shot": "TASK: You need to schedule a meeting for Al for half an hour between the work hours of 9:00 to "
    "17:00 on Friday. \n\nSOLUTION: \n\nTASK: You need to schedule a meeting for Al and Bo for half an hour between "
    "the work hours of 9:00 to 17:00 on either Monday or Tuesday. \n\nHere are the existing schedules for everyone "
    "during the days: \nAl is busy on Monday during 9:00 to 12:00, 13:00 to 17:00, Tuesday during 9:00 to 9:30; \n"
    "Bohas no meetings the whole day.\n\nBo would rather not meet on Monday. Tuesday after 11:00. \nFind a time that "
    "works for everyone's schedule and constraints. \nSOLUTION: ",
}
PLANBENCH: dict[str, Any] = {
    "task": "task_1",
    "domain": "blocksworld",
    "instances": [
        {
            "instance_id": 7,
            "example_instance_ids": [],
            "query": "[STATEMENT]\nAs initial conditions I have that, the red block is clear, the blue block is clear, "
            "the hand is empty, the red block is on the table and the blue block is on the table.\nMy goal is to have "
            "that the red block is on top of the blue block.\n\nMy plan is as follows:\n\n[PLAN]",
            "ground_truth_plan": "(pick-up red)\n(stack red blue)\n",
        }
    ],
}


def written(folder: Path, value: Any, name: str = "tasks.json") -> Path:
    """The value as a file: a list in a `.jsonl` as lines."""
    path = folder / name
    lines = name.endswith("l") and isinstance(value, list)
    path.write_text("\n".join(map(json.dumps, value)) if lines else json.dumps(value), encoding="utf-8")
    return path
