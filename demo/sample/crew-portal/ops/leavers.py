"""Locks accounts whose contract has ended. Stops when more than five in a hundred would be locked."""
import json
import sys
from pathlib import Path


def main(path: Path, limit: float) -> int:
    accounts = json.loads(path.read_text())
    due = [name for name, account in accounts.items() if account["contract"] == "ended" and not account["locked"]]
    if len(due) > limit * len(accounts):
        print(f"{len(due)} of {len(accounts)} accounts would be locked: a person must look at the list first")
        return 3
    for name in due:
        accounts[name]["locked"] = True
    path.write_text(json.dumps(accounts, indent=1))
    print(f"locked {len(due)} of {len(accounts)} accounts")
    return 0


def check(path: Path) -> int:
    left = [n for n, a in json.loads(path.read_text()).items() if a["contract"] == "ended" and not a["locked"]]
    print(f"{len(left)} accounts of leavers are open")
    return 1 if left else 0


if __name__ == "__main__":
    action, accounts_file = sys.argv[1], Path(sys.argv[2])
    sys.exit(check(accounts_file) if action == "check" else main(accounts_file, float(sys.argv[3])))
