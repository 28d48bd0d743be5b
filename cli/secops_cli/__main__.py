from secops_cli.main import run

run()
