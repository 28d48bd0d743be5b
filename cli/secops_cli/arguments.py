"""The command line."""

import argparse
from collections.abc import Mapping

from secops_cli import VERSION
from secops_cli.rule import COUNTS
from secops_cli.surroundings import job_of

STAGES = ("plan", "code", "build", "test", "release", "deploy", "operate", "monitor")
EPILOG = f"""\
rules of --exit-on (several: any of them):
  NAME OPERATOR NUMBER, joined by "and", such as: new>=1 and severity>=high
{chr(10).join(f"  {name:<7}{words}" for name, words in COUNTS.items())}

exit codes: 0 done; 1 a rule of --exit-on fits; 2 wrong use; 3 the portal cannot be reached, refuses, or
cannot read a report (with --lenient 0, and a message).

environment: SECOPS_PORTAL (or PORTAL), SECOPS_TOKEN, SECOPS_SYSTEM, SECOPS_STAGE, SECOPS_COMMIT,
SECOPS_BRANCH, SECOPS_RUN, SECOPS_ID_TOKEN, SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY. What GitHub Actions,
GitLab CI and Jenkins say of the job is read. A token is never an argument: others would see it.
"""


def parser_of(env: Mapping[str, str]) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="secops",
        description="Posts reports to a SecOps Portal and reads its advice.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"secops {VERSION}")
    commands = top.add_subparsers(dest="command", required=True)
    _upload(commands.add_parser("upload", help="post reports"), env)
    _advice(commands.add_parser("advice", help="show what is advised on a stage"), env)
    _token(commands.add_parser("token", help="print a token for the job's proof"), env)
    return top


def _token(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    """GitLab signs a proof once for each job, and it is good for one token: for several commands, get it first."""
    _reach(parser, env)
    parser.set_defaults(exit_on=[], wait=300.0)


def _reach(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    address = env.get("SECOPS_PORTAL") or env.get("PORTAL", "")
    parser.add_argument("--portal", default=address, help="its address (SECOPS_PORTAL)")
    parser.add_argument("--system", default=env.get("SECOPS_SYSTEM", ""), help="the system's key")
    parser.add_argument("--tries", type=int, default=5, help="of each request (5)")
    parser.add_argument("--lenient", action="store_true", help="trouble with the portal exits 0")
    parser.add_argument("--plain-http", action="store_true", help="send the token over http")


def _common(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    _reach(parser, env)
    parser.add_argument("--stage", choices=STAGES, default=env.get("SECOPS_STAGE", ""))
    parser.add_argument(
        "--wait", type=float, default=300.0, metavar="SECONDS", help="for processing (300)"
    )
    parser.add_argument("--exit-on", action="append", default=[], metavar="RULE")


def _upload(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    job = job_of(env)
    parser.add_argument("files", nargs="+", metavar="FILE", help="- is standard input")
    _common(parser, env)
    parser.add_argument("--format", default="", help="empty: found out from the content")
    parser.add_argument("--tool", default="", help="empty: what the report says")
    category = parser.add_mutually_exclusive_group()
    category.add_argument("--category", default="", help="tells runs of one tool apart")
    category.add_argument("--category-from-name", action="store_true", help="the name of each file")
    parser.add_argument("--branch", default=job.branch)
    parser.add_argument("--commit", default=job.commit)
    parser.add_argument("--environment", default="", help="of what is deployed, e.g. production")
    parser.add_argument("--partial", action="store_true", help="it closes nothing")
    parser.add_argument("--run", default=job.run, help="names the job, for the Idempotency-Key")
    parser.add_argument("--no-wait", action="store_true", help="end as soon as the bytes are safe")
    parser.add_argument("--json", action="store_true", help="print the reports' status")


def _advice(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    _common(parser, env)
    parser.add_argument(
        "--as", dest="kind", choices=("text", "markdown", "sarif", "json"), default="text"
    )
    parser.add_argument("--branch", default="", help="new is what the default branch has not")
    parser.add_argument("--since", default="", help="a commit: new is what came after it")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--commit", default="", help="wait for the reports of this commit")
    one.add_argument("--report", default="", help="where this report belongs; waits for it")
    parser.add_argument("--output", default="-", metavar="FILE", help="- is standard output")
    parser.add_argument("--append", action="store_true", help="to FILE, such as a job summary")
