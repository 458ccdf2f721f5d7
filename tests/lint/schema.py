#!/usr/bin/python3
"""The JSON Schema of policy files and the reader agree, and the manual's examples are good by both.

usage: schema.py PROGRAM [ROOT]
Built-in policies, the files of the fuzzers' corpus that are policies and the examples of bulkhead-policy(8) are valid; a
member more, or a value of another type, is not; every member that the reader knows is in the schema.
"""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

import manual

EXAMPLE = re.compile(r"^\.Bd -literal\n(.*?)^\.Ed$", re.S | re.M)


def examples(root):
    page = (root / "man/bulkhead-policy.8").read_text().replace("\\&", "")
    for block in EXAMPLE.findall(page):
        text = block[block.index("{"):block.rindex("}") + 1]
        if '"bulkhead"' in text:
            yield text


def members(schema, found):
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {}))
        for value in schema.values():
            members(value, found)
    elif isinstance(schema, list):
        for value in schema:
            members(value, found)
    return found


def spoiled(document):
    """The document with one fault each."""
    for key, value in document.items():
        if isinstance(value, dict) and key != "modes":
            yield key, {**document, key: {**value, "nonesuch": 1}}
        if not isinstance(value, dict):
            yield key, {**document, key: 1.5}
    more = copy.deepcopy(document)
    more["nonesuch"] = {}
    yield "nonesuch", more


def problems(program, root):
    schema = json.loads(subprocess.run([program, "policy", "schema"], capture_output=True, text=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    documents = {path.name: path.read_text() for path in sorted((root / "profiles").glob("*.json"))}
    documents["every-member.json"] = (root / "tests/fuzz/corpus/policy/every-member.json").read_text()
    documents |= {f"example {number} of bulkhead-policy(8)": text for number, text in enumerate(examples(root), 1)}
    if len(documents) < 15:
        yield f"only {len(documents)} documents found"
    for name, text in documents.items():
        document = json.loads(text)
        if not valid(document):
            yield f"{name}: not valid: {jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document)).message}"
        for place, wrong in spoiled(document):
            if valid(wrong):
                yield f"{name}: valid with a fault in {place}"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(text)
            file.flush()
            answer = subprocess.run([program, "policy", "lint", file.name], capture_output=True, text=True, check=False)
            if answer.returncode != 0:
                yield f"{name}: {answer.stdout.strip()}"
    for member in sorted(manual.policy_members(root) - members(schema, set()) - {"all"}):
        yield f"the schema has no member {member}"


def main():
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(sys.argv[1], root))
    print("\n".join(found) if found else "schema, reader and manual agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
