"""Jobs: runs in the background. A `JobSpec` goes into a queue, a worker takes it to its report whatever dies meanwhile.

`queue` is what apps and commands talk to; `worker` is a process that works on jobs, `sitting` its work on one of them;
`alive` tells living workers from dead ones; `book` keeps progress, spend and answers beside DBOS's own tables. Nothing
here is imported before it is used: DBOS takes a third of a second to load.
"""
