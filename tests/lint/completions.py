#!/usr/bin/env python3
"""The completions of bash, zsh and fish offer every command, every option and every action of `policy`, and no others.

usage: completions.py PROGRAM [ROOT]. bash's is run; those of zsh and fish, which may not be here, are read.
"""
import pathlib
import re
import subprocess
import sys

import helptext


def bash_offers(file, words, program="false"):
    """`program`: what the completion has for bulkhead."""
    script = 'program=$1; bulkhead() { "$program" "$@"; }; source "$2"; shift 2; COMP_WORDS=(bulkhead "$@"); COMP_CWORD=$#; _bulkhead; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, "bash", program, str(file), *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def differ(what, offered, known):
    for name in sorted(known - offered):
        yield f"{what}: {name} is missing"
    for name in sorted(offered - known):
        yield f"{what}: {name} is not known to the program"


def bash_problems(file, commands, options):
    yield from differ("bash: commands", bash_offers(file, [""]), set(commands) | {"help"})
    yield from differ("bash: global options", bash_offers(file, ["--"]) | bash_offers(file, ["-"]), options[""])
    for command in commands:
        yield from differ(f"bash: {command}", bash_offers(file, [command, "-"]), options[command])


def zsh_problems(text, commands, options):
    yield from differ("zsh: commands", set(re.findall(r"^    '([a-z]+):", text, re.M)), set(commands) | {"help"})
    offered = set(re.findall(r"--[a-z][a-z-]*(?=[\[}])", text))
    yield from differ("zsh: options", offered, {name for group in options.values() for name in group if len(name) > 2})


def fish_problems(text, commands, options):
    offered = set(re.findall(r"^complete .*'not __bulkhead_verb' -a ([a-z]+) ", text, re.M))
    yield from differ("fish: commands", offered, set(commands) | {"help"})
    verbs = re.search(r"contains -- \$word ([a-z ]+);", text)
    yield from differ("fish: list of commands", set(verbs.group(1).split() if verbs else ()), set(commands) | {"help"})
    for command, known in options.items():
        offered = {"--help"}
        for line in text.splitlines():
            name = re.search(r" -l ([a-z-]+)", line)
            if not name:
                continue
            if command == "" and "not __bulkhead_verb" in line:
                offered.add(f"--{name.group(1)}")
            elif command and re.search(rf"__bulkhead_is [a-z ]*\b{command}\b", line):
                offered.add(f"--{name.group(1)}")
        yield from differ(f"fish: {command or 'global options'}", offered, {name for name in known if len(name) > 2})


def action_problems(folder, program):
    known = helptext.actions(program)
    bash, zsh, fish = (folder / name for name in ("bulkhead.bash", "_bulkhead", "bulkhead.fish"))
    yield from differ("bash: actions of policy", bash_offers(bash, ["policy", ""]), known)
    # Each list of them: what is offered, and by what an argument is told from the action before it.
    for file, patterns in ((zsh, (r":action:\(([a-z ]+)\)", r"words:#\(([a-z|]+)\)")),
                           (fish, (r"not __bulkhead_action' -a '([a-z ]+)'", r"\$word (list [a-z ]+);"))):
        for pattern in patterns:
            found = re.search(pattern, file.read_text())
            yield from differ(f"{file.name}: actions of policy", set(re.split(r"[ |]", found.group(1))) if found else set(), known)
    # What is a name, and no file, comes from the program.
    offered = bash_offers(bash, ["policy", "show", ""], program), bash_offers(bash, ["policy", "why", ""], program)
    for action, names, name in zip(("show", "why"), offered, ("sandbox", "process.noNewPrivileges")):
        if name not in names:
            yield f"bash: policy {action}: {name} is missing"
    for file in (zsh, fish):
        for source in ("bulkhead policy list", "bulkhead policy why"):
            if source not in file.read_text():
                yield f"{file.name}: does not ask `{source}`"


def main():
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[2]
    folder = root / "contrib/completions"
    commands, _, options = helptext.read(sys.argv[1])
    found = [*bash_problems(folder / "bulkhead.bash", commands, options),
             *zsh_problems((folder / "_bulkhead").read_text(), commands, options),
             *fish_problems((folder / "bulkhead.fish").read_text(), commands, options),
             *action_problems(folder, sys.argv[1])]
    print("\n".join(found) if found else "every command and option is offered")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
