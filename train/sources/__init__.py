"""Where rows to train on come from: `files` of rows in TRL's forms, `traces` of runs, problems of `worlds`."""
