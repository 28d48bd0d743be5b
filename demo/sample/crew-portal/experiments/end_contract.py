"""Ends the contracts of the test people in a throwaway list of accounts."""
import json
import sys
from pathlib import Path

path = Path(sys.argv[1])
accounts = json.loads(path.read_text())
for name in accounts:
    if name.startswith("test-person"):
        accounts[name]["contract"] = "ended"
path.write_text(json.dumps(accounts, indent=1))
