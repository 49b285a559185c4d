"""What a run keeps: records, the journal, its identity, the plan of its chunks."""
