#!/usr/bin/env python3
"""Writes files as byte arrays into a C++ source: embed.py OUT NAMESPACE NAME=FILE [NAME=FILE...]

Each NAME becomes `extern const std::string_view NAME` in NAMESPACE, holding FILE byte for byte.
"""
import sys


def main():
    out, namespace, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(out, "w", encoding="ascii") as f:
        f.write("#include <string_view>\n")
        f.write(f"namespace {namespace} {{\n")
        for pair in pairs:
            name, path = pair.split("=", 1)
            with open(path, "rb") as source:
                data = source.read()
            f.write(f"alignas(16) static const unsigned char {name}_bytes[] = {{")
            for i, byte in enumerate(data):
                f.write(("\n" if i % 24 == 0 else "") + f"{byte},")
            f.write("0};\n")
            f.write(f"extern const std::string_view {name};\n")
            f.write(
                f"const std::string_view {name}(reinterpret_cast<const char*>({name}_bytes), {len(data)});\n"
            )
        f.write(f"}}  // namespace {namespace}\n")


if __name__ == "__main__":
    main()
