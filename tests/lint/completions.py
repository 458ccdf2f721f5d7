#!/usr/bin/env python3
"""The completions of bash, zsh and fish offer every command and every option, and no others.

usage: completions.py PROGRAM [ROOT]. bash's is run; those of zsh and fish, which may not be here, are read.
"""
import pathlib
import re
import subprocess
import sys

import helptext


def bash_offers(file, words):
    script = 'source "$1"; shift; COMP_WORDS=(bulkhead "$@"); COMP_CWORD=$#; _bulkhead; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, "bash", str(file), *words], capture_output=True, text=True, check=True)
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


def main():
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[2]
    folder = root / "contrib/completions"
    commands, _, options = helptext.read(sys.argv[1])
    found = [*bash_problems(folder / "bulkhead.bash", commands, options),
             *zsh_problems((folder / "_bulkhead").read_text(), commands, options),
             *fish_problems((folder / "bulkhead.fish").read_text(), commands, options)]
    print("\n".join(found) if found else "every command and option is offered")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
