RECORDING = "calls.jsonl"
OF_THE_TEST = "of-the-test"
