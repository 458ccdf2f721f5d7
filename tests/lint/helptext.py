"""What a program's --help says: its commands and the options of each."""
import re
import subprocess

OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z][a-z-]*)", re.M)


def ask(program, *args):
    done = subprocess.run([program, *args], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program} {' '.join(args)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def options_in(text):
    """Long names, and letters as "-b"."""
    found = OPTION.findall(text)
    if not found:
        raise SystemExit(f"no options found in:\n{text}")
    return {f"--{name}" for _, name in found} | {f"-{letter}" for letter, _ in found if letter}


def names_under(heading, text):
    section = re.search(rf"^{heading}:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  ([a-z]+)", section.group(1), re.M) if section else []


def actions(program):
    """Those of `policy`, as its help lists them."""
    found = re.findall(r"^([a-z]+)(?: \S+)* {2,}\S", ask(program, "policy", "--help"), re.M)
    if len(found) < 2:
        raise SystemExit("no actions found in the help of policy")
    return set(found)


def read(program):
    """(commands, commands not supported yet, {"": global options, command: its options})."""
    text = ask(program, "--help")
    commands = names_under("Commands", text)
    if not commands:
        raise SystemExit(f"no commands found in:\n{text}")
    options = {"": options_in(text)}
    for command in commands:
        options[command] = options_in(ask(program, command, "--help"))
    return commands, names_under("Not supported yet", text), options
